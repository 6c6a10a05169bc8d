"""The report of a method without tags: its dev and test scores."""

from itertools import chain, islice
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from lowner_pl.callbacks.batches import limiting_option, reads_all
from lowner_pl.callbacks.protocols import corpus_of
from lowner_pl.callbacks.results.tested_checkpoint import file_suffix, tested_checkpoint
from lowner_pl.callbacks.results.testing_record import (
    NAME,
    TestedSet,
    partial_notes,
    record_of_test,
)
from lowner_pl.callbacks.scores import COUNTS, PER_TOKEN, logged_scores, rounded_scores
from lowner_pl.callbacks.screen.next_command import configured, print_end
from lowner_pl.callbacks.screen.printing import print_table, say
from lowner_pl.runs.files import write_json


class ScoreReport(Callback):
    """Prints the dev and test scores of a method without tags, and writes ``test_metrics.json``.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rows: dict[str, dict[str, float]] = {}
        self._title = ""
        self._notes: list[str] = []
        self._had_finished = False

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Keep the scores of ``validate``."""
        if trainer.state.fn == "validate":
            self._title = "Dev scores"
            self._collect(trainer, "dev")

    def on_fit_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Keep the scores of the last epoch."""
        self._title = "Dev scores of the last epoch"
        self._collect(trainer, "dev")
        self._had_finished = trainer.global_step == pl_module.trained_steps > 0

    def on_test_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Write the scores."""
        self._title = f"Test scores of {tested_checkpoint(trainer, pl_module, self.folder)}"
        if trainer.is_global_zero:
            parts = _by_part(trainer, "test")
            sets = _tested_sets(trainer, parts)
            record = record_of_test(trainer, pl_module, self.folder, sets)
            self._notes = partial_notes(trainer, sets)
            record["overall"] = rounded_scores(parts[""])
            suffix = file_suffix(self.folder, trainer.ckpt_path)
            write_json(self.folder / f"{NAME}{suffix}.json", record)
        self._collect(trainer, "test")

    def teardown(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        """Print the scores, below the progress bar."""
        if not trainer.is_global_zero:
            return
        if self._had_finished:
            say(
                f"Nothing was left to train after {trainer.global_step:,} updates: the run had "
                "finished. To train longer, raise `--trainer.max_epochs`."
            )
            print_end(self.folder)
            self._had_finished = False
        if not self._rows:
            return
        columns = tuple(next(iter(self._rows.values())))
        percent = [key for key in columns if key not in (*PER_TOKEN, *COUNTS)]
        unit = f", {' and '.join(percent)} in percent" if percent else ""
        say(f"{self._title}{unit}:")
        print_table(list(self._rows.items()), columns)
        say(*self._notes)
        generates = pl_module.predict_split == "train"
        following = configured(self.folder, "predict") if generates and stage == "fit" else ""
        print_end(self.folder, following)
        self._rows = {}

    def _collect(self, trainer: Trainer, split: str) -> None:
        """Keep one row for all data and one for each part."""
        if split == "dev" and not reads_all(trainer.num_val_batches, trainer.val_dataloaders):
            option = limiting_option(trainer, "limit_val_batches")
            self._notes = [f"Only a part of the dev data was scored (`--trainer.{option}`)."]
        for part, scores in _by_part(trainer, split).items():
            self._rows[f"{split} {part}".strip()] = scores


def _by_part(trainer: Trainer, split: str) -> dict[str, dict[str, float]]:
    """Group the logged scores of a split by part; the scores of all data have an empty name."""
    parts: dict[str, dict[str, float]] = {}
    for name, value in logged_scores(trainer, f"{split}/").items():
        part, _, key = name.rpartition("/")
        parts.setdefault(part, {})[key] = value
    return parts


def _tested_sets(trainer: Trainer, parts: dict[str, dict[str, float]]) -> list[TestedSet]:
    """Pair each test set with its scores, or all of them with the common scores."""
    data = corpus_of(trainer)
    corpora = data.test_sets()
    names = [name for name in parts if name]
    scored = _scored(trainer)
    if len(names) != len(corpora):
        whole = list(chain.from_iterable(corpora))
        return [TestedSet(data.language or "test", whole, parts[""], sum(scored))]
    return [
        TestedSet(name, corpus, parts[name], count)
        for name, corpus, count in zip(names, corpora, scored, strict=True)
    ]


def _scored(trainer: Trainer) -> list[int]:
    """Count the sentences of each test loader that all devices together read."""
    loaders = trainer.test_dataloaders
    loaders = loaders if isinstance(loaders, list) else [loaders]
    return [
        sum(map(len, islice(loader.dataset, int(batches) * trainer.world_size)))
        for loader, batches in zip(loaders, trainer.num_test_batches, strict=True)
    ]
