"""Progress on the screen: a bar in a terminal, otherwise one line per validation."""

import sys
from typing import Any

from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import ModelSummary, RichProgressBar
from lightning.pytorch.callbacks import ProgressBar as AnyProgressBar
from rich.progress import BarColumn
from rich.table import Column

from lowner_pl.callbacks.screen.printing import say
from lowner_pl.runs.trainer.options import Options

PERCENT = ("f1", "accuracy")


class ProgressBar(RichProgressBar):
    """Lightning's rich progress bar with loss and dev score, narrow enough for 80 columns."""

    def configure_columns(self, trainer: Trainer) -> list[Any]:
        """Return Lightning's columns without the speed; only the bar shrinks in narrow windows."""
        columns: list[Any] = super().configure_columns(trainer)[:-1]
        for column in columns:
            if not isinstance(column, BarColumn):
                column._table_column = Column(no_wrap=True)
        return columns

    def _init_progress(self, trainer: Trainer) -> None:
        """Keep the scores on one line."""
        super()._init_progress(trainer)
        if self._metric_component is not None:
            self._metric_component._table_column = Column(no_wrap=True)

    def get_metrics(self, trainer: Trainer, pl_module: Any) -> dict[str, Any]:
        """Return the numbers beside the bar: the loss and the dev score."""
        return dict(_shown(trainer, pl_module.headline))


class EpochLines(Callback):
    """Prints a line with loss and dev score per validation, where a bar can't be redrawn."""

    def on_validation_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Print the line."""
        if trainer.state.fn != "fit" or trainer.sanity_checking or not trainer.is_global_zero:
            return
        scores = (f"{name} {text}" for name, text in _shown(trainer, pl_module.headline).items())
        say(f"Epoch {trainer.current_epoch}: {', '.join(scores)}")


def progress_shown(options: Options) -> tuple[list[Callback], dict[str, bool]]:
    """Choose how to show progress, and turn off Lightning's own bar and summary.

    It is a bar in a terminal and lines elsewhere. A bar or summary that the user asked for in the
    Trainer's options stays.

    Args:
        options: Trainer's options.

    Returns:
        Callbacks, and options that turn off what Lightning would add.
    """
    given = options["callbacks"] or []
    given = given if isinstance(given, list) else [given]
    has_bar = any(isinstance(callback, AnyProgressBar) for callback in given)
    has_summary = any(isinstance(callback, ModelSummary) for callback in given)
    shown: list[Callback] = []
    if options["enable_progress_bar"] is not False and not has_bar:
        shown.append(ProgressBar() if sys.stdout.isatty() else EpochLines())
    return shown, {
        "enable_progress_bar": has_bar or any(isinstance(part, ProgressBar) for part in shown),
        "enable_model_summary": has_summary or bool(options["enable_model_summary"]),
    }


def _shown(trainer: Trainer, headline: str) -> dict[str, str]:
    """Format the loss of the last batch and the last dev score, as in the tables."""
    logged = trainer.callback_metrics
    shown = {}
    for name in ("loss", "meta_loss"):
        if (loss := logged.get(f"train/{name}")) is not None:
            shown[name.replace("_", " ")] = f"{loss.item():.3f}"
    if (score := logged.get(f"dev/{headline}")) is not None:
        name = "dev F1" if headline == "f1" else f"dev {headline.replace('_', ' ')}"
        shown[name] = f"{100 * score.item():.2f}" if headline in PERCENT else f"{score.item():.3f}"
    return shown
