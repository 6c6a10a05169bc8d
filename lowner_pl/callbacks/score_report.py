"""The scores of methods without tags."""

from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer

from lowner_pl.callbacks.shared import logged_scores, print_table, write_record


class ScoreReport(Callback):
    """Shows the dev and test scores of a method without tags, and writes ``test_metrics.json``.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._rows: dict[str, dict[str, float]] = {}

    def on_validation_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Keep the scores of ``validate``."""
        if trainer.state.fn == "validate":
            self._collect(trainer, "dev")

    def on_fit_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Keep the scores of the last epoch."""
        self._collect(trainer, "dev")

    def on_test_end(self, trainer: Any, pl_module: Any) -> None:
        """Write the scores."""
        if trainer.is_global_zero:
            record = {
                "method": pl_module.method,
                "corpus": trainer.datamodule.name,
                "checkpoint": str(trainer.ckpt_path),
                "scores": logged_scores(trainer, "test/"),
            }
            write_record(self.folder / "test_metrics.json", record)
        self._collect(trainer, "test")

    def teardown(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        """Show the scores, below the progress bar."""
        columns = tuple(next(iter(self._rows.values()), {}))
        print_table(self._rows, self.folder, trainer, columns=columns)

    def _collect(self, trainer: Trainer, split: str) -> None:
        """Keep a row for all data and one for each part."""
        for name, value in logged_scores(trainer, f"{split}/").items():
            part, _, key = name.rpartition("/")
            self._rows.setdefault(f"{split} {part}".strip(), {})[key] = value
