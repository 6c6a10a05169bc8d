"""Tasks from the sample corpus and a tiny module that learns them."""

from typing import Any

import torch

from lowner_pl.corpus import Episode, Sentence
from lowner_pl.modules import MetaLightningModule

TYPES = ("PER", "LOC", "ORG")


def sgd(rate: float) -> Any:
    return lambda parameters: torch.optim.SGD(parameters, lr=rate)


def new_module(backbone: str, **options: Any) -> MetaLightningModule:
    torch.manual_seed(0)
    plain: dict[str, Any] = {"dropout": 0.0, "mask_rate": 0.0, "optimizer": sgd(0.1)}
    plain |= {"entity_types": TYPES, "backbone": backbone}
    return MetaLightningModule(**{**plain, **options})


def episodes(sentences: list[Sentence], count: int) -> list[Episode]:
    return [
        Episode(tuple(sentences[3 * i + 1 : 3 * i + 3]), sentences[3 * i], i) for i in range(count)
    ]


def no_dropout(module: MetaLightningModule) -> None:
    for part in module.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
