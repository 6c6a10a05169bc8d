"""MSRA: Chinese."""

from pathlib import Path
from typing import Any

from lowner_pl.datamodules.base import Split
from lowner_pl.datamodules.corpora.folder import FolderDataModule


class MSRADataModule(FolderDataModule):
    """MSRA (Levow, 2006), Chinese, a character a word: PER, ORG and LOC.

    It has no development data.

    Args:
        root: Folder with ``msra_train_bio`` and ``msra_test_bio``.
        options: See :class:`NERDataModule`.
    """

    title = "MSRA"
    remedy = "Put msra_train_bio and msra_test_bio there, a character and its tag a line."
    corpus_types = ("PER", "ORG", "LOC")

    def __init__(self, root: str | Path = "data/msra", **options: Any) -> None:
        super().__init__(root, "zh", "msra-zh", **options)

    def files(self, split: Split) -> tuple[str, ...]:
        """Return the names of the common release."""
        return f"msra_{split}_bio", f"msra_{split}_bio.txt"
