"""Checksums of tensors, and the search for numbers that are not finite."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import torch
import xxhash
from torch import Tensor


def tensors_in(value: Any, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """Walk through nested dicts and lists and yield each tensor with its place.

    >>> [name for name, _ in tensors_in({"a": [torch.ones(1)], "b": {"c": torch.ones(1)}})]
    ['a.0', 'b.c']
    """
    if isinstance(value, Tensor):
        yield name, value
        return
    parts: Iterable[tuple[Any, Any]] = ()
    if isinstance(value, Mapping):
        parts = value.items()
    elif isinstance(value, list | tuple):
        parts = enumerate(value)
    for key, part in parts:
        yield from tensors_in(part, f"{name}.{key}" if name else str(key))


def checksums(tensors: Iterable[tuple[str, Tensor]]) -> dict[str, str]:
    """Compute a checksum of each tensor's bytes, by its name."""
    return {name: _checksum(tensor) for name, tensor in tensors}


def first_changed(tensors: Iterable[tuple[str, Tensor]], saved: Mapping[str, str]) -> str | None:
    """Find the first tensor whose bytes are not those of its saved checksum.

    Args:
        tensors: The tensors with their names; one without a checksum counts as changed.
        saved: Checksums by name; a name without a tensor counts as changed, too.
    """
    left = dict(saved)
    for name, tensor in tensors:
        if left.pop(name, None) != _checksum(tensor):
            return name
    return next(iter(left), None)


def first_not_finite(tensors: Iterable[tuple[str, Tensor]]) -> str | None:
    """Find the first tensor that holds a number that is infinite or not a number."""
    return next((name for name, tensor in tensors if not _is_finite(tensor)), None)


def _checksum(tensor: Tensor) -> str:
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return xxhash.xxh3_64_hexdigest(flat.view(torch.uint8).numpy().data)


def _is_finite(tensor: Tensor) -> bool:
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return True
    # A sum reads memory once and keeps infinities and NaN; only if it overflows are all looked at.
    return bool(torch.isfinite(tensor.detach().sum()) or torch.isfinite(tensor).all())
