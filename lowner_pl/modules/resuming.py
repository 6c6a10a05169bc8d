"""Resuming from a checkpoint exactly where training stopped, where Lightning would not."""

from collections.abc import Mapping, Sequence
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_warn

COUNTS = ("ready", "started", "processed", "completed")


def mark_unfinished_epoch(fit_loop: dict[str, Any], *, accumulated: int) -> None:
    """Edit the loop state in a checkpoint so that a run stopped inside an epoch resumes there.

    Lightning counts such an epoch as finished. Training resumes after the last update: batches
    whose gradients were accumulated but not yet used are repeated.

    Args:
        fit_loop: State of Lightning's training loop in a checkpoint; changed in place.
        accumulated: Batches per update.
    """
    epochs = fit_loop["epoch_progress"]
    batches = fit_loop["epoch_loop.batch_progress"]
    seen = batches["current"]["ready"]
    if batches["is_last_batch"]:
        for counts in epochs.values():
            counts["processed"] = counts["ready"]
    elif seen:
        done = seen // accumulated * accumulated
        for counts in epochs.values():
            counts["started"] = counts["ready"]
            counts["processed"] = counts["completed"] = counts["ready"] - 1
        batches["current"] = dict.fromkeys(COUNTS, done)
        batches["total"] = dict.fromkeys(COUNTS, batches["total"]["ready"] - (seen - done))


def resume_epoch(trainer: Trainer, module: LightningModule) -> None:
    """Start with the next epoch after a complete one, or continue an unfinished one.

    Lightning would end a complete epoch a second time, without a batch or a dev score, when
    ``max_steps`` ends the run. It continues an unfinished epoch without telling the callbacks, such
    as the progress bar, that an epoch starts.
    """
    loop = trainer.fit_loop
    if loop.epoch_loop.batch_progress.is_last_batch:
        progress: Any = loop.epoch_progress.current
        progress.completed = progress.processed
        loop.epoch_loop.restarting = False
    elif loop.restarted_mid_epoch:
        loader: Any = trainer.train_dataloader
        loader.load_state_dict({"batches": loop.epoch_loop.batch_progress.current.ready})
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            callback.on_train_epoch_start(trainer, module)
        module.on_train_epoch_start()


def warn_of_other_data(earlier: Mapping[str, Any], present: Mapping[str, Any]) -> None:
    """Warn if a run goes on with other training sentences than it began with.

    Args:
        earlier: Description of the training data in the checkpoint; those of version 0.1 have no
            hash of the sentences.
        present: The same of the data module.
    """
    key, size = "train_sha256", "train_sentences"
    if key in earlier and key in present and earlier[key] != present[key]:
        rank_zero_warn(
            f"The training data have changed since the checkpoint was written: "
            f"{earlier[size]:,} sentences then, {present[size]:,} now, and not the same. The run "
            "goes on with those of now. To keep the results apart, start a new run with another "
            "`--variant`, or put the data back."
        )


def restore_options(trainer: Trainer, configured: Sequence[Mapping[str, Any]]) -> None:
    """Put the configured optimiser options back after a checkpoint's state replaced them.

    Args:
        trainer: The trainer, which has loaded the checkpoint.
        configured: Options of each parameter group.
    """
    for optimizer in trainer.optimizers:
        for group, options in zip(optimizer.param_groups, configured, strict=True):
            group.update(options)
    for config in trainer.lr_scheduler_configs:
        scheduler: Any = config.scheduler  # a LambdaLR: configure_optimizers makes no other
        scheduler.base_lrs = [options["lr"] for options in configured]
        parts = zip(
            scheduler.optimizer.param_groups,
            scheduler.base_lrs,
            scheduler.lr_lambdas,
            strict=True,
        )
        for group, rate, factor in parts:
            group["lr"] = rate * factor(scheduler.last_epoch)


def skip_unplanned_validation(trainer: Trainer) -> None:
    """Skip the validation that Lightning adds when `trainer.max_time` ends a run.

    Early stopping and some schedules depend on every dev score. With an extra score, the resumed
    run would end differently from one that was never stopped.
    """
    loop = trainer.fit_loop.epoch_loop
    fetcher = trainer.fit_loop._data_fetcher
    if trainer.should_stop and fetcher is not None:
        trainer.should_stop = False
        loop._skip_next_val = not loop._should_check_val_fx(fetcher)
        trainer.should_stop = True
