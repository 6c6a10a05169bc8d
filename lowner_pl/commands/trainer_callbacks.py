"""Checks of a run's callbacks before it begins."""

from collections.abc import Iterable

from lightning.pytorch import Callback
from lightning.pytorch.callbacks import ModelCheckpoint

from lowner_pl.callbacks import BestCheckpoint, direction
from lowner_pl.commands.options.nearest import did_you_mean, nearest_few
from lowner_pl.modules import BaseModule

REFUSED = {
    "ModelCheckpoint": "`--best_checkpoint` and `--last_checkpoint` decide which checkpoints are "
    "kept",
    "StochasticWeightAveraging": "it changes the weights after the checkpoints are written",
    "WeightAveraging": "`best` would not hold the weights that were scored",
    "EMAWeightAveraging": "`best` would not hold the weights that were scored",
    "ModelPruning": "its checkpoints can't be loaded for `test` and `predict`",
    "BackboneFinetuning": "it changes the optimiser during training. Use `--model.frozen_layers`",
    "BaseFinetuning": "it changes the optimiser during training. Use `--model.frozen_layers`",
    "BatchSizeFinder": "it trains before the run begins. Set `--data.batch_size`",
    "LearningRateFinder": "it trains before the run begins. Set `--model.optimizer`",
    "OnExceptionCheckpoint": "it would continue an earlier run without being asked. Use "
    "`--ckpt_path last`",
}
"""Lightning's callbacks that don't work here, and why or what to use instead."""


def check_classes(callbacks: object) -> None:
    """Refuse callbacks that would not work, by the class names in the configuration.

    Args:
        callbacks: The option ``trainer.callbacks``.

    Raises:
        ValueError: If one of them would not work.
    """
    for callback in callbacks if isinstance(callbacks, list) else [callbacks]:
        name = str(getattr(callback, "class_path", "")).rpartition(".")[2]
        if name in REFUSED:
            raise ValueError(f"`trainer.callbacks` can't have {name}: {REFUSED[name]}.")


def check_monitors(callbacks: Iterable[Callback], model: BaseModule) -> None:
    """Refuse callbacks that monitor a score that isn't logged, or keep its worst value.

    Args:
        callbacks: The callbacks.
        model: The method.

    Raises:
        ValueError: If one of them does.
    """
    known = model.monitored()
    for callback in callbacks:
        monitor = getattr(callback, "monitor", None)
        if isinstance(monitor, str):
            mode = getattr(callback, "mode", None)
            _check_monitor(type(callback).__name__, monitor, mode, known)


def check_kept(best: ModelCheckpoint, last: ModelCheckpoint) -> None:
    """Refuse options with which ``best.ckpt`` or ``last.ckpt`` would be missing or misleading.

    Args:
        best: Keeps ``best.ckpt``.
        last: Keeps ``last.ckpt``.

    Raises:
        ValueError: If such an option is set.
    """
    for which, callback in (("best", best), ("last", last)):
        fixed = {"dirpath": None, "filename": which, "save_top_k": 1, "save_last": None}
        if which == "last":
            fixed |= {"monitor": None, "save_weights_only": False}
        for option, value in fixed.items():
            found = getattr(callback, option)
            if found != value and not (option == "save_last" and found is False):
                raise ValueError(
                    f"`{which}_checkpoint.{option}` can't be {str(found)[:80]!r}: `--ckpt_path "
                    f"{which}` would find no such checkpoint. Leave it out."
                )
        if callback.save_on_exception:
            raise ValueError(
                f"`{which}_checkpoint.save_on_exception` can't be True: it would write weights "
                "in the middle of a step. For checkpoints inside an epoch, use "
                "`--last_checkpoint.every_n_train_steps`."
            )
    timing = {
        "every_n_train_steps": (best._every_n_train_steps, 0),
        "every_n_epochs": (best._every_n_epochs, 1),
        "train_time_interval": (best._train_time_interval, None),
        "save_on_train_epoch_end": (best._save_on_train_epoch_end, None),
    }
    for option, (found, value) in timing.items():
        if found != value:
            raise ValueError(
                f"`best_checkpoint.{option}` can't be {str(found)[:80]!r}: the best weights are "
                "written as soon as a score is the best so far. To score at other times, use "
                "`--trainer.check_val_every_n_epoch` or `--trainer.val_check_interval`."
            )
    if last._every_n_epochs < 1:
        raise ValueError(
            "`last_checkpoint.every_n_epochs` can't be 0: a stopped run could not go on. Raise it, "
            "or use `--keep_last false`, which removes `last.ckpt` in the end."
        )


def _check_monitor(name: str, monitor: str, mode: str | None, known: set[str]) -> None:
    """Refuse a score that is not logged, and a mode that would keep the worst epoch."""
    option = "`best_checkpoint.monitor`" if name == BestCheckpoint.__name__ else f"{name}'s monitor"
    if known and monitor not in known and monitor != "epoch":  # "epoch" keeps the last one
        hint = did_you_mean(monitor, known)
        hint = hint or f" Use another score, such as {', '.join(nearest_few(monitor, known))}."
        raise ValueError(f"{option} is {monitor[:80]!r}, which is not logged.{hint}")
    better = direction(monitor)
    if better is not None and mode in ("min", "max") and mode != better:
        raise ValueError(
            f"{option} is {monitor!r} with mode {mode!r}, which would take the worst epoch for the "
            f"best. Set the mode to {better!r}."
        )
