"""First gradients of many tasks from one pass: all of them begin at the same weights."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from itertools import accumulate, chain
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from lowner_pl.encoding import Batch
from lowner_pl.nn.backbones.products import product
from lowner_pl.nn.tagging.tagger import Tagger

FirstGradient = Callable[[int], Tensor]
"""Gives the gradient of the weight of a number, at the start."""


class _Call(NamedTuple):
    """What a layer read, ``(N, I)``, and the gradient of what it wrote, ``(N, O)``."""

    read: Tensor
    gradient: Tensor


class SharedStart:
    """Computes the first gradients of several tasks in one forward and one backward pass.

    The passes go through all tasks together, as large products; of the gradients of weights, which
    differ between the tasks, only the factors are kept: what a layer read, and the gradient of what
    it wrote. They take less memory than the gradient, which is their product.

    Args:
        tagger: The tagger.
        subwords: How many are in a pass at most, padding included, but for a task of more.
        memory: Bytes that the factors of a pass may take at most, likewise.
    """

    def __init__(self, tagger: Tagger, *, subwords: int = 512, memory: int = 64 * 2**20) -> None:
        self.tagger = tagger
        self.parameters = tuple(p for p in tagger.parameters() if p.requires_grad)
        owners = [(part, part.named_parameters(recurse=False)) for part in tagger.modules()]
        self._owners = [(part, name) for part, own in owners for name, p in own if p.requires_grad]
        self._parts = list(dict.fromkeys(part for part, _ in self._owners))
        self._of_head = set(tagger.head.modules())
        widths = sum(sum(part.weight.shape) for part in self._parts if isinstance(part, nn.Linear))
        fits = memory // max(4 * widths, 1)
        self.subwords = min(subwords, fits, tagger.backbone.subwords_per_pass)

    def is_possible(self, batches: Sequence[Batch]) -> bool:
        """Return whether these can be run in one pass, and all weights are of layers known here."""
        backbone = self.tagger.backbone
        known = all(isinstance(part, (nn.Linear, nn.LayerNorm)) for part in self._parts)
        has_own = len(self._owners) == len(self.parameters)  # no weight belongs to two layers
        fits = sum(map(self._rows, batches)) <= backbone.subwords_per_pass
        return known and has_own and fits and backbone.packed

    def parts(self, batches: Sequence[Batch]) -> Iterator[slice]:
        """Yield which of the batches to run together, all in their order.

        Dropout inside the backbone would depend on what is run together: then each is run alone.
        """
        most = 0 if self.tagger.backbone.draws_dropout else self.subwords
        start, used = 0, 0
        for place, batch in enumerate(batches):
            rows = self._rows(batch)
            if place > start and used + rows > most:
                yield slice(start, place)
                start, used = place, 0
            used += rows
        if batches:
            yield slice(start, len(batches))

    def _rows(self, batch: Batch) -> int:
        """Return how many subwords a batch has in a pass, those that only pad it included."""
        return len(self.tagger.backbone.padded(*batch[:2])[0])

    def first_gradients(
        self,
        batches: Sequence[Batch],
        loss: Callable[[int, Tensor], Tensor],
        *,
        seed: Callable[[int], None] | None = None,
    ) -> list[FirstGradient]:
        """Return what gives the gradients of each task at the weights as they are.

        Args:
            batches: What each task learns from.
            loss: Gives the loss of a task by its number and its emissions.
            seed: Called with the number of a task before anything random is drawn for it.
        """
        padded = [self.tagger.backbone.padded(*batch[:2]) for batch in batches]
        lengths = [len(input_ids) for input_ids, _ in padded]
        with self._recording() as calls, torch.inference_mode(False), torch.enable_grad():
            if seed is not None:
                seed(0)
            hidden = self.tagger.backbone(
                torch.cat([input_ids for input_ids, _ in padded]),
                tuple(chain.from_iterable(windows for _, windows in padded)),
            )
            losses = []
            for number, (part, batch) in enumerate(
                zip(hidden.split(lengths), batches, strict=True)
            ):
                if seed is not None and number:
                    seed(number)
                losses.append(loss(number, self.tagger.emissions(part, batch)))
            torch.stack(losses).sum().backward()
        torch.clear_autocast_cache()
        ends = [0, *accumulate(lengths)]
        return [
            partial(self._gradient, calls, number, slice(ends[number], ends[number + 1]))
            for number in range(len(batches))
        ]

    @contextmanager
    def _recording(self) -> Iterator[dict[nn.Module, list[_Call]]]:
        """Yield the factors of what is run, and run backwards, in the ``with`` block."""
        calls: dict[nn.Module, list[_Call]] = {part: [] for part in self._parts}
        hooks = [part.register_forward_hook(partial(_keep, own)) for part, own in calls.items()]
        for parameter in self.parameters:
            parameter.requires_grad_(False)
        try:
            yield calls
        finally:
            for parameter in self.parameters:
                parameter.requires_grad_(True)
            for hook in hooks:
                hook.remove()

    def _gradient(
        self, calls: dict[nn.Module, list[_Call]], task: int, rows: slice, number: int
    ) -> Tensor:
        """Return the gradient of a weight in a task."""
        part, name = self._owners[number]
        dtype: Any = part.weight.dtype  # that of gradients too; autocast may write in another
        if part in self._of_head:
            read, gradient = calls[part][task]
        else:
            read, gradient = (tensor[rows] for tensor in calls[part][0])
        if name == "bias":
            return gradient.sum(0, dtype=dtype)
        if isinstance(part, nn.LayerNorm):
            shape: Any = part.normalized_shape
            return (F.layer_norm(read.to(dtype), shape, eps=part.eps) * gradient).sum(
                0, dtype=dtype
            )
        return product(gradient.t(), read.to(gradient.dtype).t()).to(dtype)


def _keep(
    calls: list[_Call], part: nn.Module, inputs: tuple[Tensor, ...], output: Tensor
) -> Tensor:
    """Keep what a layer reads, and have the gradient of what it writes kept."""
    del part
    if not output.requires_grad:
        output = output.detach().requires_grad_()
    read = inputs[0].detach().flatten(0, -2)
    place = len(calls)
    calls.append(_Call(read, read.new_empty(0)))

    def keep(gradient: Tensor) -> None:
        calls[place] = _Call(read, gradient.flatten(0, -2))

    output.register_hook(keep)
    return output
