"""The first output of ``fit``: what is trained on which data, and warnings about the data."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lightning.pytorch import Callback, Trainer

from lowner_pl.auditing.brief import brief
from lowner_pl.callbacks.batches import limiting_option
from lowner_pl.callbacks.protocols import Corpus, Method
from lowner_pl.callbacks.screen.corpus_doubts import doubts
from lowner_pl.callbacks.screen.corpus_facts import SplitFacts, corpus_facts, text_facts
from lowner_pl.callbacks.screen.next_command import advises, typed
from lowner_pl.callbacks.screen.printing import SHOWN_TYPES, console, millions, say, warn

if TYPE_CHECKING:
    from rich.table import Table


class CorpusReport(Callback):
    """Prints the data before training, and warns of data from which nothing can be learned.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def on_fit_start(self, trainer: Trainer, pl_module: Any) -> None:
        """Print counts of tagged sentences or of lines of raw text."""
        if not trainer.is_global_zero:
            return
        data: Any = trainer.datamodule  # type: ignore[attr-defined]  # of tags or of raw text
        say(_heading(trainer, pl_module, data))
        has_tags = bool(data.entity_types)
        splits = corpus_facts(data, pl_module) if has_tags else text_facts(data, pl_module)
        _print_splits(splits, has_tags=has_tags)
        if note := _limit(trainer, data):
            say(note)
        for doubt in doubts(splits, str(pl_module.hparams.get("backbone"))) if has_tags else ():
            warn(doubt)
        if has_tags and advises() and (found := brief(data)):
            command = typed("check", "--config", str(self.folder / "config.yaml"))
            say(f"`check` also finds {found}: {command}")


def _heading(trainer: Trainer, module: Method, data: Corpus) -> str:
    """Name the method, the corpus, the seed, the backbone, its size and the device."""
    method = f"{module.method}-{module.variant}" if module.variant else module.method
    weights = list(module.parameters())
    size = sum(weight.numel() for weight in weights)
    trained = sum(weight.numel() for weight in weights if weight.requires_grad)
    backbone = module.hparams.get("backbone")
    parts = [f"seed {module.seed}", *([f"backbone {backbone}"] if backbone else [])]
    if size:
        frozen = "" if trained == size else f", {millions(trained)} of them trained"
        parts.append(f"{millions(size)} weights{frozen}")
    devices = f" x {trainer.world_size}" if trainer.world_size > 1 else ""
    parts.append(f"{str(trainer.strategy.root_device.type).upper()}{devices}")
    return f"Training {method} on {data.name} ({', '.join(parts)})"


def _print_splits(splits: Sequence[SplitFacts], *, has_tags: bool) -> None:
    """Print a table with one column per split."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True, overflow="ellipsis")
    for split in splits:
        table.add_column(split.name, justify="right", no_wrap=True)
    name = "sentences" if has_tags else "lines"
    table.add_row(name, *(f"{split.sentences:,}" for split in splits))
    if has_tags:
        _add_entities(table, splits)
    rates = [f"{split.coverage.per_word:.1f}" for split in splits if split.coverage is not None]
    if len(rates) == len(splits):
        table.add_row("subwords per word", *rates)
    console().print(table)


def _add_entities(table: "Table", splits: Sequence[SplitFacts]) -> None:
    """Add rows for words, entities and each entity type."""
    table.add_row("words", *(f"{split.words:,}" for split in splits))
    table.add_row("entities", *(f"{split.types.total():,}" for split in splits))
    total = {t: sum(split.types[t] for split in splits) for split in splits for t in split.types}
    types = sorted(total, key=lambda type_: (-splits[0].types[type_], -total[type_]))
    for type_ in types[:SHOWN_TYPES]:
        table.add_row(f"  {type_}", *(f"{split.types[type_]:,}" for split in splits))
    if len(types) > SHOWN_TYPES:
        table.add_row(f"  {len(types) - SHOWN_TYPES} more types")


def _limit(trainer: Trainer, data: Corpus) -> str | None:
    """Say how many training batches an epoch reads if it does not read all of them."""
    batches, limit = len(data.train_dataloader()), trainer.limit_train_batches
    used = int(batches * limit) if isinstance(limit, float) else min(limit or 0, batches)
    if used >= batches:
        return None
    option = limiting_option(trainer, "limit_train_batches")
    return f"An epoch reads {used:,} of {batches:,} training batches (`--trainer.{option}`)."
