"""Checksums in the safetensors files of an exported backbone."""

import contextlib
import json
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import load_file, save_file

from lowner_pl.runs.checksums import checksums, first_changed

KEY = "lowner_pl_checksums"


def add_checksums(folder: Path | str) -> None:
    """Add a checksum of each tensor to the metadata of the safetensors files in a folder."""
    for file in sorted(Path(folder).glob("*.safetensors")):
        with safe_open(file, framework="pt") as opened:
            metadata = opened.metadata() or {}
        tensors = load_file(file)
        metadata[KEY] = json.dumps(checksums(tensors.items()))
        save_file(tensors, file, metadata)


def verify_checksums(folder: Path | str) -> None:
    """Verify the safetensors files in a folder that contain checksums. Others pass.

    Raises:
        ValueError: If a tensor has changed since it was written.
    """
    for file in sorted(Path(folder).glob("*.safetensors")):
        verify_file(file)


def verify_file(file: Path) -> None:
    """Verify a safetensors file if it contains checksums.

    Raises:
        ValueError: If a tensor has changed since it was written.
    """
    with contextlib.suppress(SafetensorError):  # a truncated file; loading it reports that
        name = _first_changed(file)
        if name is not None:
            raise ValueError(
                f"'{file}' is damaged: {name!r} has changed since it was written. Copy the folder "
                "again, or make it again."
            )


def _first_changed(file: Path) -> str | None:
    """Find the first tensor in a file that does not match its checksum, if the file has any."""
    with safe_open(file, framework="pt") as opened:
        saved = (opened.metadata() or {}).get(KEY)
        if saved is None:
            return None
        try:
            sums: dict[str, str] = dict(json.loads(saved))
        except (ValueError, TypeError):
            return KEY
        tensors = ((name, opened.get_tensor(name)) for name in opened.keys())  # noqa: SIM118
        return first_changed(tensors, sums)
