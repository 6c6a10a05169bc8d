"""The step of an inner loop: SGD, Adam from its beginning, or any optimiser of torch."""

from abc import ABC, abstractmethod
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

from lowner_pl.nn.meta.trial_optimizer import OptimizerFactory, trial_optimizer


class InnerUpdate(ABC):
    """How an inner step moves a weight along its gradient; its state begins afresh in each task.

    Args:
        lr: The learning rate: alpha of Eq. 8, gamma in adaptation (`Wu et al., 2020
            <https://arxiv.org/abs/1911.06161>`_).
    """

    keeps_first_gradient = False
    """Whether the state behind the first step is the gradient itself."""

    def __init__(self, lr: float) -> None:
        self.lr = lr

    @abstractmethod
    def apply(
        self,
        weight: Tensor,
        gradient: Tensor,
        state: Any,
        step: int,
        *,
        out: Tensor,
        is_last: bool = False,
    ) -> Any:
        """Write the moved weight to ``out`` and return the state for the next step.

        Args:
            weight: The weight as it is; behind the first step it may be ``out`` itself.
            gradient: Its gradient, of the same shape; is the state's from then on.
            state: What the last step returned, ``None`` in the first.
            step: Number of this step, from 1.
            out: Where the moved weight goes.
            is_last: Whether there is no next step, so that no state is needed.
        """

    def differentiable(
        self, weight: Tensor, gradient: Tensor, state: Any, step: int
    ) -> tuple[Tensor, Any]:
        """Return the moved weight as a function of weight and gradient, and the next state."""
        raise NotImplementedError

    def check_differentiable(self) -> None:
        """Refuse an optimiser of which there is no differentiable form.

        Raises:
            ValueError: If there is none.
        """
        if type(self).differentiable is InnerUpdate.differentiable:
            raise ValueError(
                "Second-order meta-gradients need an inner optimiser with a differentiable form, "
                f"torch.optim.SGD or torch.optim.Adam without extras, was: {self}. Choose one of "
                "these for `inner_optimizer`, or `algorithm: fomaml`."
            )


class SGDUpdate(InnerUpdate):
    r"""Gradient descent, Eq. 8: :math:`\theta' = \theta - \alpha g`."""

    def apply(
        self,
        weight: Tensor,
        gradient: Tensor,
        state: Any,
        step: int,
        *,
        out: Tensor,
        is_last: bool = False,
    ) -> None:
        """Write the moved weight to ``out``."""
        del state, step, is_last
        torch.add(weight, gradient, alpha=-self.lr, out=out)

    def differentiable(
        self, weight: Tensor, gradient: Tensor, state: Any, step: int
    ) -> tuple[Tensor, None]:
        """Return the moved weight as a function of weight and gradient."""
        del state, step
        return weight - self.lr * gradient, None


class AdamUpdate(InnerUpdate):
    r"""Adam (`Kingma and Ba, 2015 <https://arxiv.org/abs/1412.6980>`_) from its beginning.

    The first step of Adam is :math:`\theta' = \theta - \alpha g / (|g| + \epsilon)`: it needs no
    moments. The second needs the first gradient alone, and only a third needs both moments.

    Args:
        lr: The learning rate.
        betas: Decay of the first and the second moment.
        eps: Added to the denominator.
    """

    keeps_first_gradient = True

    def __init__(self, lr: float, *, betas: tuple[float, float], eps: float) -> None:
        super().__init__(lr)
        self.betas = betas
        self.eps = eps
        self._scratch = torch.empty(0)

    def apply(
        self,
        weight: Tensor,
        gradient: Tensor,
        state: Any,
        step: int,
        *,
        out: Tensor,
        is_last: bool = False,
    ) -> Any:
        """Write the moved weight to ``out``; return the first gradient, then the moments."""
        if step == 1:
            size = torch.abs(gradient, out=out).add_(self.eps)  # no memory but the copy's
            torch.addcdiv(weight, gradient, size, value=-self.lr, out=out)
            return gradient
        beta1, beta2 = self.betas
        if step == 2:
            second = self._scratch_like(state) if is_last else torch.empty_like(state)
            torch.mul(state, state, out=second).mul_(1 - beta2)
            state = state.mul_(1 - beta1), second
        if weight is not out:
            out.copy_(weight)
        adam(
            [out],
            [gradient],
            [state[0]],
            [state[1]],
            [],
            [torch.tensor(step - 1.0, device=out.device)],
            fused=True,
            amsgrad=False,
            maximize=False,
            beta1=beta1,
            beta2=beta2,
            lr=self.lr,
            weight_decay=0.0,
            eps=self.eps,
        )
        return state

    def _scratch_like(self, tensor: Tensor) -> Tensor:
        """Return memory of a tensor's shape that each call uses anew."""
        if self._scratch.numel() < tensor.numel() or self._scratch.device != tensor.device:
            self._scratch = torch.empty_like(tensor).flatten()
        return self._scratch[: tensor.numel()].view(tensor.shape)

    def differentiable(
        self, weight: Tensor, gradient: Tensor, state: Any, step: int
    ) -> tuple[Tensor, Any]:
        """Return the moved weight as a function of weight and gradients, and the moments."""
        beta1, beta2 = self.betas
        first, second = state or (0.0, 0.0)
        first = beta1 * first + (1 - beta1) * gradient
        second = beta2 * second + (1 - beta2) * gradient**2
        # The root of 0 has no derivative: that of 1e-30 is far below epsilon.
        size = (second / (1 - beta2**step) + 1e-30).sqrt() + self.eps
        return weight - self.lr * (first / (1 - beta1**step)) / size, (first, second)


class TorchUpdate(InnerUpdate):
    """Any optimiser of torch that moves each parameter by itself.

    Args:
        lr: The learning rate.
        factory: Makes the optimiser.
    """

    def __init__(self, lr: float, factory: OptimizerFactory) -> None:
        super().__init__(lr)
        self.factory = factory

    def apply(
        self,
        weight: Tensor,
        gradient: Tensor,
        state: Any,
        step: int,
        *,
        out: Tensor,
        is_last: bool = False,
    ) -> tuple[nn.Parameter, torch.optim.Optimizer]:
        """Write the moved weight to ``out``; return the optimiser."""
        del is_last
        if step == 1:
            moved = nn.Parameter(out)
            state = moved, self.factory([moved])
            for group in state[1].param_groups:
                group["lr"] = self.lr
        moved, optimizer = state
        moved.data.copy_(weight)
        moved.grad = gradient
        optimizer.step()
        moved.grad = None
        return moved, optimizer

    def __str__(self) -> str:
        return type(self.factory([nn.Parameter(torch.zeros(1))])).__name__


def inner_update(factory: OptimizerFactory, *, lr: float | None = None) -> InnerUpdate:
    """Return the step of an optimiser, without its own state where that is possible.

    Args:
        factory: Makes the optimiser.
        lr: Learning rate instead of the optimiser's own.

    Raises:
        ValueError: If the optimiser refuses its options, or cannot move a weight by its gradient.
    """
    optimizer = _tried(factory, steps=False)
    options = dict(optimizer.defaults)
    rate = float(options.pop("lr") if lr is None else lr)
    extras = ("weight_decay", "momentum", "dampening", "nesterov", "amsgrad", "maximize")
    is_plain = not any(options.get(extra) for extra in extras)
    if is_plain and type(optimizer) is torch.optim.SGD:
        return SGDUpdate(rate)
    if is_plain and type(optimizer) in (torch.optim.Adam, torch.optim.AdamW):
        return AdamUpdate(rate, betas=tuple(options["betas"]), eps=options["eps"])
    _tried(factory, steps=True)
    return TorchUpdate(rate, factory)


def _tried(factory: OptimizerFactory, *, steps: bool) -> torch.optim.Optimizer:
    """Return an optimiser of one weight, tried out as each task would do it."""
    try:
        return trial_optimizer(factory, steps=steps)
    except ValueError as error:
        raise ValueError(
            f"`inner_optimizer` must move any weight by its gradient alone, was: one that fails "
            f"({error}). Choose another, such as torch.optim.Adam, or change its `init_args`."
        ) from error
