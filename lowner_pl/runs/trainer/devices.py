"""Checks of Trainer's options for devices, strategy, precision and plugins."""

import os

import torch
from lightning.pytorch import LightningModule
from lightning.pytorch.plugins import CheckpointIO, HalfPrecision, Precision
from lightning.pytorch.strategies import DDPStrategy, SingleDeviceStrategy, Strategy

_PRECISIONS = ("auto", "32", "32-true", "16", "16-mixed", "bf16", "bf16-mixed", "bf16-true")


def check_devices(devices: int | str | list[int], accelerator: object) -> None:
    """Check the devices. On a CPU, they are processes, and at most one per core is allowed.

    Raises:
        ValueError: If the value is not a number, a list or ``auto``, or there are too many
            processes.
    """
    if devices == "auto":
        return
    numbers = _numbers(devices)
    is_list = isinstance(devices, list) or "," in str(devices)
    count = None if is_list or not numbers else numbers[0]
    if not numbers or (count is not None and (count == 0 or count < -1)):
        raise ValueError(
            f"`--trainer.devices` is {str(devices)[:80]!r}, but it must be a number of devices, a "
            "list of GPUs such as [0, 2], or auto."
        )
    on_cpu = accelerator == "cpu" or (
        accelerator == "auto" and not torch.accelerator.is_available()
    )
    cores = max(os.cpu_count() or 1, 2)
    if on_cpu and count is not None and count > cores:
        raise ValueError(
            f"`--trainer.devices` is {count}. On a CPU it is the number of processes, at most "
            f"{cores} on this machine. Leave it at 1: one process uses several cores."
        )


def _numbers(devices: int | str | list[int]) -> list[int] | None:
    """Read the number or list of devices; ``None`` if a part of it is not a number."""
    if isinstance(devices, list):
        return devices if all(isinstance(number, int) for number in devices) else None
    words = str(devices).split(",")
    if isinstance(devices, bool) or not all(w.strip().lstrip("-").isdecimal() for w in words):
        return None
    return [int(word) for word in words]


def check_strategy(strategy: str | Strategy) -> None:
    """Check that the strategy uses one device, or one copy of the model per device.

    Raises:
        ValueError: If the strategy is not supported.
    """
    if isinstance(strategy, Strategy):
        right = isinstance(strategy, DDPStrategy | SingleDeviceStrategy)
        right = right and getattr(strategy, "_start_method", "popen") == "popen"
    else:
        right = strategy in ("auto", "single_device") or (
            strategy.startswith("ddp") and not any(w in strategy for w in ("spawn", "fork", "book"))
        )
    if not right:
        name = type(strategy).__name__ if isinstance(strategy, Strategy) else repr(strategy[:80])
        raise ValueError(
            f"`--trainer.strategy` is {name}, but it must be auto, or ddp on several GPUs."
        )


def check_precision(precision: int | str | None, model: LightningModule) -> None:
    """Check that a precision keeps the batch intact and works with the method.

    Raises:
        ValueError: If it does not.
    """
    if precision is not None and str(precision) not in _PRECISIONS:
        raise ValueError(
            f"`trainer.precision` is {precision!r}, but it must be auto, 32-true, 16-mixed, "
            "bf16-mixed or bf16-true. To save memory, use bf16-mixed."
        )
    if str(precision) == "bf16-true" and not model.automatic_optimization:
        raise ValueError(
            f"`trainer.precision` is {precision!r}, but the inner steps of meta-learning are too "
            "small for 16-bit weights. Use 32-true, or bf16-mixed to save memory."
        )
    if str(precision) in ("16", "16-mixed") and not model.automatic_optimization:
        raise ValueError(
            f"`trainer.precision` is {precision!r}, but meta-learning can't scale gradients, and "
            "small ones vanish in 16 bits. Use 32-true, or bf16-mixed to save memory."
        )


def check_plugins(plugins: object, model: LightningModule) -> None:
    """Check that plugins keep this package's checkpoint format and use an allowed precision.

    Raises:
        ValueError: If one does not.
    """
    for plugin in plugins if isinstance(plugins, list) else [plugins]:
        if isinstance(plugin, CheckpointIO):
            raise ValueError(
                f"`--trainer.plugins` can't have {type(plugin).__name__}: lowner_pl writes "
                "checkpoints whole or not at all and reads them without running code. Leave it out."
            )
        if isinstance(plugin, HalfPrecision):
            raise ValueError(
                "`--trainer.plugins` can't have HalfPrecision: it would convert sentences and "
                "loses small updates of the weights. Use `--trainer.precision bf16-true`."
            )
        if isinstance(plugin, Precision):
            try:
                check_precision(plugin.precision, model)
            except ValueError as error:
                name = type(plugin).__name__
                raise ValueError(f"`--trainer.plugins` has {name}. {error}") from None
