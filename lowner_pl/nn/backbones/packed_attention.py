"""Attention over windows that are concatenated into one row, without padding."""

from itertools import groupby

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.functional import scaled_dot_product_attention

PACKED = "lowner_packed"
"""Name of this attention in `transformers`."""


def register() -> None:
    """Register the attention with `transformers`. Further calls change nothing."""
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
    **_: object,
) -> tuple[Tensor, None]:
    """Compute softmax attention within each window, with the signature `transformers` expects.

    Neighbouring windows of equal length share one call, so no padding is ever computed. The result
    equals that of padded attention with a mask.

    Args:
        module: The calling attention layer.
        query: Queries. Shape ``(1, heads, N, D)``.
        key: Keys, of the same shape.
        value: Values, of the same shape.
        attention_mask: Always ``None``, because ``lengths`` define the windows.
        lengths: Number of subwords in each window, in order; their sum is ``N``.
        dropout: Probability of dropping an attention weight.
        scaling: Factor on the scores; ``None`` means one over the square root of ``D``.
        sliding_window: If given, positions this far apart or farther do not see each other.
        _: Arguments of other attention functions.
    """
    del module, attention_mask
    heads, size = query.shape[1], query.shape[3]
    groups = [(length, len(list(equal))) for length, equal in groupby(lengths)]
    stretches = [length * rows for length, rows in groups]
    # Split rather than slice: the gradient of every slice would be as large as the whole row.
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
    """Compute which positions see each other, ``(length, length)``; ``None`` means all."""
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
    """Compute `scaled_dot_product_attention` with two matrix products.

    With bfloat16 on a CPU this is faster than torch's kernel, three times in the backward pass.
    """
    factor = query.shape[-1] ** -0.5 if scale is None else scale
    scores = torch.matmul(query * factor, key.transpose(-1, -2))
    if attn_mask is not None:
        scores = scores.masked_fill(~attn_mask, float("-inf"))
    return torch.matmul(F.dropout(scores.softmax(-1), dropout_p), value)


def _no_mask(*_: object, **__: object) -> None:
    """Return no mask, because packed rows have no padding."""
