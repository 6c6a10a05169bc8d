"""Helpers for batches: notes on those left out, and gathering from devices."""

from collections.abc import Sequence, Sized
from typing import Any, TypeVar

import torch
from lightning.pytorch import Trainer

_Item = TypeVar("_Item")


def reads_all(batches: Sequence[float], loaders: Sized | list[Sized] | None) -> bool:
    """Tell whether a command reads all batches of its loaders.

    Args:
        batches: Number of batches it reads from each loader. Lightning has a single 0 if it reads
            none of several.
        loaders: The loaders, or the only one.

    >>> reads_all([1, 2], ["a", "bc"]), reads_all([1, 1], ["a", "bc"]), reads_all([0], ["a", "bc"])
    (True, False, False)
    """
    all_loaders = loaders if isinstance(loaders, list) else [loaders or ()]
    if len(batches) != len(all_loaders):
        return False
    return all(n >= len(loader) for n, loader in zip(batches, all_loaders, strict=True))


def limiting_option(trainer: Trainer, option: str) -> str:
    """Name the Trainer option that limits batches; `overfit_batches` sets several of them."""
    return "overfit_batches" if trainer.overfit_batches else option  # type: ignore[attr-defined]


def partial_note(scored: int, total: int, data: str, option: str) -> str | None:
    """Say that only a part of the data was scored, or return ``None`` if all of it was.

    Args:
        scored: Number of scored sentences.
        total: Number of all sentences.
        data: Name of the data, such as ``dev``.
        option: The Trainer option that limits the batches.
    """
    if scored >= total:
        return None
    return f"Only {scored:,} of {total:,} {data} sentences were scored (`--trainer.{option}`)."


def gathered(mine: list[_Item], trainer: Trainer) -> list[_Item]:
    """Gather items from all devices in corpus order: device r of R has items r, r + R and so on."""
    if trainer.world_size == 1:
        return mine
    parts: list[Any] = [None] * trainer.world_size
    torch.distributed.all_gather_object(parts, mine)
    merged: list[Any] = [None] * sum(map(len, parts))
    for rank, part in enumerate(parts):
        merged[rank :: trainer.world_size] = part
    return merged
