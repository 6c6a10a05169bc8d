"""CoNLL-2002: Spanish and Dutch."""

from pathlib import Path
from typing import Any, Literal

from lowner_pl.datamodules.base import Split
from lowner_pl.datamodules.corpora.folder import FolderDataModule

_PREFIX = {"es": "esp", "nl": "ned"}
_SUFFIX = {"train": "train", "dev": "testa", "test": "testb"}


class CoNLL2002DataModule(FolderDataModule):
    """CoNLL-2002 (Tjong Kim Sang, 2002): PER, ORG, LOC and MISC.

    Args:
        root: Folder with ``esp.train``, ``esp.testa`` and ``esp.testb``, or the same for ``ned``.
        language: ``es`` or ``nl``.
        options: See :class:`NERDataModule`.
    """

    title = "CoNLL-2002"
    remedy = (
        "It is licensed for research (NLTK's data have it as `conll2002`): put esp.train, "
        "esp.testa and esp.testb there, or ned.train, ned.testa and ned.testb."
    )
    corpus_types = ("PER", "ORG", "LOC", "MISC")
    fallback_encoding = "latin-1"

    def __init__(
        self,
        root: str | Path = "data/conll2002",
        *,
        language: Literal["es", "nl"] = "es",
        **options: Any,
    ) -> None:
        super().__init__(root, language, f"conll2002-{language}", **options)

    def files(self, split: Split) -> tuple[str, ...]:
        """Return the file name of the shared task."""
        return (f"{_PREFIX[self.language]}.{_SUFFIX[split]}",)
