"""MulDA with tiny backbones, and sentences that their tokenizers can spell."""

from typing import Any, get_args

from lightning.pytorch import seed_everything

from lowner_pl.corpus import Sentence
from lowner_pl.modules import MulDALightningModule

from ...sequence_models import Kind

GOLD = [
    Sentence(("Ann", "Lee", "left", "Rome"), ("B-PER", "I-PER", "O", "B-LOC"), "en"),
    Sentence(("Rome", "is", "old"), ("B-LOC", "O", "O"), "en"),
    Sentence(("Bo", "sah", "Oslo"), ("B-PER", "O", "B-LOC"), "de"),
    Sentence(("bald", "kam", "Ann"), ("O", "O", "B-PER"), "de"),
]
KINDS: tuple[Kind, ...] = get_args(Kind)


def made(folder: str, **options: Any) -> MulDALightningModule:
    given = {"languages": ["en", "de"], "max_length": 24, **options}
    seed_everything(0, verbose=False)
    return MulDALightningModule(entity_types=("PER", "LOC"), backbone=folder, **given)
