"""CoNLL-2003: English and German."""

from pathlib import Path
from typing import Any, Literal

from lowner_pl.datamodules.base import Split
from lowner_pl.datamodules.corpora.folder import FolderDataModule

_PREFIX = {"en": "eng", "de": "deu"}
_SUFFIX = {"train": "train", "dev": "testa", "test": "testb"}


class CoNLL2003DataModule(FolderDataModule):
    """CoNLL-2003 (Tjong Kim Sang and De Meulder, 2003): PER, ORG, LOC and MISC.

    Args:
        root: Folder with ``eng.train``, ``eng.testa`` and ``eng.testb``, or the same for ``deu``.
        language: ``en`` or ``de``.
        options: See :class:`NERDataModule`.
    """

    title = "CoNLL-2003"
    remedy = (
        "Its licences (Reuters, ECI) forbid automatic downloads: put eng.train, eng.testa and "
        "eng.testb there, or deu.train, deu.testa and deu.testb."
    )
    corpus_types = ("PER", "ORG", "LOC", "MISC")
    fallback_encoding = "latin-1"

    def __init__(
        self,
        root: str | Path = "data/conll2003",
        *,
        language: Literal["en", "de"] = "en",
        **options: Any,
    ) -> None:
        super().__init__(root, language, f"conll2003-{language}", **options)

    def files(self, split: Split) -> tuple[str, ...]:
        """Return the file name of the shared task."""
        return (f"{_PREFIX[self.language]}.{_SUFFIX[split]}",)
