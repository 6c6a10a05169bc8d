"""MasakhaNER 1 and 2: African languages."""

from pathlib import Path
from typing import Any, Literal

from lowner_pl.datamodules.base import Split
from lowner_pl.datamodules.corpora.folder import FolderDataModule

_LONG_CODES = {
    "am": "amh",
    "bm": "bam",
    "ee": "ewe",
    "ha": "hau",
    "ig": "ibo",
    "lg": "lug",
    "ny": "nya",
    "rw": "kin",
    "sn": "sna",
    "sw": "swa",
    "tn": "tsn",
    "tw": "twi",
    "wo": "wol",
    "xh": "xho",
    "yo": "yor",
    "zu": "zul",
}


class MasakhaNERDataModule(FolderDataModule):
    """MasakhaNER (Adelani et al., 2021 and 2022): PER, ORG, LOC and DATE.

    Args:
        root: The repository ``masakhane-io/masakhane-ner``, or its folder with the languages.
        language: Code of the language, with two or three letters, such as ``sw`` or ``swa``.
        version: 1 for the ten languages of 2021, 2 for the twenty languages of 2022.
        options: See :class:`NERDataModule`.
    """

    title = "MasakhaNER"
    remedy = (
        "Clone https://github.com/masakhane-io/masakhane-ner there (CC BY-NC 4.0), and check that "
        "`version` has the language."
    )
    corpus_types = ("PER", "ORG", "LOC", "DATE")

    def __init__(
        self,
        root: str | Path = "data/masakhaner",
        *,
        language: str = "sw",
        version: Literal[1, 2] = 2,
        **options: Any,
    ) -> None:
        short = {long: short for short, long in _LONG_CODES.items()}.get(language, language)
        super().__init__(root, short, f"masakhaner{version}-{short}", **options)
        self.version = version

    def files(self, split: Split) -> tuple[str, ...]:
        """Return the file names in the repository, whose folders have ISO 639-3 codes."""
        below = f"{_LONG_CODES.get(self.language, self.language)}/{split}.txt"
        folder = {1: "data", 2: "MasakhaNER2.0/data"}[self.version]
        return f"{folder}/{below}", below
