"""Where training goes on from a checkpoint: inside an epoch, or with the next one."""

from typing import Any

from lightning.pytorch import Trainer

COUNTS = ("ready", "started", "processed", "completed")


def mark_unfinished_epoch(fit_loop: dict[str, Any], *, accumulated: int) -> None:
    """Let a run that was stopped inside an epoch go on behind its last update.

    Lightning counts the epoch as finished. Batches whose gradients were accumulated, but not used
    for an update, are repeated.

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


def skip_unplanned_validation(trainer: Trainer) -> None:
    """Skip the validation that Lightning adds where `trainer.max_time` ends a run.

    Early stopping and some learning rates depend on every dev score, so that a resumed run would
    not end as one that was never stopped.
    """
    loop = trainer.fit_loop.epoch_loop
    fetcher = trainer.fit_loop._data_fetcher
    if trainer.should_stop and fetcher is not None:
        trainer.should_stop = False
        loop._skip_next_val = not loop._should_check_val_fx(fetcher)
        trainer.should_stop = True
