"""The base class of corpora that lie in a folder of files."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar, get_args

from lowner_pl.corpus import ConllFormat, Sentence, parse_conll, read_bytes
from lowner_pl.datamodules.base import NERDataModule, Split
from lowner_pl.datamodules.names import check_name


def find_split(root: Path, names: Sequence[str]) -> Path | None:
    """Return the first of several files that exists below a folder."""
    return next((root / name for name in names if (root / name).is_file()), None)


class FolderDataModule(NERDataModule, ABC):
    """A corpus in one folder; leaf classes name the files.

    Instead of the published files, every corpus can also be read from
    ``<name>/{train,dev,test}.conll``, with a word, a tab and an IOB2 tag on each line.

    Args:
        root: The folder.
        language: Language of the corpus.
        name: Name of the corpus with its language.
        options: See :class:`NERDataModule`.
    """

    language: str
    """Code of the language."""
    title: ClassVar[str]
    """Name of the corpus for messages."""
    remedy: ClassVar[str]
    """Where to get the corpus, and which files to put into the folder."""
    published_format: ClassVar[ConllFormat] = ConllFormat()
    """Format of the published files."""
    fallback_encoding: ClassVar[str | None] = None
    """Encoding of published files that aren't UTF-8; many copies have been converted."""

    def __init__(self, root: str | Path, language: str, name: str, **options: Any) -> None:
        super().__init__(**options)
        check_name("language", language)
        self.root = Path(root)
        self.language = language
        self.name = name

    @abstractmethod
    def files(self, split: Split) -> tuple[str, ...]:
        """Return the published file names of a split, relative to the folder, best first."""

    def read(self, split: Split) -> list[Sentence] | None:
        """Read the sentences of a split.

        Raises:
            FileNotFoundError: If the folder has none of the corpus's files.
        """
        paths = {split: self.find(split) for split in get_args(Split)}
        if not any(paths.values()):
            raise FileNotFoundError(f"{self.title} is not in {self.root}. {self.remedy}")
        path = paths[split]
        return None if path is None else self.parse(read_bytes(path), str(path))

    def find(self, split: Split) -> Path | None:
        """Find the file of a split, or return ``None`` if there is none."""
        return find_split(self.root, (f"{self.name}/{split}.conll", *self.files(split)))

    def parse(self, data: bytes, file: str) -> list[Sentence]:
        """Parse the content of a file of the corpus."""
        file_format = self._layout(file)
        if self.fallback_encoding is not None:
            try:
                data.decode("utf-8")
            except UnicodeDecodeError:
                data = data.decode(self.fallback_encoding).encode("utf-8")
        return parse_conll(data, file, file_format, language=self.language)

    def format_of(self, file: str) -> ConllFormat | None:
        """Return the layout of a file; ``None`` if its encoding must be found out first."""
        form = self._layout(file)
        return None if self.fallback_encoding and form is self.published_format else form

    def _layout(self, file: str) -> ConllFormat:
        """Return the layout of a file, which may be converted or as published."""
        return ConllFormat() if file.endswith(".conll") else self.published_format

    def _advice(self) -> str:
        return self.remedy
