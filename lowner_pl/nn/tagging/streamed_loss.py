"""The loss of a batch of several passes, differentiated one pass after the other."""

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
    """Return the loss of a batch, whose gradient is computed with it.

    The loss is a sum over words, so that each pass can go backwards before the next goes forwards:
    the activations of one pass are held at a time, and none is computed twice.

    Args:
        backbone: The encoder.
        head: Scores each word on its own.
        batch: The batch.
        average: As for `SoftmaxHead.loss`.
    """
    parameters = [p for part in (backbone, head) for p in part.parameters() if p.requires_grad]
    parts = _losses(backbone, head, batch, average)
    loss: Tensor = _Streamed.apply(parts, *parameters)  # type: ignore[no-untyped-call]
    return loss


def _losses(
    backbone: Backbone, head: SoftmaxHead, batch: Batch, average: Average
) -> Iterable[Callable[[], Tensor]]:
    """Yield what gives the part of each pass in the loss."""
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
    """Return the weighted loss of the words of one pass."""
    emissions = head.emissions(backbone(input_ids, lengths).index_select(0, anchors))
    return (F.cross_entropy(emissions.float(), tags, reduction="none") * weights).sum()


class _Streamed(torch.autograd.Function):
    """A sum of losses with its gradient, which are made together."""

    @staticmethod
    def forward(ctx: Any, losses: Iterable[Callable[[], Tensor]], *parameters: Tensor) -> Tensor:
        """Return the sum."""
        total = torch.zeros((), device=parameters[0].device)
        gradients: list[Tensor | None] = [None] * len(parameters)
        for loss in losses:
            with torch.enable_grad():
                value = loss()
                parts = torch.autograd.grad(value, parameters, allow_unused=True)
            torch.clear_autocast_cache()  # its 16-bit copies belong to the graph that is used up
            total += value.detach()
            for place, part in enumerate(parts):
                if part is not None:
                    known = gradients[place]
                    gradients[place] = part if known is None else known.add_(part)
        ctx.gradients = gradients
        return total

    @staticmethod
    def backward(ctx: Any, scale: Tensor) -> tuple[Tensor | None, ...]:
        """Return the gradient of each parameter, ``None`` for those that have no part in it."""
        return (None, *(None if g is None else g * scale for g in ctx.gradients))
