"""Checkpoints on disk: written whole or not at all, read without running code."""

import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO


class AtomicCheckpointIO(TorchCheckpointIO):
    """Writes beside the old file and then replaces it, so that a full disk costs no checkpoint."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write ``checkpoint`` to ``path`` whole.

        Raises:
            OSError: If it cannot be written; what stood at ``path`` stays.
        """
        del storage_options
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{target.name}.partial")
        try:
            with partial.open("wb") as file:
                torch.save(checkpoint, file)
                file.flush()
                os.fsync(file.fileno())
            partial.replace(target)
        except (OSError, RuntimeError) as error:
            partial.unlink(missing_ok=True)
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
    """Return a checkpoint, its tensors mapped from the file and read when used.

    Raises:
        FileNotFoundError: If there is none.
        ValueError: If the file is truncated, no checkpoint, or holds more than tensors and plain
            values (it could run code).
    """
    if not Path(path).is_file():
        raise FileNotFoundError(f"A checkpoint must be a file, was: '{path}', which is none.")
    try:
        checkpoint = torch.load(path, map_location="cpu", weights_only=True, mmap=True)
    except pickle.UnpicklingError as error:
        raise ValueError(
            f"A checkpoint must hold tensors and plain values only, was: '{path}' with more, which "
            "could run code. Only load checkpoints that lowner_pl wrote."
        ) from error
    except (RuntimeError, EOFError, ValueError, OSError) as error:
        raise ValueError(
            f"A checkpoint must be whole, was: '{path}', which is truncated or no checkpoint "
            f"({str(error).splitlines()[0]}). Use another, such as `--ckpt_path best` or `last`."
        ) from error
    if not isinstance(checkpoint, dict) or "state_dict" not in checkpoint:
        raise ValueError(f"A checkpoint must hold a state_dict, was: '{path}' without one.")
    return checkpoint
