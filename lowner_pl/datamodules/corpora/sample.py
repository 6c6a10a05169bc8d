"""The sample corpus that comes with the package."""

from pathlib import Path
from typing import Any, Literal

from lowner_pl.corpus import Sentence, read_conll
from lowner_pl.datamodules.base import NERDataModule, Split

_FOLDER = Path(__file__).parents[2] / "assets" / "sample"


class SampleDataModule(NERDataModule):
    """A small hand-written corpus that comes with the package, for trying things out.

    Args:
        language: ``en`` or ``sw``.
        options: See :class:`NERDataModule`.
    """

    def __init__(self, *, language: Literal["en", "sw"] = "sw", **options: Any) -> None:
        super().__init__(**options)
        self.language = language
        self.name = f"sample-{language}"

    def read(self, split: Split) -> list[Sentence]:
        """Read the sentences of a split."""
        return read_conll(_FOLDER / str(self.language) / f"{split}.conll", language=self.language)
