"""The checkpoint from which a stopped run is resumed."""

import time
from typing import Any

from lightning.pytorch import LightningModule, Trainer

from lowner_pl.callbacks.best_checkpoint import KeptCheckpoint


class LastCheckpoint(KeptCheckpoint):
    """Keeps the checkpoint of the last epoch, and optionally saves it within epochs, too.

    If a validation is due, the checkpoint is written after it. Lightning writes it before, so a
    resumed run would skip the validation and might choose another epoch as the best one.

    Args:
        kwargs: Options of Lightning's `ModelCheckpoint`.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._inside_epochs = self._every_n_train_steps > 0 or self._train_time_interval is not None
        if self._inside_epochs:
            self._every_n_epochs = 1
        self._waits = False

    def on_train_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: object,
        batch: object,
        batch_idx: int,
    ) -> None:
        """Write a checkpoint if one is due, or wait for the validation or the end of the epoch."""
        loop, batches = trainer.fit_loop.epoch_loop, trainer.fit_loop._data_fetcher
        if batches is None or not self._is_due(trainer) or loop.batch_progress.is_last_batch:
            return
        self._waits = not trainer.should_stop and loop._should_check_val_fx(batches)
        if not self._waits:
            self._save_topk_checkpoint(trainer, self._monitor_candidates(trainer))

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the checkpoint that waited for the validation."""
        if self._waits and not self._should_skip_saving_checkpoint(trainer):
            self._save_topk_checkpoint(trainer, self._monitor_candidates(trainer))
        self._waits = False
        super().on_validation_end(trainer, pl_module)

    def _is_due(self, trainer: Trainer) -> bool:
        """Tell whether enough updates or time have passed since the last checkpoint."""
        if not self._inside_epochs or self._should_skip_saving_checkpoint(trainer):
            return False
        if self._train_time_interval is None:
            return trainer.global_step % self._every_n_train_steps == 0
        now = time.monotonic()
        since = now - (self._last_time_checked or now)
        # All devices take part in writing, so they must agree.
        if not trainer.strategy.broadcast(since >= self._train_time_interval.total_seconds()):
            return False
        self._last_time_checked = now
        return True
