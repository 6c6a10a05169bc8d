"""Packed backbones for tests."""

from pathlib import Path

import numpy as np
import torch

from lowner_pl.nn.backbones.files.packed_folder import Bits, save_packed
from lowner_pl.nn.backbones.files.quantised_table import BLOCK, BLOCK_BYTES, Blocks, dequantise
from lowner_pl.nn.backbones.loading import load_whole

ADDED = 3


def toy_blocks(rows: int, columns: int) -> Blocks:
    """Draw a table with 4 bits per number, the same every time."""
    random = np.random.default_rng(0)
    blocks = random.integers(0, 256, (rows, columns // BLOCK, BLOCK_BYTES), dtype=np.uint8)
    scales = random.uniform(0.005, 0.015, (*blocks.shape[:2], 1)).astype("<f2")
    blocks[..., :2] = scales.view(np.uint8)
    return blocks


def pack(plain: Path | str, folder: Path, *, bits: Bits = 16) -> Path:
    """Pack a backbone after rounding its table, except for the mask's row and the last ones."""
    model, tokenizer, _ = load_whole(str(plain), needs_head=True)
    weight = model.get_input_embeddings().weight
    assert isinstance(weight, torch.Tensor)
    table = weight.detach()
    first = len(table) - ADDED
    model.config.added_subwords = list(range(first, len(table)))
    ids = [tokenizer.mask_token_id, *model.config.added_subwords]
    kept = table[ids].clone()
    blocks = toy_blocks(first, table.shape[1])
    dequantise(blocks, table[:first].numpy())
    table[ids] = kept
    save_packed(model, tokenizer, folder, blocks=blocks, ids=ids, bits=bits)
    return folder
