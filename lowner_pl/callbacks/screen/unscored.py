"""Notes at the end of ``fit`` if there are no dev scores or training stopped inside an epoch."""

from pathlib import Path

from lightning.pytorch import Callback, LightningModule, Trainer

from lowner_pl.callbacks.screen.printing import say


class UnscoredReport(Callback):
    """Says which checkpoints exist if training ended in an unusual way.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._lines: list[str] = []

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Check where training ended and which checkpoints exist."""
        if not trainer.is_global_zero:
            return
        progress = trainer.fit_loop.epoch_loop.batch_progress
        inside = 0 < progress.current.ready < trainer.num_training_batches
        if inside and not progress.is_last_batch:
            self._lines.append(
                f"Training stopped inside epoch {max(trainer.current_epoch - 1, 0)}, after "
                f"{progress.current.ready} of {trainer.num_training_batches} batches. To continue, "
                "use `fit` with `--ckpt_path last`."
            )
        if not (self.folder / "checkpoints" / "best.ckpt").is_file():
            self._lines.append(
                "There are no dev scores, so there is no best.ckpt, only last.ckpt: use "
                "`--ckpt_path last` with `test` and `predict`. Dev scores are computed at the end "
                "of an epoch (see `trainer.max_steps`, `max_time`, `limit_val_batches` and "
                "`check_val_every_n_epoch`)."
            )
            self._lines.append(f"Run folder: {self.folder}")  # else the score reports print it

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Print the notes, below the progress bar."""
        say(*self._lines)
        self._lines = []
