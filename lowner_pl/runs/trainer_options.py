"""Options of Trainer: which are handed on, and which are refused before a run begins.

None is ignored in silence. A new version of Lightning that adds one makes a test fail, which asks
for a decision here.
"""

import math
import os
from collections.abc import Callable
from datetime import timedelta
from typing import Any, TypeVar

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.plugins import CheckpointIO, Precision
from lightning.pytorch.strategies import DDPStrategy, SingleDeviceStrategy, Strategy

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
"""Options that Lightning obeys, and their lowest values."""

SHARES = (
    "limit_train_batches",
    "limit_val_batches",
    "limit_test_batches",
    "limit_predict_batches",
    "overfit_batches",
    "val_check_interval",
)
"""Options that Lightning obeys: a share from 0.0 to 1.0, or a whole number of batches."""

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
"""Options that Lightning obeys, as far as the functions below let them pass."""

REFUSED: dict[str, tuple[Any, str]] = {
    "default_root_dir": (None, "Runs land in `--log_root`. Give that"),
    "enable_checkpointing": (
        False,
        "`test` and `--ckpt_path last` need the checkpoints of a run. Leave it out, or use "
        "`--trainer.fast_dev_run true` for a trial that leaves nothing",
    ),
    "barebones": (True, "A run writes what it measures. Leave it out"),
    "use_distributed_sampler": (
        False,
        "The data modules share sentences out over devices themselves. Leave it out",
    ),
    "enable_autolog_hparams": (
        False,
        "The options of a run are always in its `config.yaml`. Leave it out, or use "
        "`--trainer.logger false` for a run without TensorBoard",
    ),
    "model_registry": (None, "Models are not uploaded. Leave it out"),
}
"""Options that would do nothing or break a run: the value that is refused (for ``None``: every
other one), and why."""

_PRECISIONS = (None, "32", "32-true", "16", "16-mixed", "bf16", "bf16-mixed")
_SPLITS = {"fit": "train", "validate": "val", "test": "test", "predict": "predict"}


def check_trainer_options(config: Any, model: LightningModule, *, command: str) -> None:
    """Refuse options of Trainer that nothing would come of, or that the method cannot have.

    Args:
        config: The options, by name.
        model: The method.
        command: What is to be run: ``fit``, ``validate``, ``test`` or ``predict``.

    Raises:
        ValueError: If there is one.
    """
    for name, (bad, why) in REFUSED.items():
        value = config[name]
        if value is not None if bad is None else value is bad:
            raise ValueError(f"`--trainer.{name} {_word(value)}` can't be used. {why}.")
    for name, least in LEAST.items():
        _check_number(name, config[name], least)
    for name in SHARES:
        _check_share(name, config[name])
    for name in ("max_time", "val_check_interval"):
        _check_time(name, config[name])
    _check_devices(config["devices"], config["accelerator"])
    _check_strategy(config["strategy"])
    _check_precision(config["precision"], model)
    _check_plugins(config["plugins"], model)
    _check_something_to_do(config, command)
    if command == "fit" and not model.automatic_optimization:
        _check_update(config)


def made_by_lightning(make: Callable[[], _Made]) -> _Made:
    """Make a Trainer; say what Lightning has against the options, whatever the exception is.

    Raises:
        ValueError: If it refuses them.
    """
    try:
        return make()
    except Exception as error:  # ValueError, TypeError, ImportError and more, without a common base
        text = " ".join(str(error).split())[:500].rstrip(".")
        raise ValueError(f"Lightning refuses an option of `--trainer`: {text}.") from error


def _word(value: Any) -> str:
    """Return a value as it is typed, at most 80 characters."""
    return str(value).lower() if isinstance(value, bool) else str(value)[:80]


def _check_number(name: str, value: Any, least: int) -> None:
    """Refuse what is below the lowest value, infinite or no number."""
    if value is not None and not (least <= value < math.inf):
        raise ValueError(f"`--trainer.{name}` must be at least {least}, was: {value}.")


def _check_share(name: str, value: Any) -> None:
    """Refuse what is neither a share nor a number of batches."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return
    if not (0.0 <= value <= 1.0 if isinstance(value, float) else value >= 0):
        raise ValueError(
            f"`--trainer.{name}` must be a share from 0.0 to 1.0 or a whole number of batches, "
            f"was: {value}."
        )
    if name == "val_check_interval" and not value:
        raise ValueError(
            "`--trainer.val_check_interval` must be above 0. For no validation, use "
            "`--trainer.limit_val_batches 0`."
        )


def _check_time(name: str, value: Any) -> None:
    """Refuse a time that is over before it begins; Lightning refuses what is no time."""
    if isinstance(value, dict):
        try:
            value = timedelta(**value)
        except TypeError as error:
            raise ValueError(
                f"`--trainer.{name}` must be a time, such as 00:01:30:00 or {{hours: 1}}, was: "
                f"{str(value)[:80]}."
            ) from error
    over = value <= timedelta(0) if isinstance(value, timedelta) else False
    if over or (isinstance(value, str) and ":" in value and not value.strip("0:")):
        raise ValueError(f"`--trainer.{name}` must be above 0, was: {value}.")


def _check_devices(devices: Any, accelerator: Any) -> None:
    """Refuse what is no number of devices, and more processes than this machine can bear."""
    words = str(devices).split(",") if isinstance(devices, str | int) else []
    numbers = [int(word) for word in words if word.strip().lstrip("-").isdecimal()]
    if isinstance(devices, list):
        words, numbers = devices, [number for number in devices if isinstance(number, int)]
    if devices == "auto":
        return
    whole = len(numbers) == 1 and not isinstance(devices, list) and "," not in str(devices)
    if not words or len(numbers) < len(words) or (whole and (numbers[0] == 0 or numbers[0] < -1)):
        raise ValueError(
            "`--trainer.devices` must be a number of devices, a list of GPUs, such as [0, 2], or "
            f"auto, was: {str(devices)[:80]}."
        )
    on_cpu = accelerator == "cpu" or (
        accelerator == "auto" and not torch.accelerator.is_available()
    )
    cores = max(os.cpu_count() or 1, 2)
    if on_cpu and whole and numbers[0] > cores:
        raise ValueError(
            f"`--trainer.devices` on a CPU is the number of processes, at most {cores} on this "
            f"machine, was: {numbers[0]}. Leave it at 1: a process uses several cores."
        )


def _check_strategy(strategy: Any) -> None:
    """Refuse strategies other than one device or a copy of the model on each."""
    if isinstance(strategy, Strategy):
        right = isinstance(strategy, DDPStrategy | SingleDeviceStrategy)
        right = right and getattr(strategy, "_start_method", "popen") == "popen"
    else:
        right = strategy in ("auto", "single_device") or (
            strategy.startswith("ddp") and not any(w in strategy for w in ("spawn", "fork", "book"))
        )
    if not right:
        name = type(strategy).__name__ if isinstance(strategy, Strategy) else repr(strategy[:80])
        raise ValueError(f"`--trainer.strategy` must be auto, or ddp on several GPUs, was: {name}.")


def _check_precision(precision: int | str | None, model: LightningModule) -> None:
    """Refuse precisions in which a batch would be converted, or inner steps would go wrong."""
    if precision is not None and str(precision) not in _PRECISIONS:
        raise ValueError(
            f"`trainer.precision` must be 32-true, 16-mixed or bf16-mixed, was: {precision!r}. "
            "`bf16-mixed` saves memory."
        )
    if str(precision) in ("16", "16-mixed") and not model.automatic_optimization:
        raise ValueError(
            f"`trainer.precision` of meta-learning must be 32-true or bf16-mixed, was: "
            f"{precision!r}, whose small gradients vanish unless they are scaled. `bf16-mixed` "
            "saves memory."
        )


def _check_plugins(plugins: Any, model: LightningModule) -> None:
    """Refuse plugins that would take the place of ours, or be a precision that is refused."""
    for plugin in plugins if isinstance(plugins, list) else [plugins]:
        if isinstance(plugin, CheckpointIO):
            raise ValueError(
                f"`--trainer.plugins` can't have {type(plugin).__name__}: checkpoints are written "
                "whole or not at all, and read without running code. Leave it out."
            )
        if isinstance(plugin, Precision):
            try:
                _check_precision(plugin.precision, model)
            except ValueError as error:
                name = type(plugin).__name__
                raise ValueError(f"`--trainer.plugins` has {name}. {error}") from None


def _check_something_to_do(config: Any, command: str) -> None:
    """Refuse options with which a command would end at once, without a word."""
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
                f"`--trainer.min_{unit}` must be at most `--trainer.max_{unit}`, {most}, was: "
                f"{least}."
            )


def _check_update(config: Any) -> None:
    """Refuse what Lightning does not do in a meta-update, and says once a run has begun."""
    if config["gradient_clip_val"]:
        raise ValueError(
            "`trainer.gradient_clip_val` of meta-learning must be null, was: "
            f"{config['gradient_clip_val']}: its gradients are sums over tasks. Lower "
            "`--model.optimizer.init_args.lr`."
        )
    if config["accumulate_grad_batches"] != 1:
        raise ValueError(
            "`trainer.accumulate_grad_batches` of meta-learning must be 1, was: "
            f"{config['accumulate_grad_batches']}. Raise `--data.batch_size`, the tasks of a "
            "meta-update: memory does not grow with them."
        )
