"""What the reports share: scores from the log, files written whole, tables."""

import contextlib
import ctypes
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import Trainer

from lowner_pl.files import write_text

TAGGING = ("f1", "precision", "recall", "word_accuracy", "entities", "words")
COUNTS = ("entities", "predicted_entities", "words", "sentences", "masks")
PER_TOKEN = ("loss", "log_likelihood", "perplexity")


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


def write_record(file: Path, record: dict[str, Any]) -> None:
    """Write a JSON file whole or not at all."""
    write_text(file, json.dumps(record, indent=2, ensure_ascii=False) + "\n")


def print_table(
    rows: dict[str, dict[str, float]],
    folder: Path,
    trainer: Trainer,
    *,
    columns: Sequence[str] = TAGGING,
) -> None:
    """Print scores in percent (`PER_TOKEN` and counts as they are), and where the run is."""
    if not rows or not trainer.is_global_zero:
        return
    from rich.console import Console
    from rich.table import Table

    table = Table("", *columns)
    for name, values in rows.items():
        table.add_row(name, *(_cell(key, values[key]) for key in columns))
    # Names of types, corpora and folders are text: rich would read `[bold]` and `:smile:` in them.
    console = Console(markup=False, emoji=False, highlight=False)
    console.print(table)
    console.print(f"Run folder: {folder}", soft_wrap=True)


def _cell(key: str, value: float) -> str:
    """Return a score as text."""
    if key in COUNTS:
        return f"{value:.0f}"
    return f"{value:.3f}" if key in PER_TOKEN else f"{100 * value:.2f}"
