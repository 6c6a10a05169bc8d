"""Attention over sentences that lie end to end in one row, without padding."""

from itertools import groupby
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

PACKED = "lowner_packed"
"""Name under which `transformers` finds this attention."""


def register() -> None:
    """Make the attention known to `transformers`; calling it again changes nothing."""
    from transformers import AttentionInterface, AttentionMaskInterface

    AttentionInterface.register(PACKED, packed_attention)
    AttentionMaskInterface.register(PACKED, _no_mask)


def packed_attention(
    module: nn.Module,
    query: Tensor,
    key: Tensor,
    value: Tensor,
    attention_mask: Tensor | None,
    *,
    lengths: tuple[int, ...],
    dropout: float = 0.0,
    scaling: float | None = None,
    sliding_window: int | None = None,
    **_: Any,
) -> tuple[Tensor, None]:
    """Return softmax attention within each sentence, as `transformers` calls it.

    Windows of equal length lie side by side and share one call; no position is computed that is
    not there. The mathematics is that of padded attention with a mask.

    Args:
        module: The attention layer that calls.
        query: Queries. Shape ``(1, heads, N, D)``.
        key: Keys, of the same shape.
        value: Values, of the same shape.
        attention_mask: Always ``None``: ``lengths`` say what sees what.
        lengths: Subwords of each window, in the order of the row; their sum is ``N``.
        dropout: Chance of dropping an attention weight.
        scaling: Factor on the scores; ``None`` is one over the root of ``D``.
        sliding_window: Where given, positions this far apart or farther do not see each other.
        _: What other attentions take.
    """
    del module, attention_mask
    heads, size = query.shape[1], query.shape[3]
    groups = [(length, len(list(equal))) for length, equal in groupby(lengths)]
    stretches = [length * rows for length, rows in groups]
    # split, not slices: the gradient of a slice is as large as the whole row, for every slice.
    parts = zip(*(row[0].split(stretches, dim=1) for row in (query, key, value)), strict=True)
    slow = query.device.type == "cpu" and query.dtype == torch.bfloat16
    attend = _two_products if slow else scaled_dot_product_attention
    outputs = []
    for (length, rows), part in zip(groups, parts, strict=True):
        q, k, v = (rowed.view(heads, rows, length, size).transpose(0, 1) for rowed in part)
        mask = _local_mask(length, sliding_window, query.device)
        out = attend(q, k, v, attn_mask=mask, dropout_p=dropout, scale=scaling)
        outputs.append(out.transpose(1, 2).reshape(1, rows * length, heads, size))
    return torch.cat(outputs, dim=1), None


def _local_mask(length: int, window: int | None, device: torch.device) -> Tensor | None:
    """Return which positions see each other, ``(length, length)``; ``None`` where all do."""
    if window is None or length <= window:
        return None
    positions = torch.arange(length, device=device)
    return (positions[:, None] - positions[None, :]).abs() < window


def _two_products(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    attn_mask: Tensor | None,
    dropout_p: float,
    scale: float | None,
) -> Tensor:
    """Return what `scaled_dot_product_attention` returns, by two matrix products.

    In 16-bit brain floats on a CPU torch's own kernel is the slower one, backwards three times.
    """
    factor = query.shape[-1] ** -0.5 if scale is None else scale
    scores = torch.matmul(query * factor, key.transpose(-1, -2))
    if attn_mask is not None:
        scores = scores.masked_fill(~attn_mask, float("-inf"))
    return torch.matmul(F.dropout(scores.softmax(-1), dropout_p), value)


def _no_mask(*_: Any, **__: Any) -> None:
    """Return no mask: packed rows have no padding."""
