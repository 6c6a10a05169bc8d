"""Temporary adaptation of weights to a task, and adapted weights as a differentiable function.

The inner loop of meta-training and the adaptation to a test sentence take the same steps
(`Wu et al., 2020 <https://arxiv.org/abs/1911.06161>`_, Eq. 7 and 8, Algorithm 1).
"""

import contextlib
import ctypes
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from lowner_pl.nn.meta.inner_update import InnerUpdate

# Numbers of the options M_TRIM_THRESHOLD and M_MMAP_THRESHOLD in glibc's malloc.h.
_TRIM_THRESHOLD, _MMAP_THRESHOLD = -1, -3
_HIGHEST_THRESHOLD = 2**31 - 1


class Adaptation:
    """Gradient steps that last for the length of a ``with`` block.

    The adapted weights live in a buffer that is allocated once and reused for every task. The start
    weights are never written, so restoring them is exact and takes no time. Each weight takes its
    step during the backward pass, as soon as its gradient is complete; the gradient is then freed,
    unless the optimiser needs it for the next step.

    Args:
        parameters: The weights that adapt.
        fixed: Trainable weights that do not adapt. The inner loop computes no gradients for them.
    """

    def __init__(
        self, parameters: Sequence[nn.Parameter], *, fixed: Sequence[nn.Parameter] = ()
    ) -> None:
        self.parameters = tuple(parameters)
        self.fixed = tuple(fixed)
        self._buffers: dict[Tensor, Tensor] = {}

    @contextlib.contextmanager
    def adapted(
        self, loss: Callable[[], Tensor], *, update: InnerUpdate[Any], steps: int
    ) -> Iterator[list[Tensor]]:
        r"""Take gradient steps :math:`\theta' = U^n(\theta)` inside a ``with`` block (Eq. 7).

        This also works in inference mode and where gradients are disabled. The ``.grad`` of the
        parameters is left as it was.

        Args:
            loss: Computes the loss at the current weights, a scalar. Called once per step.
            update: Optimiser of the inner loop. It starts from scratch.
            steps: Number of steps :math:`n`; 0 leaves the weights as they are.

        Yields:
            The start weights.

        Raises:
            ValueError: If ``steps`` is negative.
        """
        if steps < 0:
            raise ValueError(f"The number of adaptation steps is {steps}; it can't be negative.")
        start = [parameter.data for parameter in self.parameters]
        try:
            if steps:
                with torch.inference_mode(False), torch.enable_grad(), self._set_aside():
                    self._descend(loss, update, steps)
            yield start
        finally:
            with torch.inference_mode(False):
                for parameter, data in zip(self.parameters, start, strict=True):
                    parameter.data = data
            torch.clear_autocast_cache()

    def _descend(self, loss: Callable[[], Tensor], update: InnerUpdate[Any], steps: int) -> None:
        """Take the steps, each weight as soon as the backward pass has its gradient."""
        self._allocate()
        states: dict[Tensor, Any] = {}
        step = 1

        @torch.no_grad()
        def move(parameter: Tensor) -> None:
            gradient, parameter.grad = parameter.grad, None
            assert gradient is not None
            buffer = self._buffers[parameter]
            states[parameter] = update.apply(
                parameter.data,
                gradient,
                states.get(parameter),
                out=buffer,
                is_last=step == steps,
            )
            parameter.data = buffer

        hooks = [p.register_post_accumulate_grad_hook(move) for p in self.parameters]
        try:
            for step in range(1, steps + 1):  # noqa: B007 - `move` reads it
                loss().backward()
                torch.clear_autocast_cache()  # it holds 16-bit copies of earlier weights
        finally:
            for hook in hooks:
                hook.remove()

    def _allocate(self) -> None:
        """Allocate the buffers of the adapted weights, on the device that the weights are on."""
        first = self.parameters[0]
        if not self._buffers or self._buffers[first].device != first.device:
            _keep_freed_memory()
            self._buffers = {p: torch.empty_like(p.data) for p in self.parameters}

    @contextlib.contextmanager
    def _set_aside(self) -> Iterator[None]:
        """Hide existing gradients and switch off those of the fixed weights."""
        gradients = [parameter.grad for parameter in self.parameters]
        for parameter in self.parameters:
            parameter.grad = None
        for parameter in self.fixed:
            parameter.requires_grad_(False)
        try:
            yield
        finally:
            for parameter in self.fixed:
                parameter.requires_grad_(True)
            for parameter, gradient in zip(self.parameters, gradients, strict=True):
                parameter.grad = gradient


def adapted_weights(
    weights: Mapping[str, Tensor],
    loss: Callable[[Mapping[str, Tensor]], Tensor],
    *,
    update: InnerUpdate[Any],
    steps: int,
) -> dict[str, Tensor]:
    r"""Compute adapted weights as a differentiable function of ``weights``.

    The gradient of a loss of these weights is the whole meta-gradient of Eq. 11, with the Jacobian
    :math:`\nabla_\theta\theta'_i`.

    Args:
        weights: The start weights.
        loss: Computes the loss at given weights, a scalar that can be differentiated twice.
        update: Optimiser of the inner loop.
        steps: Number of steps.

    Raises:
        NotImplementedError: If the optimiser has no differentiable form.
    """
    states: dict[str, Any] = {}
    moved = dict(weights)
    for _ in range(steps):
        gradients = torch.autograd.grad(
            loss(moved), list(moved.values()), create_graph=True, allow_unused=True
        )
        for (name, weight), gradient in zip(list(moved.items()), gradients, strict=True):
            if gradient is not None:
                moved[name], states[name] = update.differentiable(
                    weight, gradient, states.get(name)
                )
    return moved


def _keep_freed_memory() -> None:
    """Make the C library keep freed memory for reuse.

    An inner loop frees one gradient per weight and step. glibc would return large blocks to the
    operating system, which would have to clear them again for the next gradient. Other C libraries
    have no such option.
    """
    with contextlib.suppress(AttributeError, OSError, TypeError):
        library = ctypes.CDLL(None)
        for option in (_TRIM_THRESHOLD, _MMAP_THRESHOLD):
            library.mallopt(option, _HIGHEST_THRESHOLD)
