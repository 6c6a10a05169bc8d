"""A table with 4 bits per number, in a file with a checksum.

The file is little-endian: a header with magic bytes, version, rows, columns and an XXH3 checksum of
all else; then the blocks. A block is 32 numbers along a row: their scale in half precision and 16
bytes. The low halves of the bytes are the first 16 numbers, the high halves the others. Each half
stands for its value minus 8, times the scale.
"""

import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import xxhash


class UnknownVersionError(ValueError):
    """A file of a version that this package can't read."""


Blocks = npt.NDArray[np.uint8]
"""The blocks of a table. Shape ``(rows, columns / 32, 18)``."""

BLOCK = 32
BLOCK_BYTES = 2 + BLOCK // 2
MAGIC = b"LPQ4"
VERSION = 1
HEADER = struct.Struct("<4sIQQ8s")
_ROWS_AT_ONCE = 256  # their numbers fit in the processor's cache
_LOW = np.uint64(0x0F0F_0F0F_0F0F_0F0F)  # the low half of each byte


def write_table(file: Path, blocks: Blocks) -> None:
    """Write a table to a file."""
    rows, per_row, _ = blocks.shape
    content = blocks.tobytes()
    with file.open("wb") as stream:
        stream.write(_header(rows, per_row * BLOCK, content))
        stream.write(content)


def read_table(file: Path) -> Blocks:
    """Read a table from a file, as it was written.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is not a table, is of another version, has another size than its
            header says, has changed since it was written, or holds numbers that are not finite.
    """
    raw = memoryview(file.read_bytes())
    if len(raw) < HEADER.size or raw[: len(MAGIC)] != MAGIC:
        raise ValueError("it is not a table of 4-bit numbers")
    _, version, rows, columns, _ = HEADER.unpack_from(raw)
    if version != VERSION:
        raise UnknownVersionError(
            f"it has version {version}, but only version {VERSION} can be read"
        )
    content = raw[HEADER.size :]
    size = rows * columns // BLOCK * BLOCK_BYTES
    if len(content) != size or columns % BLOCK:
        raise ValueError(
            f"it has {len(content):,} bytes for {rows:,} rows of {columns:,} numbers, which take "
            f"{size:,}"
        )
    if raw[: HEADER.size] != _header(rows, columns, content):
        raise ValueError("it has changed since it was written")
    blocks = np.frombuffer(content, np.uint8).reshape(rows, columns // BLOCK, BLOCK_BYTES)
    if not np.isfinite(_scales(blocks)).all():
        raise ValueError("it contains an infinity or NaN")
    return blocks


def dequantise(blocks: Blocks, numbers: npt.NDArray[np.float32]) -> None:
    """Compute the numbers of a table.

    Args:
        blocks: The blocks. Shape ``(R, C / 32, 18)``.
        numbers: Where to write the numbers. Shape ``(R, C)``, contiguous.
    """
    out = numbers.reshape(*blocks.shape[:2], BLOCK)
    for start in range(0, len(blocks), _ROWS_AT_ONCE):
        part = blocks[start : start + _ROWS_AT_ONCE]
        scales = _scales(part).astype(np.float32)
        halves = part[..., 2:].copy().view(np.uint64)  # eight bytes at once
        whole = np.concatenate([halves & _LOW, halves >> 4 & _LOW], axis=-1).view(np.int8)
        whole -= 8
        np.multiply(whole, scales, out=out[start : start + _ROWS_AT_ONCE])


def _scales(blocks: Blocks) -> npt.NDArray[np.float16]:
    """Return the scale of each block. Shape ``(R, C / 32, 1)``."""
    return blocks[..., :2].copy().view("<f2")


def _header(rows: int, columns: int, content: bytes | memoryview) -> bytes:
    """Make the header of a file."""
    checksum = xxhash.xxh3_64(HEADER.pack(MAGIC, VERSION, rows, columns, b""))
    checksum.update(content)
    return HEADER.pack(MAGIC, VERSION, rows, columns, checksum.digest())
