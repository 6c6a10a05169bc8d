"""WikiANN: 176 languages of Wikipedia."""

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
        root: Folder with ``<language>/{train,dev,test}`` or ``<language>.tar.gz`` as Rahimi et al.
            published them, or ``<language>`` as ``datasets`` saves it or as the hub has it
            (Parquet). Without it the hub's ``unimelb-nlp/wikiann`` is downloaded, once.
        options: See :class:`NERDataModule`.
    """

    title = "WikiANN"
    remedy = (
        "Put <language>/train, dev and test, <language>.tar.gz, or the language's Parquet files of "
        f"{HUB_ID} there, or leave `root` out to download them."
    )
    corpus_types = ("PER", "ORG", "LOC")

    def __init__(
        self, *, language: str = "sw", root: str | Path | None = None, **options: Any
    ) -> None:
        super().__init__("" if root is None else root, language, f"wikiann-{language}", **options)
        self._from_hub = root is None

    def files(self, split: Split) -> tuple[str, ...]:
        """Return the names of the release of Rahimi et al., with and without suffix."""
        return tuple(f"{self.language}/{split}{suffix}" for suffix in ("", ".txt", ".conll"))

    def read(self, split: Split) -> list[Sentence] | None:
        """Return the sentences of a split.

        Raises:
            ConnectionError: If they cannot be had from the hub.
            FileNotFoundError: If the folder does not hold the language.
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
        """Return the sentences of a file in an archive, which is not unpacked."""
        try:
            with tarfile.open(path) as archive:
                for member in archive:
                    if Path(member.name).stem == split and (file := archive.extractfile(member)):
                        return self.parse(file.read(), f"{path}/{member.name}")
        except (tarfile.TarError, EOFError, zlib.error) as error:
            raise ValueError(
                f"{path}: An archive must be a whole tar.gz file, was: {error}. Fetch it again."
            ) from error
        return None

    def _download(self, split: Split) -> "Dataset":
        from datasets import load_dataset

        try:
            return load_dataset(HUB_ID, self.language, split=_HUB_SPLITS[split])
        except Exception as error:  # of whichever library the request failed in
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise ConnectionError(
                f"WikiANN must be on this machine or on the hub as {HUB_ID!r} with language "
                f"{self.language!r}, was: out of reach ({reason}). Go online, check the language, "
                "or give its folder as `root`."
            ) from error

    def _from_rows(self, rows: "Dataset | None") -> list[Sentence] | None:
        """Return the sentences of a table of ``datasets``."""
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
    return [tag if isinstance(tag, str) else names[tag] for tag in tags]


def _is_dataset(folder: Path) -> bool:
    return any(folder.glob("*.parquet")) or (folder / "dataset_dict.json").is_file()


def _load(folder: Path, split: Split) -> "Dataset | None":
    """Return a split of a folder of ``datasets``, saved or Parquet."""
    from datasets import load_dataset, load_from_disk

    is_saved = (folder / "dataset_dict.json").is_file()
    splits = load_from_disk(str(folder)) if is_saved else load_dataset(str(folder))
    return splits.get(_HUB_SPLITS[split], splits.get(split))
