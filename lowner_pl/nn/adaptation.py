"""Weights adapted to a task for the length of a `with` block, and weights as functions of others.

The inner loop of meta-training and the adaptation to a test sentence are the same thing
(`Wu et al., 2020 <https://arxiv.org/abs/1911.06161>`_, Eq. 7 and 8, Algorithm 1).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from lowner_pl.nn.inner_update import InnerUpdate
from lowner_pl.nn.memory import keep_freed_memory


class Adaptation:
    """Gradient steps that are undone.

    The adapted weights lie in a second copy, made once and used for every task; the start weights
    are never written, so they come back bit for bit and at no cost. A gradient is used up as soon
    as the backward step has it, parameter by parameter; what stays of it is the step's state.

    Args:
        parameters: The weights that adapt.
        fixed: Weights that do not adapt, though they learn; no gradient is computed for them.
    """

    def __init__(
        self, parameters: Sequence[nn.Parameter], *, fixed: Sequence[nn.Parameter] = ()
    ) -> None:
        self.parameters = tuple(parameters)
        self.fixed = tuple(fixed)
        self._copies: list[Tensor] = []

    @contextmanager
    def adapted(
        self, loss: Callable[[], Tensor], *, update: InnerUpdate, steps: int
    ) -> Iterator[list[Tensor]]:
        """Take steps on a loss for the length of a ``with`` block; yield the start weights.

        Works where gradients are off, also in inference mode. Gradients that the parameters have
        are left as they are.

        Args:
            loss: Gives the loss at the weights as they are, a scalar; called once a step.
            update: The step.
            steps: How many; 0 leaves the weights as they are.

        Raises:
            ValueError: If ``steps`` is negative.
        """
        if steps < 0:
            raise ValueError(f"Adaptation needs at least 0 steps, was: {steps}.")
        start = [parameter.data for parameter in self.parameters]
        try:
            if steps:
                with torch.inference_mode(False), torch.enable_grad():
                    self._descend(loss, update, steps)
            yield start
        finally:
            with torch.inference_mode(False):
                for parameter, data in zip(self.parameters, start, strict=True):
                    parameter.data = data
            torch.clear_autocast_cache()

    def _descend(self, loss: Callable[[], Tensor], update: InnerUpdate, steps: int) -> None:
        """Take the steps, the gradients of the parameters and the fixed weights set aside."""
        if not self._copies or self._copies[0].device != self.parameters[0].device:
            keep_freed_memory()
            self._copies = [torch.empty_like(parameter.data) for parameter in self.parameters]
        gradients = [parameter.grad for parameter in self.parameters]
        hooks = self._hooks(update, steps)
        for parameter in self.fixed:
            parameter.requires_grad_(False)
        try:
            for parameter in self.parameters:
                parameter.grad = None
            for _ in range(steps):
                loss().backward()
                torch.clear_autocast_cache()  # else 16-bit copies of the weights before stay
        finally:
            for hook in hooks:
                hook.remove()
            for parameter in self.fixed:
                parameter.requires_grad_(True)
            for parameter, gradient in zip(self.parameters, gradients, strict=True):
                parameter.grad = gradient

    def _hooks(self, update: InnerUpdate, steps: int) -> list[Any]:
        """Let each parameter step as soon as it has its gradient: nothing else needs it then."""

        def hook_of(copy: Tensor) -> Callable[[Tensor], None]:
            state: Any = None
            step = 0

            def hook(parameter: Tensor) -> None:
                nonlocal state, step
                step += 1
                gradient, parameter.grad = parameter.grad, None
                assert gradient is not None
                is_last = step == steps
                with torch.no_grad():
                    made = update.apply(
                        copy if step > 1 else parameter.data,
                        gradient,
                        state,
                        step,
                        out=copy,
                        is_last=is_last,
                    )
                state = None if is_last else made
                parameter.data = copy

            return hook

        return [
            parameter.register_post_accumulate_grad_hook(hook_of(copy))
            for parameter, copy in zip(self.parameters, self._copies, strict=True)
        ]


def adapted_weights(
    weights: Mapping[str, Tensor],
    loss: Callable[[Mapping[str, Tensor]], Tensor],
    *,
    update: InnerUpdate,
    steps: int,
) -> dict[str, Tensor]:
    r"""Return adapted weights as a differentiable function of ``weights``.

    A loss of them has the whole meta-gradient of Eq. 11, :math:`\nabla_\theta\theta'_i` included.

    Args:
        weights: The start.
        loss: Gives the loss at other weights, a scalar that can be differentiated twice.
        update: The step.
        steps: How many.

    Raises:
        ValueError: If the step has no differentiable form.
    """
    states: dict[str, Any] = {}
    moved = dict(weights)
    for step in range(1, steps + 1):
        gradients = torch.autograd.grad(
            loss(moved), list(moved.values()), create_graph=True, allow_unused=True
        )
        for (name, weight), gradient in zip(list(moved.items()), gradients, strict=True):
            if gradient is not None:
                moved[name], states[name] = update.differentiable(
                    weight, gradient, states.get(name), step
                )
    return moved
