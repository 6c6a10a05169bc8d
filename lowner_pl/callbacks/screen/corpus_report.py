"""What a training run begins with, on the screen: the data, and doubts about them."""

from collections.abc import Sequence
from typing import Any

from lightning.pytorch import Callback

from lowner_pl.callbacks.screen.corpus_facts import SplitFacts, corpus_facts, doubts, text_facts
from lowner_pl.callbacks.screen.printing import SHOWN_TYPES, console, limiting_option, say, warn


class CorpusReport(Callback):
    """Shows, before training, what is trained on which data, and warns of what will not work."""

    def on_fit_start(self, trainer: Any, pl_module: Any) -> None:
        """Show the data: sentences with their entities, or the lines of raw text."""
        if not trainer.is_global_zero:
            return
        data = trainer.datamodule
        say(_heading(trainer, pl_module, data))
        has_tags = bool(data.entity_types)
        splits = corpus_facts(data, pl_module) if has_tags else text_facts(data, pl_module)
        _print_splits(splits, has_tags=has_tags)
        if note := _limit(trainer):
            say(note)
        for doubt in doubts(splits, str(pl_module.hparams.get("backbone"))) if has_tags else ():
            warn(doubt)


def _heading(trainer: Any, module: Any, data: Any) -> str:
    """Say what is trained on what, from which weights, where."""
    method = f"{module.method}-{module.variant}" if module.variant else module.method
    weights = list(module.parameters())
    size = sum(weight.numel() for weight in weights)
    learnt = sum(weight.numel() for weight in weights if weight.requires_grad)
    backbone = module.hparams.get("backbone")
    parts = [f"seed {module.seed}", *([f"backbone {backbone}"] if backbone else [])]
    if size:
        frozen = "" if learnt == size else f", {_millions(learnt)} of them learn"
        parts.append(f"{_millions(size)} weights{frozen}")
    devices = f" x {trainer.world_size}" if trainer.world_size > 1 else ""
    parts.append(f"{str(trainer.strategy.root_device.type).upper()}{devices}")
    return f"Training {method} on {data.name} ({', '.join(parts)})"


def _millions(number: int) -> str:
    """Write a number of weights."""
    return f"{number / 1e6:,.1f} M" if number >= 100_000 else f"{number:,}"


def _print_splits(splits: Sequence[SplitFacts], *, has_tags: bool) -> None:
    """Print a column for each split."""
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
    if all(split.coverage is not None for split in splits):
        rates = (f"{split.coverage.per_word:.1f}" for split in splits)
        table.add_row("subwords per word", *rates)
    console().print(table)


def _add_entities(table: Any, splits: Sequence[SplitFacts]) -> None:
    """Add rows of words and of the entities of each type."""
    table.add_row("words", *(f"{split.words:,}" for split in splits))
    table.add_row("entities", *(f"{split.types.total():,}" for split in splits))
    total = {t: sum(split.types[t] for split in splits) for split in splits for t in split.types}
    types = sorted(total, key=lambda type_: (-splits[0].types[type_], -total[type_]))
    for type_ in types[:SHOWN_TYPES]:
        table.add_row(f"  {type_}", *(f"{split.types[type_]:,}" for split in splits))
    if len(types) > SHOWN_TYPES:
        table.add_row(f"  {len(types) - SHOWN_TYPES} more types")


def _limit(trainer: Any) -> str | None:
    """Say how many training batches an epoch reads where it does not read all."""
    batches, limit = len(trainer.datamodule.train_dataloader()), trainer.limit_train_batches
    used = int(batches * limit) if isinstance(limit, float) else min(limit or 0, batches)
    if used >= batches:
        return None
    option = limiting_option(trainer, "limit_train_batches")
    return f"An epoch reads {used:,} of {batches:,} training batches (`--trainer.{option}`)."
