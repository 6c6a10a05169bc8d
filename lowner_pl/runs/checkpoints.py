"""Checkpoints on disk: written whole or not at all, read without running code, and verified."""

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
"""Parts of a checkpoint in which all numbers must be finite."""
RESTORING = {"checkpoint_connector", "on_load_checkpoint", "load_state_dict", "saving"}
"""Files and functions in which an error is one of the checkpoint."""
# Lightning and our code rely on these types; a missing entry is fine, as in older checkpoints.
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
    """Writes beside the old file and then replaces it, so that a full disk costs no checkpoint."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write ``checkpoint`` with a checksum of each tensor to ``path``, whole.

        Raises:
            OSError: If it cannot be written; what stood at ``path`` stays.
            ValueError: If a weight or a number of the optimiser's state is not finite.
        """
        del storage_options
        target = Path(path)
        if (name := _first_not_finite(checkpoint)) is not None:
            raise ValueError(
                f"'{target}' was not written: after {checkpoint.get('global_step')} updates "
                f"{name!r} holds a number that is infinite or not a number. Checkpoints saved "
                "earlier are unchanged. Lower the learning rate or clip gradients."
            )
        checkpoint = {**checkpoint, CHECKSUMS: checksums(tensors_in(checkpoint))}
        try:
            with Partial(target) as partial, partial.path.open("wb") as file:
                torch.save(checkpoint, file)
        except (OSError, RuntimeError) as error:
            raise OSError(
                f"The checkpoint must be written whole, was: '{target}' could not be ({error}). "
                "What stood there before is unchanged. Free some space and resume with "
                "`--ckpt_path last`."
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
    """Read a checkpoint and verify it: its structure, checksums and numbers.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If the file is damaged, no checkpoint, holds numbers that are not finite, or
            holds more than tensors and plain values (it could run code).
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"A checkpoint must be a file, was: '{path}', which is none.")
    checkpoint = _checked(_read(path), path)
    saved = checkpoint.pop(CHECKSUMS, None)
    if saved is not None and (name := first_changed(tensors_in(checkpoint), saved)) is not None:
        raise ValueError(
            f"'{path}' is damaged: {name!r} is not as it was saved. Copy the file again, or use "
            "another checkpoint, such as `--ckpt_path best` or `last`."
        )
    # With checksums the numbers are those that were saved, which were finite.
    if saved is None and (name := _first_not_finite(checkpoint)) is not None:
        raise ValueError(
            f"'{path}' can't be used: {name!r} holds a number that is infinite or not a number. "
            "Use another checkpoint, such as `--ckpt_path best` or `last`, or train again."
        )
    return checkpoint


@contextmanager
def restored_from(path: str | Path) -> Iterator[None]:
    """Say in one sentence that a checkpoint can't be restored, whatever entry of it is wrong.

    Raises:
        ValueError: If an error comes from restoring a checkpoint.
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


def _read(path: str | Path) -> Any:
    """Read the content of a file, its tensors mapped from the file."""
    try:
        with zipfile.ZipFile(path) as archive:
            for name in archive.namelist():
                if "/data/" not in name:
                    _verify(archive, name)  # tensors have a checksum of ours, which is faster
        return torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except UnpicklingError as error:
        raise ValueError(
            f"A checkpoint must hold tensors and plain values only, was: '{path}' with more, which "
            "could run code. Only load checkpoints that lowner_pl wrote."
        ) from error
    except Exception as error:  # damaged bytes make torch and zipfile raise errors of any kind
        reason = (str(error) or type(error).__name__).splitlines()[0][:200]
        raise ValueError(
            f"A checkpoint must be whole, was: '{path}', which is damaged, truncated or no "
            f"checkpoint ({reason}). Use another, such as `--ckpt_path best` or `last`."
        ) from error


def _verify(archive: zipfile.ZipFile, name: str) -> None:
    """Read a file of an archive, which compares its checksum."""
    with archive.open(name) as file:
        while file.read(1 << 20):
            pass


def _checked(checkpoint: Any, path: str | Path) -> dict[str, Any]:
    """Refuse what is no checkpoint of Lightning, or holds entries of other types."""
    if not isinstance(checkpoint, dict) or "state_dict" not in checkpoint:
        raise ValueError(f"A checkpoint must hold a state_dict, was: '{path}' without one.")
    for key, expected in TYPES.items():
        value = checkpoint.get(key)
        if key in checkpoint and (not isinstance(value, expected) or isinstance(value, bool)):
            raise _not_ours(path, f"{key!r} is {type(value).__name__}, not {expected.__name__}")
    for name, value in checkpoint["state_dict"].items():
        if not (isinstance(name, str) and isinstance(value, torch.Tensor)):
            found = f"{type(value).__name__} under {str(name)[:80]!r}"
            raise _not_ours(path, f"'state_dict' holds {found}, not a tensor")
    return checkpoint


def _not_ours(path: str | Path, found: str) -> ValueError:
    return ValueError(
        f"'{path}' is no checkpoint that lowner_pl wrote: {' '.join(found.split())[:200]}. Use one "
        "from a run folder."
    )


def _first_not_finite(checkpoint: dict[str, Any]) -> str | None:
    """Find the first weight, or tensor of the optimiser's state, that is not finite."""
    parts = {key: checkpoint[key] for key in NUMBERS if key in checkpoint}
    return first_not_finite(tensors_in(parts))
