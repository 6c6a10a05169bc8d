"""The best epoch of a training run, on the screen."""

from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer

from lowner_pl.callbacks.shared import logged_scores, print_table


class FitReport(Callback):
    """Shows the best dev scores at the end of ``fit``, and those of ``validate``.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.best: dict[str, Any] = {}
        self._rows: dict[str, dict[str, float]] = {}

    def state_dict(self) -> dict[str, Any]:
        """Return the best scores, for a resumed run."""
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the best scores of the run that is resumed."""
        self.best = state_dict["best"]

    def on_validation_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Keep the scores if they are the best so far; after ``validate``, show them."""
        scores = logged_scores(trainer, "dev/")
        if not self.best or scores["f1"] > self.best["scores"]["f1"]:
            self.best = {
                "epoch": trainer.current_epoch,
                "step": trainer.global_step,
                "scores": scores,
            }
        if trainer.state.fn == "validate":
            self._rows = {"dev": scores}

    def on_fit_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Keep a row for the best epoch."""
        if self.best and trainer.is_global_zero:
            self._rows = {f"dev, best epoch {self.best['epoch']}": self.best["scores"]}

    def teardown(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        """Show the scores, below the progress bar."""
        print_table(self._rows, self.folder, trainer)
        if self._rows and self.best["scores"]["f1"] == 0.0 and trainer.is_global_zero:
            print("Dev F1 was 0 in every epoch: train longer, or with a larger learning rate.")
