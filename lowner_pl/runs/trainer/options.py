"""Checks of Trainer's options before a run begins: each one is obeyed or refused.

No option is silently ignored. When a new version of Lightning adds one, a test fails until the
option is listed here.
"""

from collections.abc import Callable
from datetime import timedelta
from typing import Any, Protocol, TypeVar

from lightning.pytorch import LightningModule

from lowner_pl.runs.ranges import check_range
from lowner_pl.runs.trainer.devices import (
    check_devices,
    check_plugins,
    check_precision,
    check_strategy,
)

_Made = TypeVar("_Made")

LEAST = {
    "num_nodes": 1,
    "fast_dev_run": 0,
    "max_epochs": -1,
    "min_epochs": 0,
    "max_steps": -1,
    "min_steps": 0,
    "check_val_every_n_epoch": 1,
    "num_sanity_val_steps": -1,
    "log_every_n_steps": 0,
    "accumulate_grad_batches": 1,
    "gradient_clip_val": 0,
    "reload_dataloaders_every_n_epochs": 0,
}
"""Numbers that Lightning obeys, with their lowest allowed values."""

SHARES = (
    "limit_train_batches",
    "limit_val_batches",
    "limit_test_batches",
    "limit_predict_batches",
    "overfit_batches",
    "val_check_interval",
)
"""Options that Lightning obeys and that take a share from 0.0 to 1.0 or a number of batches."""

CHOICES = (
    "accelerator",
    "strategy",
    "devices",
    "precision",
    "max_time",
    "logger",
    "callbacks",
    "plugins",
    "enable_progress_bar",
    "enable_model_summary",
    "gradient_clip_algorithm",
    "deterministic",
    "benchmark",
    "inference_mode",
    "profiler",
    "detect_anomaly",
    "sync_batchnorm",
)
"""Other options that Lightning obeys, for values that the checks below allow."""

REFUSED: dict[str, tuple[bool | None, str]] = {
    "default_root_dir": (None, "Set the folder of all runs with `--log_root` instead"),
    "enable_checkpointing": (
        False,
        "`test` and `--ckpt_path last` need the checkpoints of a run. Leave it out, or use "
        "`--trainer.fast_dev_run true` for a trial that writes nothing",
    ),
    "barebones": (True, "A run always writes its metrics. Leave it out"),
    "use_distributed_sampler": (
        False,
        "The data modules distribute sentences over devices themselves. Leave it out",
    ),
    "enable_autolog_hparams": (
        False,
        "The options of a run are always in its `config.yaml`. Leave it out, or use "
        "`--trainer.logger false` for a run without TensorBoard",
    ),
    "model_registry": (None, "Models are not uploaded. Leave it out"),
}
"""Options that would have no effect or break a run: the refused value (``None``: every value but
``None``) and the reason."""

_SPLITS = {"fit": "train", "validate": "val", "test": "test", "predict": "predict"}


class Options(Protocol):
    """Trainer's options by name, such as a dict or jsonargparse's namespace."""

    def __getitem__(self, name: str, /) -> Any:
        """Return the value of an option."""


def check_trainer_options(config: Options, model: LightningModule, *, command: str) -> None:
    """Check Trainer's options for a command and a method.

    Args:
        config: The options.
        model: The method.
        command: ``fit``, ``validate``, ``test`` or ``predict``.

    Raises:
        ValueError: If an option would have no effect, or the method does not allow it.
    """
    for name, (bad, why) in REFUSED.items():
        value = config[name]
        if value is not None if bad is None else value is bad:
            raise ValueError(f"`--trainer.{name} {_as_typed(value)}` can't be used. {why}.")
    for name, least in LEAST.items():
        if config[name] is not None:
            check_range(f"--trainer.{name}", config[name], least)
    for name in SHARES:
        _check_share(name, config[name])
    for name in ("max_time", "val_check_interval"):
        _check_time(name, config[name])
    check_devices(config["devices"], config["accelerator"])
    check_strategy(config["strategy"])
    check_precision(config["precision"], model)
    check_plugins(config["plugins"], model)
    _check_something_to_do(config, command)
    if command == "fit" and not model.automatic_optimization:
        _check_meta_update(config)


def made_by_lightning(make: Callable[[], _Made]) -> _Made:
    """Make a Trainer, and turn any error of Lightning about its options into one sentence.

    Raises:
        ValueError: If Lightning refuses the options.
    """
    try:
        return make()
    except Exception as error:  # ValueError, TypeError, ImportError and more, without a common base
        text = " ".join(str(error).split())[:500].rstrip(".!")
        raise ValueError(
            f"Lightning refuses an option of `--trainer`: {text}. Change the option, or leave it "
            "out."
        ) from error


def _as_typed(value: object) -> str:
    """Write a value as on the command line, in at most 80 characters."""
    return str(value).lower() if isinstance(value, bool) else str(value)[:80]


def _check_share(name: str, value: object) -> None:
    """Check a share or a number of batches."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if not (0.0 <= value <= 1.0 if isinstance(value, float) else value >= 0):
        raise ValueError(
            f"`--trainer.{name}` is {value}, but it must be a share from 0.0 to 1.0 or a whole "
            "number of batches."
        )
    if name == "val_check_interval" and not value:
        raise ValueError(
            "`--trainer.val_check_interval` is 0, but it must be above 0. To train without "
            "validation, use `--trainer.limit_val_batches 0`."
        )


def _check_time(name: str, value: object) -> None:
    """Check that a duration is above zero; Lightning checks its format if it is text."""
    if isinstance(value, dict):
        try:
            value = timedelta(**value)
        except TypeError as error:
            raise ValueError(
                f"`--trainer.{name}` is {str(value)[:80]}, but it must be a duration, such as "
                "00:01:30:00 or {hours: 1}."
            ) from error
    over = value <= timedelta(0) if isinstance(value, timedelta) else False
    if over or (isinstance(value, str) and ":" in value and not value.strip("0:")):
        raise ValueError(f"`--trainer.{name}` is {value}, but it must be above 0.")


def _check_something_to_do(config: Options, command: str) -> None:
    """Refuse limits under which a command would end at once without a message."""
    limit = f"limit_{_SPLITS[command]}_batches"
    nothing = [limit] if config[limit] is not None and not config[limit] else []
    if command == "fit":
        nothing += [name for name in ("max_epochs", "max_steps") if config[name] == 0]
    if nothing:
        raise ValueError(
            f"With `--trainer.{nothing[0]} {config[nothing[0]]}`, `{command}` has nothing to do. "
            "Raise it, or leave it out."
        )
    for unit in ("epochs", "steps"):
        least, most = config[f"min_{unit}"], config[f"max_{unit}"]
        if least is not None and most not in (None, -1) and least > most:
            raise ValueError(
                f"`--trainer.min_{unit}` is {least}, but `--trainer.max_{unit}` is only {most}. "
                "Lower the one or raise the other."
            )


def _check_meta_update(config: Options) -> None:
    """Refuse options that fail in a meta-update, which Lightning would report only later."""
    if config["gradient_clip_val"]:
        raise ValueError(
            f"`trainer.gradient_clip_val` is {config['gradient_clip_val']}, but meta-learning "
            "can't clip gradients, which are sums over tasks. Lower "
            "`--model.optimizer.init_args.lr` instead."
        )
    if config["accumulate_grad_batches"] != 1:
        raise ValueError(
            f"`trainer.accumulate_grad_batches` is {config['accumulate_grad_batches']}, but "
            "meta-learning can't accumulate gradients. Raise `--data.batch_size` instead, the "
            "number of tasks per meta-update: it does not take more memory."
        )
