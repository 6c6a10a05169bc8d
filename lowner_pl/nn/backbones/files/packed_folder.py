"""Folders in which a backbone with a large vocabulary takes little space.

Beside ``config.json`` and the tokenizer there are `TABLE`, a table of embeddings with 4 bits per
number, and `WEIGHTS` with everything else, by the model's names:

* ``<table>.rows`` take the place of rows of the table or follow it; ``<table>.ids`` are their ids.
* Matrices of linear layers have 16 bits per number, or 8 and a scale per row, ``<name>.scale``.
* All other tensors have 16 bits per number.

`WEIGHTS` is not called ``model.safetensors``, because `transformers` would read that as if it were
the whole model.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, NamedTuple

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lowner_pl.nn.backbones.files.backbone_files import refusing
from lowner_pl.nn.backbones.files.quantised_table import (
    BLOCK,
    Blocks,
    dequantise,
    read_table,
    write_table,
)
from lowner_pl.nn.backbones.files.weights_file import add_checksums
from lowner_pl.runs.checksums import first_not_finite

TABLE = "embeddings.q4"
WEIGHTS = "packed.safetensors"
Bits = Literal[8, 16]


def is_packed(folder: Path) -> bool:
    """Find out whether a folder is packed."""
    return (folder / TABLE).is_file() or (folder / WEIGHTS).is_file()


class PackedNumbers:
    """A table of embeddings with 4 bits per number, except for some rows.

    Args:
        blocks: The blocks of the first rows. Shape ``(R, H / 32, 18)``.
        rows: Rows in the place of others, or after them. Shape ``(K, H)``.
        ids: Their ids, without gaps after those of the blocks. Shape ``(K,)``.

    Raises:
        ValueError: If an id occurs twice, or there are gaps.
    """

    def __init__(self, blocks: Blocks, rows: Tensor, ids: Tensor) -> None:
        count = len(blocks) + int((ids >= len(blocks)).sum())
        if len(ids.unique()) < len(ids) or not ((ids >= 0) & (ids < count)).all():
            raise ValueError("the ids of its rows have gaps, or occur twice")
        self.shape = (count, blocks.shape[1] * BLOCK)
        self.blocks, self.rows, self.ids = blocks, rows.float(), ids

    def whole(self) -> Tensor:
        """Compute the table. Shape ``(V, H)``."""
        table = torch.empty(self.shape)
        dequantise(self.blocks, table[: len(self.blocks)].numpy())
        table[self.ids] = self.rows
        return table


class PackedWeights(NamedTuple):
    """The weights of a packed folder, by the model's names.

    Attributes:
        table: Name of the table of embeddings.
        numbers: The table.
        others: All other weights, as 32-bit numbers.
    """

    table: str
    numbers: PackedNumbers
    others: dict[str, Tensor]


def read_packed(folder: Path, name: str) -> PackedWeights:
    """Read the weights of a packed folder.

    Args:
        folder: The folder.
        name: Name of the backbone, for messages.

    Raises:
        ValueError: If a file is missing, damaged or of another version.
    """
    with refusing(TABLE, name):
        blocks = read_table(folder / TABLE)
    with refusing(WEIGHTS, name):
        saved = load_file(folder / WEIGHTS)
        tables = [key.removesuffix(".ids") for key in saved if key.endswith(".ids")]
        if len(tables) != 1:
            raise ValueError("it does not name the table of embeddings")
        rows, ids = (saved.pop(f"{tables[0]}.{part}") for part in ("rows", "ids"))
        numbers, weights = PackedNumbers(blocks, rows, ids), {}
        for key, value in saved.items():
            if value.dtype == torch.int8:
                weights[key] = value.float() * saved[f"{key}.scale"][:, None]
            elif not key.endswith(".scale"):
                weights[key] = value.float()
    return PackedWeights(tables[0], numbers, weights)


def save_packed(
    model: PreTrainedModel,
    tokenizer: PreTrainedTokenizerBase,
    folder: Path,
    *,
    blocks: Blocks,
    ids: Iterable[int],
    bits: Bits,
) -> None:
    """Write a packed folder.

    Args:
        model: The model, with one table of embeddings for input and output.
        tokenizer: Its tokenizer.
        folder: Output folder.
        blocks: The table's rows with 4 bits per number. Their first row has id 0.
        ids: Ids of the rows that differ from ``blocks``, or follow them.
        bits: Bits per number in the matrices of linear layers.

    Raises:
        ValueError: If any other row differs, or a number is not finite as a number of 16 bits.
    """
    ids = sorted(set(ids))
    embeddings = model.get_input_embeddings()
    assert isinstance(embeddings, nn.Embedding)
    _check_rows(embeddings.weight.detach(), blocks, ids)
    matrices = {id(part.weight) for part in model.modules() if isinstance(part, nn.Linear)}
    saved: dict[str, Tensor] = {}
    for name, weight in model.named_parameters():  # a shared one comes once
        if weight is embeddings.weight:
            saved[f"{name}.ids"] = torch.tensor(ids, dtype=torch.long)
            saved[f"{name}.rows"] = weight.detach()[ids].half()
        elif bits == 8 and id(weight) in matrices:
            saved[name], saved[f"{name}.scale"] = _eight_bits(weight.detach())
        else:
            saved[name] = weight.detach().half().contiguous()
    if (wrong := first_not_finite(saved.items())) is not None:
        raise ValueError(f"{wrong!r} contains an infinity or NaN as a number of 16 bits.")
    folder.mkdir(parents=True, exist_ok=True)
    write_table(folder / TABLE, blocks)
    save_file(saved, folder / WEIGHTS, {"format": "pt"})
    add_checksums(folder)
    model.config.save_pretrained(folder)
    _save_tokenizer(tokenizer, folder)


def _check_rows(table: Tensor, blocks: Blocks, ids: list[int]) -> None:
    """Raise an error if a row differs, in any bit, from the blocks and is not among ``ids``."""
    plain = torch.empty(len(blocks), blocks.shape[1] * BLOCK)
    dequantise(blocks, plain.numpy())
    if plain.shape[1] != table.shape[1] or len(plain) > len(table):
        raise ValueError(
            f"The table of embeddings has the shape {tuple(table.shape)}, but the one with 4 bits "
            f"per number has {tuple(plain.shape)}. Give the file that the model was made from."
        )
    differs = torch.ones(len(table), dtype=torch.bool)
    same_bits = table[: len(plain)].view(torch.int32) == plain.view(torch.int32)
    differs[: len(plain)] = ~same_bits.all(1)
    differs[ids] = False
    if differs.any():
        raise ValueError(
            f"{int(differs.sum()):,} rows of the table of embeddings, such as row "
            f"{int(differs.nonzero()[0]):,}, differ from those with 4 bits per number. Only those "
            "of the mask and of `added_subwords` may: train with `train_embeddings: added`, and "
            "export without `--half`."
        )


def _eight_bits(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """Round a matrix ``(O, I)`` to 8 bits per number and a scale per row ``(O,)``."""
    scales = (matrix.abs().amax(1) / 127).clamp(min=torch.finfo(torch.float32).tiny)
    return (matrix / scales[:, None]).round().to(torch.int8), scales


def _save_tokenizer(tokenizer: PreTrainedTokenizerBase, folder: Path) -> None:
    """Save a tokenizer so that it is small and loads fast."""
    tokenizer.save_pretrained(folder)
    vocabulary = _rewrite(folder / "tokenizer.json")
    # Without this list, `transformers` reads the whole file again, and in Python.
    added = {token.pop("id"): token for token in vocabulary["added_tokens"]}
    _rewrite(folder / "tokenizer_config.json", added_tokens_decoder=added)


def _rewrite(file: Path, **more: object) -> dict[str, Any]:
    """Add entries to a JSON file, drop its spaces, and return its content."""
    content: dict[str, Any] = json.loads(file.read_text(encoding="utf-8")) | more
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"))
    file.write_text(text, encoding="utf-8")
    return content
