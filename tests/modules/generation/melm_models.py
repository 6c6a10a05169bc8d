"""MELM with a tiny backbone, and a sentence for it."""

from pathlib import Path
from typing import Any

import torch

from lowner_pl.corpus import Sentence
from lowner_pl.modules import MELMLightningModule

TYPES = ("PER", "ORG", "LOC", "MISC", "DATE")
JUMA = Sentence(("Juma", "alifika", "Dodoma", "."), ("B-PER", "O", "B-LOC", "O"), "sw")


def melm(backbone: Path | str, **options: Any) -> MELMLightningModule:
    torch.manual_seed(0)
    return MELMLightningModule(entity_types=TYPES, backbone=str(backbone), **options).eval()
