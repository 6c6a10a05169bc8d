"""Weights adapted to a task for the length of a `with` block, and weights as functions of others.

The inner loop of meta-training and the adaptation to a test sentence are the same thing
(`Wu et al., 2020 <https://arxiv.org/abs/1911.06161>`_, Eq. 7 and 8, Algorithm 1).
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from lowner_pl.nn.meta.inner_update import InnerUpdate
from lowner_pl.nn.meta.memory import keep_freed_memory
from lowner_pl.nn.meta.shared_start import FirstGradient


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
        self,
        loss: Callable[[], Tensor],
        *,
        update: InnerUpdate,
        steps: int,
        first: FirstGradient | None = None,
    ) -> Iterator[list[Tensor]]:
        """Take steps on a loss for the length of a ``with`` block; yield the start weights.

        Works where gradients are off, also in inference mode. Gradients that the parameters have
        are left as they are.

        Args:
            loss: Gives the loss at the weights as they are, a scalar; called once a step.
            update: The step.
            steps: How many; 0 leaves the weights as they are.
            first: Gives the gradients of the first step, anew at each call, where they are known;
                then the loss is called once less.

        Raises:
            ValueError: If ``steps`` is negative.
        """
        if steps < 0:
            raise ValueError(f"Adaptation needs at least 0 steps, was: {steps}.")
        start = [parameter.data for parameter in self.parameters]
        try:
            if steps:
                with torch.inference_mode(False), torch.enable_grad():
                    self._descend(loss, update, steps, first)
            yield start
        finally:
            with torch.inference_mode(False):
                for parameter, data in zip(self.parameters, start, strict=True):
                    parameter.data = data
            torch.clear_autocast_cache()

    def _descend(
        self,
        loss: Callable[[], Tensor],
        update: InnerUpdate,
        steps: int,
        first: FirstGradient | None,
    ) -> None:
        """Take the steps, the gradients of the parameters and the fixed weights set aside."""
        if not self._copies or self._copies[0].device != self.parameters[0].device:
            keep_freed_memory()
            self._copies = [torch.empty_like(parameter.data) for parameter in self.parameters]
        gradients = [parameter.grad for parameter in self.parameters]
        descents = [
            _Descent(parameter, copy, update, steps, first and partial(first, number))
            for number, (parameter, copy) in enumerate(
                zip(self.parameters, self._copies, strict=True)
            )
        ]
        hooks: list[Any] = []
        for parameter in self.fixed:
            parameter.requires_grad_(False)
        try:
            for descent in descents:
                descent.begin()
            hooks += [d.parameter.register_post_accumulate_grad_hook(d.step) for d in descents]
            for _ in range(steps - (first is not None)):
                loss().backward()
                torch.clear_autocast_cache()  # else 16-bit copies of the weights before stay
        finally:
            for hook in hooks:
                hook.remove()
            for parameter in self.fixed:
                parameter.requires_grad_(True)
            for parameter, gradient in zip(self.parameters, gradients, strict=True):
                parameter.grad = gradient


class _Descent:
    """The steps of one weight, each taken as soon as it has its gradient: nothing else needs it.

    Args:
        parameter: The weight.
        copy: Where the adapted weight lies.
        update: The step.
        steps: How many.
        first: Gives the first gradient, anew at each call, if it is known.
    """

    def __init__(
        self,
        parameter: nn.Parameter,
        copy: Tensor,
        update: InnerUpdate,
        steps: int,
        first: Callable[[], Tensor] | None,
    ) -> None:
        self.parameter, self.copy, self.update, self.steps = parameter, copy, update, steps
        self.first = first
        self.taken = 0
        self.state: Any = None

    def begin(self) -> None:
        """Set the gradient aside, and take the first step if its gradient is known."""
        self.parameter.grad = None
        if self.first is not None:
            self._take(self.first())
            if self.update.keeps_first_gradient:
                self.state = None  # a product of two factors, which take less memory

    def step(self, parameter: Tensor) -> None:
        """Take a step along the gradient that the backward pass has left."""
        gradient, parameter.grad = parameter.grad, None
        assert gradient is not None
        if self.taken == 1 and self.first is not None and self.update.keeps_first_gradient:
            self.state = self.first()
        self._take(gradient)

    @torch.no_grad()
    def _take(self, gradient: Tensor) -> None:
        self.taken += 1
        is_last = self.taken == self.steps
        state = self.update.apply(
            self.copy if self.taken > 1 else self.parameter.data,
            gradient,
            self.state,
            self.taken,
            out=self.copy,
            is_last=is_last,
        )
        self.state = None if is_last else state
        self.parameter.data = self.copy


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
