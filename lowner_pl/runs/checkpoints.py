"""Checkpoint files: written whole or not at all, read without running code, and verified."""

import traceback
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from pickle import UnpicklingError
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO

from lowner_pl.runs.checksums import checksums, first_changed, first_not_finite, tensors_in
from lowner_pl.runs.files import Partial

CHECKSUMS = "lowner_pl_checksums"
NUMBERS = ("state_dict", "optimizer_states")
"""Entries of a checkpoint in which all numbers must be finite."""
RESTORING = {"checkpoint_connector", "on_load_checkpoint", "load_state_dict", "saving"}
"""Modules and functions that restore a checkpoint; an error in them is blamed on the file."""
# Entries that Lightning and this package rely on. One may be missing, as in older checkpoints.
TYPES: dict[str, type] = {
    "state_dict": dict,
    "lowner_pl": dict,
    CHECKSUMS: dict,
    "epoch": int,
    "global_step": int,
    "pytorch-lightning_version": str,
    "loops": dict,
    "callbacks": dict,
    "optimizer_states": list,
    "lr_schedulers": list,
    "hyper_parameters": dict,
}


class AtomicCheckpointIO(TorchCheckpointIO):
    """Lightning's checkpoint plug-in, with files that are written whole or not at all."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: object = None
    ) -> None:
        """Write a checkpoint and a checksum of each of its tensors.

        Raises:
            OSError: If the file can't be written; an earlier file at ``path`` stays.
            ValueError: If a weight or a number of the optimiser's state is not finite.
        """
        del storage_options
        target = Path(path)
        if (name := _first_not_finite(checkpoint)) is not None:
            raise ValueError(
                f"'{target}' was not written: after {checkpoint.get('global_step')} updates, "
                f"{name!r} contains an infinity or NaN. Earlier checkpoints are unchanged. Lower "
                "the learning rate or clip gradients."
            )
        checkpoint = {**checkpoint, CHECKSUMS: checksums(tensors_in(checkpoint))}
        try:
            with Partial(target) as partial, partial.path.open("wb") as file:
                torch.save(checkpoint, file)
        except (OSError, RuntimeError) as error:
            raise OSError(
                f"The checkpoint '{target}' can't be written ({error}). An earlier one is "
                "unchanged. Free some space and resume with `--ckpt_path last`."
            ) from error

    def load_checkpoint(
        self,
        path: str | Path,
        map_location: Callable[..., Any] | None = None,
        weights_only: bool | None = None,
    ) -> dict[str, Any]:
        """Read a checkpoint of tensors and plain values; see `read_checkpoint`."""
        del map_location, weights_only
        return read_checkpoint(path)


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """Read a checkpoint and verify its structure, checksums and numbers.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, is no checkpoint, contains numbers that are not finite,
            or contains more than tensors and plain values, which could run code.
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"There is no checkpoint file '{path}'. Check the path.")
    checkpoint = _checked(_read(path), path)
    saved = checkpoint.pop(CHECKSUMS, None)
    if saved is not None and (name := first_changed(tensors_in(checkpoint), saved)) is not None:
        raise ValueError(
            f"'{path}' is damaged: {name!r} has changed since it was saved. Copy the file again, "
            "or use another checkpoint, such as `--ckpt_path best` or `last`."
        )
    # Numbers with a matching checksum were finite when they were saved.
    if saved is None and (name := _first_not_finite(checkpoint)) is not None:
        raise ValueError(
            f"'{path}' can't be used: {name!r} contains an infinity or NaN. Use another "
            "checkpoint, such as `--ckpt_path best` or `last`, or train again."
        )
    return checkpoint


@contextmanager
def restored_from(path: str | Path) -> Iterator[None]:
    """Turn any error of restoring a checkpoint into one sentence about the file.

    Raises:
        ValueError: If an error comes from restoring the checkpoint.
    """
    try:
        yield
    except (ValueError, OSError):
        raise
    except Exception as error:
        names = {
            name
            for frame in traceback.extract_tb(error.__traceback__)
            for name in (Path(frame.filename).stem, frame.name)
        }
        if not names & RESTORING:
            raise
        raise _not_ours(path, f"restoring it failed ({type(error).__name__}: {error})") from error


def _read(path: str | Path) -> object:
    """Read the content of a file; its tensors are mapped from the file."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if "/data/" not in name:
                    _verify(archive, name)  # tensors have our own checksums, which are faster
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except UnpicklingError as error:
        raise ValueError(
            f"The checkpoint '{path}' contains more than tensors and plain values, which could run "
            "code. Only load checkpoints that lowner_pl wrote."
        ) from error
    except Exception as error:  # damaged bytes make torch and zipfile raise errors of any kind
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise ValueError(
            f"'{path}' is damaged, truncated or no checkpoint ({reason}). Use another one, such as "
            "`--ckpt_path best` or `last`."
        ) from error


def _verify(archive: zipfile.ZipFile, name: str) -> None:
    """Read a file of an archive to the end, which makes `zipfile` compare its checksum."""
    with archive.open(name) as file:
        while file.read(1 << 20):
            pass


def _checked(checkpoint: object, path: str | Path) -> dict[str, Any]:
    """Check that the content is a Lightning checkpoint with entries of the right types."""
    if not isinstance(checkpoint, dict) or "state_dict" not in checkpoint:
        raise ValueError(
            f"'{path}' is no checkpoint: it has no state_dict. Use one from a run folder."
        )
    for key, expected in TYPES.items():
        value = checkpoint.get(key)
        if key in checkpoint and (not isinstance(value, expected) or isinstance(value, bool)):
            raise _not_ours(path, f"{key!r} is {type(value).__name__}, not {expected.__name__}")
    for name, value in checkpoint["state_dict"].items():
        if not (isinstance(name, str) and isinstance(value, torch.Tensor)):
            found = f"{type(value).__name__} under {str(name)[:80]!r}"
            raise _not_ours(path, f"'state_dict' contains {found}, not a tensor")
    return checkpoint


def _not_ours(path: str | Path, found: str) -> ValueError:
    return ValueError(
        f"'{path}' is no checkpoint that lowner_pl wrote: {' '.join(found.split())[:200]}. Use one "
        "from a run folder."
    )


def _first_not_finite(checkpoint: dict[str, Any]) -> str | None:
    """Find the first weight or tensor of the optimiser's state that is not finite."""
    parts = {key: checkpoint[key] for key in NUMBERS if key in checkpoint}
    return first_not_finite(tensors_in(parts))
