"""Your own CoNLL files."""

from pathlib import Path
from typing import Any

from lowner_pl.corpus import ConllFormat, Scheme, Sentence, parse_conll, read_bytes
from lowner_pl.datamodules.base import NERDataModule, Split
from lowner_pl.datamodules.entity_types import types_in
from lowner_pl.datamodules.names import corpus_name


class ConllDataModule(NERDataModule):
    """Your own CoNLL files; the entity types are those of the training data.

    Without training data they are those of the test data, or of the checkpoint if there is one.

    Args:
        train_path: File of training sentences; without it you can only test and predict.
        dev_path: File of development sentences; without it some training sentences are set aside.
        test_path: File of test sentences.
        dev_types: Entity types that the sentences of ``dev_path`` are annotated with, after
            ``type_map``; by default all. An entity of another type that a tagger finds there counts
            as wrong only if it overlaps an entity of these types.
        language: ISO 639-1 code. If all words have it as a prefix (``sw:``), it is removed.
        name: Name in run folders; by default the file's name, or the folder's name if the file is
            called ``train.*``. The language is appended unless the name ends with it: ``mine-sw``.
        word_column: Column of the words, from 0.
        tag_column: Column of the tags, from 0, or from the end if negative; then there is a warning
            if another column holds tags too.
        comments: Whether lines that start with ``#`` are comments. By default they are if the first
            line of the file is a comment: one of CoNLL-U, or a line without a tag or with another
            number of columns than the words.
        scheme: Tag scheme; by default it is detected from the tags of each file.
        encoding: Character encoding of the files.
        options: See :class:`NERDataModule`.

    Raises:
        ValueError: If there is neither a training nor a test file, or ``name`` or ``language``
            can't be part of a folder's name.
    """

    def __init__(
        self,
        train_path: str | Path | None = None,
        dev_path: str | Path | None = None,
        test_path: str | Path | None = None,
        *,
        dev_types: list[str] | None = None,
        language: str | None = None,
        name: str | None = None,
        word_column: int = 0,
        tag_column: int = -1,
        comments: bool | None = None,
        scheme: Scheme | None = None,
        encoding: str = "utf-8",
        **options: Any,
    ) -> None:
        super().__init__(**options)
        main = train_path if train_path is not None else test_path
        if main is None:
            raise ValueError(
                "ConllDataModule has neither a `train_path` nor a `test_path`. Set one of them."
            )
        self._paths: dict[Split, str | Path | None] = {
            "train": train_path,
            "dev": dev_path,
            "test": test_path,
        }
        path = Path(main).resolve()
        found = path.parent.name if path.stem in ("train", "test") else path.stem
        self._dev_types = None if dev_types is None else tuple(dev_types)
        self.name = corpus_name(name, found, language)
        self.language = language
        self.file_format = ConllFormat(
            word_column=word_column,
            tag_column=tag_column,
            comments=comments,
            scheme=scheme,
            encoding=encoding,
        )

    def read(self, split: Split) -> list[Sentence] | None:
        """Read the sentences of a split's file."""
        path = self._paths[split]
        if path is None:
            return None
        return parse_conll(read_bytes(path), str(path), self.file_format, language=self.language)

    def format_of(self, file: str) -> ConllFormat | None:
        """Return the layout of a split's file."""
        return self.file_format if file in map(str, self._paths.values()) else None

    @property
    def dev_types(self) -> tuple[str, ...] | None:
        """The entity types that the development sentences are annotated with."""
        return self._dev_types

    @property
    def has_training_data(self) -> bool:
        """Whether there is a file of training sentences."""
        return self._paths["train"] is not None

    def original_types(self) -> tuple[str, ...]:
        """Collect the entity types. With a file to predict, the corpus is not kept in memory."""
        path = self._paths["train"] or self._paths["test"]
        if self.predict_path is None or path is None:
            return super().original_types()
        return types_in(self.read_file(path, labelled=True))

    def _advice(self) -> str:
        return "Set `train_path`, and `test_path` to test."
