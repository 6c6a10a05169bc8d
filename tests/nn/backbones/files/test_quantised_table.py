import struct
from pathlib import Path

import numpy as np
import pytest
import xxhash

from lowner_pl.nn.backbones.files import quantised_table
from lowner_pl.nn.backbones.files.quantised_table import dequantise, read_table, write_table

from ....packed import toy_blocks

# One row of 32 numbers. The scale 0.5 is 0x3800 in half precision. Bytes 1 to 16:
# 0x1f gives (15 - 8) / 2 = 3.5 and (1 - 8) / 2 = -3.5, 0x88 gives 0 and 0, 0x09 gives 0.5 and -4.
CONTENT = bytes.fromhex("0038" + "1f" + 14 * "88" + "09")
NUMBERS = [3.5, *14 * [0.0], 0.5, -3.5, *14 * [0.0], -4.0]


def by_hand(
    content: bytes = CONTENT, *, version: int = 1, rows: int = 1, columns: int = 32
) -> bytes:
    """Write a file as its description says."""
    start = b"LPQ4" + struct.pack("<IQQ", version, rows, columns)
    return start + xxhash.xxh3_64_digest(start + bytes(8) + content) + content


def test_numbers_worked_out_by_hand(tmp_path: Path) -> None:
    (tmp_path / "table").write_bytes(by_hand())
    numbers = np.empty((1, 32), np.float32)
    dequantise(read_table(tmp_path / "table"), numbers)
    assert numbers.tolist() == [NUMBERS]


def test_a_table_is_written_as_its_description_says(tmp_path: Path) -> None:
    blocks = np.frombuffer(CONTENT, np.uint8).reshape(1, 1, 18)
    write_table(tmp_path / "table", blocks)
    assert (tmp_path / "table").read_bytes() == by_hand()


def test_a_table_is_read_as_it_was_written(tmp_path: Path) -> None:
    blocks = toy_blocks(7, 96)
    write_table(tmp_path / "table", blocks)
    assert (tmp_path / "table").stat().st_size == 32 + 7 * 3 * 18
    assert (read_table(tmp_path / "table") == blocks).all()


def test_every_number_is_its_half_byte_minus_8_times_the_scale(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(quantised_table, "_ROWS_AT_ONCE", 2)
    blocks = toy_blocks(5, 64)
    numbers = np.empty((5, 64), np.float32)
    dequantise(blocks, numbers)
    for row, column in np.ndindex(5, 64):
        block, place = blocks[row, column // 32], column % 32
        byte = int(block[2 + place % 16])
        half = byte // 16 if place >= 16 else byte % 16
        (scale,) = struct.unpack("<e", block[:2].tobytes())
        assert numbers[row, column] == np.float32(half - 8) * np.float32(scale)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "it is not a table of 4-bit numbers"),
        (by_hand()[:31], "it is not a table of 4-bit numbers"),
        (b"PK" + by_hand()[2:], "it is not a table of 4-bit numbers"),
        (by_hand(version=2), "it has version 2, but only version 1 can be read"),
        (by_hand()[:-1], "it has 17 bytes for 1 rows of 32 numbers, which take 18"),
        (by_hand() + b"\0", "it has 19 bytes for 1 rows of 32 numbers, which take 18"),
        (by_hand(rows=2), "it has 18 bytes for 2 rows of 32 numbers, which take 36"),
        (by_hand(rows=2**60), "it has 18 bytes for 1,152,921,504,606,846,976 rows"),
        (by_hand(rows=2, columns=16), "it has 18 bytes for 2 rows of 16 numbers"),
        (by_hand()[:-1] + b"\x08", "it has changed since it was written"),
        (by_hand()[:24] + bytes(8) + CONTENT, "it has changed since it was written"),
        (by_hand(bytes.fromhex("007c") + CONTENT[2:]), "it contains an infinity or NaN"),
        (by_hand(bytes.fromhex("017e") + CONTENT[2:]), "it contains an infinity or NaN"),
    ],
)
def test_a_file_that_is_no_whole_table_is_rejected(
    content: bytes, message: str, tmp_path: Path
) -> None:
    (tmp_path / "table").write_bytes(content)
    with pytest.raises(ValueError, match=message):
        read_table(tmp_path / "table")


def test_a_table_cut_off_or_changed_anywhere_is_rejected(tmp_path: Path) -> None:
    file = tmp_path / "table"
    write_table(file, toy_blocks(40, 64))
    whole = file.read_bytes()
    for place in range(0, len(whole), 64):
        for broken in (
            whole[:place],
            whole[:place] + bytes([whole[place] ^ 4]) + whole[place + 1 :],
        ):
            file.write_bytes(broken)
            with pytest.raises(ValueError, match=r"^it (is|has) "):
                read_table(file)
