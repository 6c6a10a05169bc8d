"""MSRA: Chinese."""

from pathlib import Path
from typing import Any

from lowner_pl.datamodules.base import Split
from lowner_pl.datamodules.corpora.folder import FolderDataModule


class MSRADataModule(FolderDataModule):
    """MSRA (Levow, 2006), Chinese, where each character is a word: PER, ORG and LOC.

    The corpus has no development data.

    Args:
        root: Folder with ``msra_train_bio`` and ``msra_test_bio``.
        options: See :class:`NERDataModule`.
    """

    title = "MSRA"
    remedy = (
        "Put msra_train_bio and msra_test_bio there, with a character and its tag on each line."
    )
    corpus_types = ("PER", "ORG", "LOC")

    def __init__(self, root: str | Path = "data/msra", **options: Any) -> None:
        super().__init__(root, "zh", "msra-zh", **options)

    def files(self, split: Split) -> tuple[str, ...]:
        """Return the file names of the usual release."""
        return f"msra_{split}_bio", f"msra_{split}_bio.txt"
