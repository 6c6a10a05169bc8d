"""Whether a run can be written, and what becomes of the earlier one if it can't."""

import errno
import os
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning.pytorch import LightningModule

from lowner_pl.runs.files import Partial, lies_in, reason_of

PROBE = 64 * 1024  # bytes, more than a file system keeps beside a file's name
_OF_THE_DISK = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
    errno.EFBIG,
)
_WRITER = "_AsyncWriterThread"  # TensorBoard's
_former_hook = threading.excepthook


def check_writable(folder: Path) -> None:
    """Refuse a folder that cannot be written, be it read-only or on a full disk.

    It is not made if it is missing.

    Raises:
        OSError: If nothing can be written there.
    """
    there = _nearest(folder)
    try:
        if not there.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, f"'{there}' is a file")
        probe = Partial(there / "probe")
        try:
            probe.path.write_bytes(bytes(PROBE))
        finally:
            probe.discard()
    except OSError as error:
        raise refused(folder, error) from error


def check_room(folder: Path, needed: int) -> None:
    """Refuse a disk that has no room for the checkpoints of a run.

    Args:
        folder: The run folder.
        needed: Bytes that the checkpoints take; see `checkpoint_bytes`.

    Raises:
        OSError: If there is less room.
    """
    free = shutil.disk_usage(_nearest(folder)).free
    if free < needed:
        raise OSError(
            f"The disk of the run folder '{folder}' has {_megabytes(free)} free, and the "
            f"checkpoints of this run take up to {_megabytes(needed)}. Free some space, or give "
            "another `--log_root`. An earlier run in the folder is as it was."
        )


def checkpoint_bytes(
    model: LightningModule, optimizer: Callable[..., torch.optim.Optimizer]
) -> int:
    """Compute how much disk the checkpoints of a run take at the most, in bytes.

    That is the weights in ``best``, and weights and optimiser state in ``last`` twice: the old one
    goes when the new one is whole.

    Args:
        model: The model.
        optimizer: Makes its optimiser, whose state is counted after a step of one weight.
    """
    weights = sum(_bytes(tensor) for tensor in model.state_dict().values())
    learnt = sum(_bytes(tensor) for tensor in model.parameters() if tensor.requires_grad)
    return 3 * weights + 2 * _numbers_per_weight(optimizer) * learnt


def explained(error: OSError, folder: Path) -> OSError:
    """Say in one sentence what happened to a run folder, if an error is about it.

    Returns:
        The error itself where it is about something else, or says so already.
    """
    if len(error.args) < 2:  # one of ours
        return error
    named = error.filename if isinstance(error.filename, str | bytes) else None
    if named is not None and not lies_in(os.fsdecode(named), folder):
        return error
    if not folder.is_dir():
        return removed(folder)
    return refused(folder, error) if error.errno in _OF_THE_DISK else error


def refused(folder: Path, error: OSError) -> OSError:
    """Make the error of a run folder that cannot be written."""
    said = OSError(
        f"The run folder '{folder}' can't be written: {reason_of(error)}. Free some space there, "
        "or give another `--log_root`."
    )
    said.errno = error.errno
    return said


def removed(folder: Path) -> OSError:
    """Make the error of a run folder that has gone."""
    return FileNotFoundError(
        f"The run folder '{folder}' was removed or moved while the command ran. Start it again, "
        "and leave the folder where it is until it has ended."
    )


def hush_writer() -> None:
    """Hide the traceback of TensorBoard's thread; its error is raised in the main thread too."""
    threading.excepthook = _except


def _except(caught: Any) -> None:
    """Handle what a thread did not catch."""
    if type(caught.thread).__name__ != _WRITER:
        _former_hook(caught)


def _nearest(folder: Path) -> Path:
    """Return a folder, or of those above it the nearest that is there."""
    return next((path for path in (folder, *folder.parents) if path.exists()), Path())


def _bytes(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _numbers_per_weight(optimizer: Callable[..., torch.optim.Optimizer]) -> int:
    """Return how many numbers an optimiser keeps for each weight; 2, as Adam, if it won't step."""
    weight = torch.nn.Parameter(torch.zeros(2, 3))
    weight.grad = torch.ones_like(weight)
    made = optimizer([weight])
    try:
        made.step()
    except (TypeError, RuntimeError):
        return 2
    state = made.state[weight].values()
    return sum(isinstance(part, torch.Tensor) and part.shape == weight.shape for part in state)


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"
