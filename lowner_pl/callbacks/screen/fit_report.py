"""The best epoch of a training run, on the screen."""

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from lightning.pytorch import Trainer

from lowner_pl.callbacks.best_checkpoint import KeepsBest, beats
from lowner_pl.callbacks.screen.dev_scores import show_fit, show_validation
from lowner_pl.callbacks.shared import logged_scores


class FitReport(KeepsBest):
    """Shows the best dev scores at the end of ``fit``, and those of ``validate``.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._show: Callable[[], None] | None = None

    def on_validation_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Keep the scores if they are the best so far; after ``validate``, show them."""
        if trainer.sanity_checking:
            return
        scores = logged_scores(trainer, "dev/")
        confusion = pl_module.dev_scores.confusion.tolist()
        if (score := beats(trainer, self.best)) is not None:
            self.best = {
                "monitored": score,
                "epoch": trainer.current_epoch,
                "step": trainer.global_step,
                "scores": scores,
                "confusion": confusion,
            }
        if trainer.state.fn == "validate":
            self._show = partial(show_validation, trainer, pl_module, self.run, scores, confusion)

    def on_fit_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Show the best epoch, once the progress bar is gone."""
        if self.best:
            self._show = partial(show_fit, trainer, pl_module, self.run, self.best)

    def teardown(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        """Show the scores, below the progress bar."""
        if self._show is not None and trainer.is_global_zero:
            self._show()
        self._show = None
