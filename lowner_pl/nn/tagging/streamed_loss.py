"""The loss of a batch that takes several passes, differentiated pass by pass."""

from collections.abc import Callable, Iterable
from functools import partial
from itertools import accumulate
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from lowner_pl.encoding import Batch
from lowner_pl.nn.backbones.backbone import Backbone
from lowner_pl.nn.tagging.heads import Average, SoftmaxHead


def streamed_loss(
    backbone: Backbone, head: SoftmaxHead, batch: Batch, *, average: Average
) -> Tensor:
    """Compute the loss of a batch together with its gradient.

    The loss is a sum over words, so each pass can run backward before the next one runs forward.
    Only the activations of one pass are in memory at a time, and nothing is computed twice.

    Args:
        backbone: The encoder.
        head: Head that scores each word independently.
        batch: The batch.
        average: See `SoftmaxHead.loss`.
    """
    parameters = [p for part in (backbone, head) for p in part.parameters() if p.requires_grad]
    parts = _losses(backbone, head, batch, average)
    loss: Tensor = _Streamed.apply(parts, *parameters)  # type: ignore[no-untyped-call]
    return loss


def _losses(
    backbone: Backbone, head: SoftmaxHead, batch: Batch, average: Average
) -> Iterable[Callable[[], Tensor]]:
    """Yield functions that each compute the share of one pass in the loss."""
    anchors, tags = batch.anchors[batch.word_mask], batch.tags[batch.word_mask]
    weights = head.word_weights(batch.word_mask, average)[batch.word_mask]
    passes = backbone.passes(batch.lengths)
    ends = list(accumulate(map(sum, passes)))
    for lengths, start, end in zip(passes, [0, *ends], ends, strict=False):
        here = (start <= anchors) & (anchors < end)
        yield partial(
            _part,
            backbone,
            head,
            batch.input_ids[start:end],
            lengths,
            anchors[here] - start,
            tags[here],
            weights[here],
        )


def _part(
    backbone: Backbone,
    head: SoftmaxHead,
    input_ids: Tensor,
    lengths: tuple[int, ...],
    anchors: Tensor,
    tags: Tensor,
    weights: Tensor,
) -> Tensor:
    """Compute the weighted loss of the words in one pass."""
    emissions = head.emissions(backbone(input_ids, lengths).index_select(0, anchors))
    return (F.cross_entropy(emissions.float(), tags, reduction="none") * weights).sum()


class _Streamed(torch.autograd.Function):
    """A sum of losses that is computed together with its gradient."""

    @staticmethod
    def forward(ctx: Any, losses: Iterable[Callable[[], Tensor]], *parameters: Tensor) -> Tensor:
        """Compute the sum and all gradients."""
        total = torch.zeros((), device=parameters[0].device)
        gradients: list[Tensor | None] = [None] * len(parameters)
        for loss in losses:
            with torch.enable_grad():
                value = loss()
                parts = torch.autograd.grad(value, parameters, allow_unused=True)
            torch.clear_autocast_cache()  # its 16-bit copies belong to the freed graph
            total += value.detach()
            for place, part in enumerate(parts):
                if part is not None:
                    known = gradients[place]
                    gradients[place] = part if known is None else known.add_(part)
        ctx.gradients = gradients
        return total

    @staticmethod
    def backward(ctx: Any, scale: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradient of each parameter, ``None`` for parameters that are not involved."""
        return (None, *(None if g is None else g * scale for g in ctx.gradients))
