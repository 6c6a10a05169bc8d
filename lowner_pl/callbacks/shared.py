"""What the reports share: scores from the log, what devices have, memory given back."""

import contextlib
import ctypes
from collections.abc import Sequence
from typing import Any

import torch
from lightning.pytorch import Trainer

COUNTS = ("entities", "predicted_entities", "words", "sentences", "masks")


def give_back_memory() -> None:
    """Return to the system what the C library keeps of freed memory; done behind every batch.

    Tensors of ever other sizes leave holes: without this a long prediction takes more and more,
    though it holds no more. It takes some milliseconds. Other libraries than glibc have no such
    function.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        ctypes.CDLL(None).malloc_trim(0)


def gathered(mine: list[Any], trainer: Trainer) -> list[Any]:
    """Return the items of all devices in corpus order: device r of R has r, r + R and so on."""
    if trainer.world_size == 1:
        return mine
    parts: list[Any] = [None] * trainer.world_size
    torch.distributed.all_gather_object(parts, mine)
    merged: list[Any] = [None] * sum(map(len, parts))
    for rank, part in enumerate(parts):
        merged[rank :: trainer.world_size] = part
    return merged


def logged_scores(trainer: Trainer, prefix: str) -> dict[str, float]:
    """Return the logged scores under ``prefix``."""
    return {
        name.removeprefix(prefix): value.item()
        for name, value in trainer.callback_metrics.items()
        if name.startswith(prefix)
    }


def reads_all(batches: Sequence[int], loaders: Any) -> bool:
    """Tell whether a command reads all that its loaders have.

    Args:
        batches: Batches that it reads of each.
        loaders: The loaders, or the only one.
    """
    loaders = loaders if isinstance(loaders, list) else [loaders]
    return all(n >= len(loader) for n, loader in zip(batches, loaders, strict=True))
