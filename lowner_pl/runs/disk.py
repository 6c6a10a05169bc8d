"""Checks that a run folder can be written and its disk has room, and the errors if not."""

import errno
import os
import shutil
from collections.abc import Callable, Iterable
from pathlib import Path

import torch

from lowner_pl.runs.files import Partial, reason_of
from lowner_pl.runs.paths import lies_in

PROBE = 64 * 1024  # bytes; a few would fit beside the file's name, even on a full disk
_OF_THE_DISK = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EROFS,
    errno.EACCES,
    errno.EPERM,
    errno.EIO,
    errno.EFBIG,
)


def check_writable(folder: Path) -> None:
    """Check that a folder can be written; it is not created if it is missing.

    Raises:
        OSError: If nothing can be written there, for example on a read-only or full disk.
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
    """Check that the disk has room for the checkpoints of a run.

    Args:
        folder: The run folder.
        needed: Size of the checkpoints in bytes; see `checkpoint_bytes`.

    Raises:
        OSError: If there is too little room.
    """
    free = shutil.disk_usage(_nearest(folder)).free
    if free < needed:
        raise OSError(
            f"The disk of the run folder '{folder}' has {_megabytes(free)} free, but the "
            f"checkpoints of this run take up to {_megabytes(needed)}. Free some space, or give "
            "another `--log_root`. An earlier run in the folder is unchanged."
        )


def checkpoint_bytes(
    weights: Iterable[torch.Tensor],
    trained: Iterable[torch.Tensor],
    optimizer: Callable[..., torch.optim.Optimizer],
) -> int:
    """Compute the most disk space that the checkpoints of a run take, in bytes.

    That is the weights in ``best``, and twice the weights and optimiser state in ``last``: the old
    file is removed only when the new one is complete.

    Args:
        weights: The weights that checkpoints hold.
        trained: The weights that the optimiser updates.
        optimizer: Makes the optimiser. Its state is measured after one step on a small weight.
    """
    saved, updated = (sum(map(_bytes, tensors)) for tensors in (weights, trained))
    return 3 * saved + 2 * _numbers_per_weight(optimizer) * updated


def explained(error: OSError, folder: Path) -> OSError:
    """Explain in one sentence what happened to a run folder.

    Returns:
        The error itself if it is about another file or is explained already.
    """
    if len(error.args) < 2:  # one of our own messages
        return error
    named = error.filename if isinstance(error.filename, str | bytes) else None
    if named is not None and not lies_in(os.fsdecode(named), folder):
        return error
    if not folder.is_dir():
        return removed(folder)
    return refused(folder, error) if error.errno in _OF_THE_DISK else error


def refused(folder: Path, error: OSError) -> OSError:
    """Make the error for a run folder that can't be written."""
    explained = OSError(
        f"The run folder '{folder}' can't be written: {reason_of(error)}. Free some space there, "
        "or give another `--log_root`."
    )
    explained.errno = error.errno
    return explained


def removed(folder: Path) -> OSError:
    """Make the error for a run folder that has disappeared."""
    return FileNotFoundError(
        f"The run folder '{folder}' was removed or moved while the command was running. Run the "
        "command again, and leave the folder in place until it ends."
    )


def _nearest(folder: Path) -> Path:
    """Return a folder, or its nearest parent that exists."""
    return next((path for path in (folder, *folder.parents) if path.exists()), Path())


def _bytes(tensor: torch.Tensor) -> int:
    return tensor.numel() * tensor.element_size()


def _numbers_per_weight(optimizer: Callable[..., torch.optim.Optimizer]) -> int:
    """Count the numbers an optimiser keeps per weight; 2, as Adam's, if it can't take a step."""
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
