"""Checksums of tensors and files, and the search for numbers that are not finite."""

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import torch
import xxhash
from torch import Tensor

_AT_ONCE = 2**19  # numbers that fit into the processor's cache


def tensors_in(value: object, name: str = "") -> Iterator[tuple[str, Tensor]]:
    """Yield every tensor in nested dicts and lists with its path.

    >>> [name for name, _ in tensors_in({"a": [torch.ones(1)], "b": {"c": torch.ones(1)}})]
    ['a.0', 'b.c']
    """
    if isinstance(value, Tensor):
        yield name, value
        return
    parts: Iterable[tuple[object, object]] = ()
    if isinstance(value, Mapping):
        parts = value.items()
    elif isinstance(value, list | tuple):
        parts = enumerate(value)
    for key, part in parts:
        yield from tensors_in(part, f"{name}.{key}" if name else str(key))


def checksum(tensor: Tensor) -> str:
    """Compute a checksum of a tensor's bytes."""
    flat = tensor.detach().cpu().contiguous().reshape(-1)
    return xxhash.xxh3_64_hexdigest(flat.view(torch.uint8).numpy().data)


def rounded_checksum(tensor: Tensor) -> str:
    """Compute the checksum of a tensor's numbers in bfloat16.

    It rounds a part at a time: a copy of a large table would cost more than the checksum.
    """
    digest = xxhash.xxh3_64()
    for part in tensor.detach().cpu().contiguous().reshape(-1).split(_AT_ONCE):
        digest.update(part.bfloat16().view(torch.uint8).numpy().data)
    return digest.hexdigest()


def checksums(tensors: Iterable[tuple[str, Tensor]]) -> dict[str, str]:
    """Compute a checksum of each tensor's bytes, by the tensor's name."""
    return {name: checksum(tensor) for name, tensor in tensors}


def checksum_of_files(*files: Path) -> str:
    """Compute a checksum of the content of files, one after another."""
    digest = xxhash.xxh3_64()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def first_changed(tensors: Iterable[tuple[str, Tensor]], saved: Mapping[str, str]) -> str | None:
    """Find the first tensor that differs from its saved checksum.

    Args:
        tensors: Tensors with their names. One without a checksum counts as changed.
        saved: Checksums by name. A name without a tensor counts as changed, too.
    """
    left = dict(saved)
    for name, tensor in tensors:
        if left.pop(name, None) != checksum(tensor):
            return name
    return next(iter(left), None)


def first_not_finite(tensors: Iterable[tuple[str, Tensor]]) -> str | None:
    """Find the first tensor that contains an infinity or NaN."""
    return next((name for name, tensor in tensors if not _is_finite(tensor)), None)


def _is_finite(tensor: Tensor) -> bool:
    if not (tensor.is_floating_point() or tensor.is_complex()):
        return True
    # A sum is one pass over memory and keeps infinities and NaN. It may overflow; then look again.
    return bool(torch.isfinite(tensor.detach().sum()) or torch.isfinite(tensor).all())
