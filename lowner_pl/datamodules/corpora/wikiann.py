"""WikiANN: Wikipedia in 176 languages."""

import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lowner_pl.corpus import Sentence, to_iob2
from lowner_pl.datamodules.base import Split
from lowner_pl.datamodules.corpora.folder import FolderDataModule

if TYPE_CHECKING:
    from datasets import Dataset

HUB_ID = "unimelb-nlp/wikiann"
_TAGS = ("O", "B-PER", "I-PER", "B-ORG", "I-ORG", "B-LOC", "I-LOC")
_HUB_SPLITS = {"train": "train", "dev": "validation", "test": "test"}


class WikiANNDataModule(FolderDataModule):
    """WikiANN (Pan et al., 2017) in the splits of Rahimi et al. (2019): PER, ORG and LOC.

    Args:
        language: Wikipedia's code of the language.
        root: Folder with ``<language>/{train,dev,test}`` or ``<language>.tar.gz`` as published by
            Rahimi et al., or with ``<language>`` as saved by ``datasets`` or as Parquet files from
            the hub. By default ``unimelb-nlp/wikiann`` is downloaded from the hub, once.
        options: See :class:`NERDataModule`.
    """

    title = "WikiANN"
    remedy = (
        "Put <language>/train, dev and test there, or <language>.tar.gz, or the language's Parquet "
        f"files of {HUB_ID}. Or leave `root` out to download the corpus."
    )
    corpus_types = ("PER", "ORG", "LOC")

    def __init__(
        self, *, language: str = "sw", root: str | Path | None = None, **options: Any
    ) -> None:
        super().__init__("" if root is None else root, language, f"wikiann-{language}", **options)
        self._from_hub = root is None

    def files(self, split: Split) -> tuple[str, ...]:
        """Return the file names used by Rahimi et al., with and without suffix."""
        return tuple(f"{self.language}/{split}{suffix}" for suffix in ("", ".txt", ".conll"))

    def read(self, split: Split) -> list[Sentence] | None:
        """Read the sentences of a split.

        Raises:
            ConnectionError: If the corpus can't be downloaded from the hub.
            FileNotFoundError: If the folder doesn't have the language.
        """
        folder = self.root / str(self.language)
        archive = self.root / f"{self.language}.tar.gz"
        if self._from_hub:
            return self._from_rows(self._download(split))
        if self.find("train") is None and archive.is_file():
            return self._from_archive(archive, split)
        if self.find("train") is None and _is_dataset(folder):
            return self._from_rows(_load(folder, split))
        return super().read(split)

    def _from_archive(self, path: Path, split: Split) -> list[Sentence] | None:
        """Read the sentences of a split from an archive, without unpacking it."""
        try:
            with tarfile.open(path) as archive:
                for member in archive:
                    if Path(member.name).stem == split and (file := archive.extractfile(member)):
                        return self.parse(file.read(), f"{path}/{member.name}")
        except (tarfile.TarError, EOFError, zlib.error) as error:
            raise ValueError(
                f"{path} isn't a complete tar.gz file ({error}). Download it again."
            ) from error
        return None

    def _download(self, split: Split) -> "Dataset":
        from datasets import load_dataset

        try:
            return load_dataset(HUB_ID, self.language, split=_HUB_SPLITS[split])
        except Exception as error:  # each library below raises its own
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise ConnectionError(
                f"WikiANN can't be loaded from the hub ({HUB_ID}, language {self.language!r}): "
                f"{reason[:80].rstrip('.')}. Check the connection and the language, or set `root` "
                "to a folder with the corpus."
            ) from error

    def _from_rows(self, rows: "Dataset | None") -> list[Sentence] | None:
        """Convert the rows of a table of ``datasets`` to sentences."""
        if rows is None:
            return None
        feature = getattr(rows.features["ner_tags"], "feature", None)
        names = getattr(feature, "names", None) or _TAGS
        columns = rows[:]
        return [
            Sentence(tuple(words), to_iob2(_names(tags, names)), self.language)
            for words, tags in zip(columns["tokens"], columns["ner_tags"], strict=True)
            if words
        ]


def _names(tags: Sequence[int | str], names: Sequence[str]) -> list[str]:
    """Replace tag numbers by names."""
    return [tag if isinstance(tag, str) else names[tag] for tag in tags]


def _is_dataset(folder: Path) -> bool:
    return any(folder.glob("*.parquet")) or (folder / "dataset_dict.json").is_file()


def _load(folder: Path, split: Split) -> "Dataset | None":
    """Load a split from a folder saved by ``datasets`` or with Parquet files."""
    from datasets import load_dataset, load_from_disk

    is_saved = (folder / "dataset_dict.json").is_file()
    splits = load_from_disk(str(folder)) if is_saved else load_dataset(str(folder))
    return splits.get(_HUB_SPLITS[split], splits.get(split))
