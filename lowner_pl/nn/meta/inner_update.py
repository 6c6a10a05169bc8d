"""Optimisers of an inner loop: SGD, Adam, or any optimiser of torch, one weight at a time."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from typing import Any, Generic, NamedTuple, TypeVar

import torch
from torch import Tensor, nn
from torch.optim.adam import adam

OptimizerFactory = Callable[[Iterable[nn.Parameter]], torch.optim.Optimizer]
State = TypeVar("State")


class InnerUpdate(ABC, Generic[State]):
    """One step of an inner loop, for one weight. Each task starts without a state.

    Args:
        lr: Learning rate: alpha of Eq. 8, gamma when adapting to a test sentence (`Wu et al., 2020
            <https://arxiv.org/abs/1911.06161>`_).
    """

    def __init__(self, lr: float) -> None:
        self.lr = lr

    @abstractmethod
    def apply(
        self,
        weight: Tensor,
        gradient: Tensor,
        state: State | None,
        *,
        out: Tensor,
        is_last: bool = False,
    ) -> State | None:
        """Write the updated weight to ``out`` and compute the state for the next step.

        Args:
            weight: Current weight. After the first step it may be ``out`` itself.
            gradient: Gradient of the weight. The state may keep it, so don't reuse its memory.
            state: Result of the previous step, ``None`` for the first step.
            out: Memory for the updated weight.
            is_last: Whether this is the last step, after which no state is needed.
        """

    def differentiable(
        self, weight: Tensor, gradient: Tensor, state: State | None
    ) -> tuple[Tensor, State | None]:
        """Compute the updated weight as a function of weight and gradient, and the next state."""
        raise NotImplementedError

    def check_differentiable(self) -> None:
        """Raise an error if the optimiser has no differentiable form.

        Raises:
            ValueError: If it has none.
        """
        if type(self).differentiable is InnerUpdate.differentiable:
            raise ValueError(
                f"`inner_optimizer` is {self}, which has no differentiable form, but second-order "
                "meta-gradients need one. Use torch.optim.SGD or torch.optim.Adam without extras, "
                "or `algorithm: fomaml`."
            )


class SGDUpdate(InnerUpdate[None]):
    r"""Gradient descent, Eq. 8: :math:`\theta' = \theta - \alpha g`."""

    def apply(
        self,
        weight: Tensor,
        gradient: Tensor,
        state: None,
        *,
        out: Tensor,
        is_last: bool = False,
    ) -> None:
        """Write the updated weight to ``out``."""
        del state, is_last
        torch.add(weight, gradient, alpha=-self.lr, out=out)

    def differentiable(self, weight: Tensor, gradient: Tensor, state: None) -> tuple[Tensor, None]:
        """Compute the updated weight as a function of weight and gradient."""
        del state
        return weight - self.lr * gradient, None


class AdamState(NamedTuple):
    """What Adam remembers of a weight.

    Attributes:
        steps: Number of steps taken.
        first: First moment; after one step the gradient itself.
        second: Second moment; ``None`` after one step.
    """

    steps: int
    first: Tensor
    second: Tensor | None


class AdamUpdate(InnerUpdate[AdamState]):
    r"""Adam (`Kingma and Ba, 2015 <https://arxiv.org/abs/1412.6980>`_) with new moments per task.

    Memory matters here: one state per weight is as large as the model. The first step of Adam is
    :math:`\theta' = \theta - \alpha g / (|g| + \epsilon)` and needs no moments. The second step
    needs the first gradient only, and only a third step needs both moments.

    Args:
        lr: Learning rate.
        betas: Decay rates of the first and the second moment.
        eps: Term added to the denominator.
    """

    def __init__(self, lr: float, *, betas: tuple[float, float], eps: float) -> None:
        super().__init__(lr)
        self.betas = betas
        self.eps = eps
        self._scratch = torch.empty(0)

    def apply(
        self,
        weight: Tensor,
        gradient: Tensor,
        state: AdamState | None,
        *,
        out: Tensor,
        is_last: bool = False,
    ) -> AdamState | None:
        """Write the updated weight to ``out``; return the first gradient, later the moments."""
        if state is None:
            size = torch.abs(gradient, out=out).add_(self.eps)  # `out` serves as scratch memory
            torch.addcdiv(weight, gradient, size, value=-self.lr, out=out)
            return None if is_last else AdamState(1, gradient, None)
        beta1, beta2 = self.betas
        steps, first, second = state
        if second is None:
            second = self._scratch_like(first) if is_last else torch.empty_like(first)
            torch.mul(first, first, out=second).mul_(1 - beta2)
            first = first.mul_(1 - beta1)
        if weight is not out:
            out.copy_(weight)
        adam(
            [out],
            [gradient],
            [first],
            [second],
            [],
            [torch.tensor(float(steps), device=out.device)],
            fused=True,
            amsgrad=False,
            maximize=False,
            beta1=beta1,
            beta2=beta2,
            lr=self.lr,
            weight_decay=0.0,
            eps=self.eps,
        )
        return None if is_last else AdamState(steps + 1, first, second)

    def _scratch_like(self, tensor: Tensor) -> Tensor:
        """Return memory in a tensor's shape. All calls share it."""
        if self._scratch.numel() < tensor.numel() or self._scratch.device != tensor.device:
            self._scratch = torch.empty_like(tensor).flatten()
        return self._scratch[: tensor.numel()].view(tensor.shape)

    def differentiable(
        self, weight: Tensor, gradient: Tensor, state: AdamState | None
    ) -> tuple[Tensor, AdamState]:
        """Compute the updated weight as a function of weight and gradients, and the moments."""
        beta1, beta2 = self.betas
        steps, first, second = state or AdamState(
            0, torch.zeros_like(gradient), torch.zeros_like(gradient)
        )
        assert second is not None
        steps += 1
        first = beta1 * first + (1 - beta1) * gradient
        second = beta2 * second + (1 - beta2) * gradient**2
        # The square root has no derivative at 0. 1e-30 is far below epsilon.
        size = (second / (1 - beta2**steps) + 1e-30).sqrt() + self.eps
        moved = weight - self.lr * (first / (1 - beta1**steps)) / size
        return moved, AdamState(steps, first, second)


class TorchState(NamedTuple):
    """A parameter that shares its memory with the adapted weight, and its optimiser."""

    moved: nn.Parameter
    optimizer: torch.optim.Optimizer


class TorchUpdate(InnerUpdate[TorchState]):
    """Any optimiser of torch that updates each parameter independently of the others.

    Args:
        lr: Learning rate.
        factory: Creates the optimiser.
    """

    def __init__(self, lr: float, factory: OptimizerFactory) -> None:
        super().__init__(lr)
        self.factory = factory

    def apply(
        self,
        weight: Tensor,
        gradient: Tensor,
        state: TorchState | None,
        *,
        out: Tensor,
        is_last: bool = False,
    ) -> TorchState | None:
        """Write the updated weight to ``out`` and return the optimiser."""
        if state is None:
            parameter = nn.Parameter(out)
            state = TorchState(parameter, self.factory([parameter]))
            for group in state.optimizer.param_groups:
                group["lr"] = self.lr
        state.moved.data.copy_(weight)
        state.moved.grad = gradient
        state.optimizer.step()
        state.moved.grad = None
        return None if is_last else state

    def __str__(self) -> str:
        return type(self.factory([nn.Parameter(torch.zeros(1))])).__name__


def inner_update(factory: OptimizerFactory, *, lr: float | None = None) -> InnerUpdate[Any]:
    """Choose the inner update that takes the same steps as an optimiser of torch.

    Args:
        factory: Creates the optimiser.
        lr: Learning rate; by default the optimiser's own.

    Raises:
        ValueError: If the optimiser rejects its options, or can't take a step on one weight with
            nothing but its gradient.
    """
    optimizer = _checked(factory, steps=False)
    options = dict(optimizer.defaults)
    rate = float(options.pop("lr") if lr is None else lr)
    extras = ("weight_decay", "momentum", "dampening", "nesterov", "amsgrad", "maximize")
    is_plain = not any(options.get(extra) for extra in extras)
    if is_plain and type(optimizer) is torch.optim.SGD:
        return SGDUpdate(rate)
    if is_plain and type(optimizer) in (torch.optim.Adam, torch.optim.AdamW):
        return AdamUpdate(rate, betas=tuple(options["betas"]), eps=options["eps"])
    _checked(factory, steps=True)
    return TorchUpdate(rate, factory)


def _checked(factory: OptimizerFactory, *, steps: bool) -> torch.optim.Optimizer:
    """Create a trial optimiser; name the option `inner_optimizer` in errors."""
    try:
        return trial_optimizer(factory, steps=steps)
    except ValueError as error:
        raise ValueError(
            f"`inner_optimizer` can't be used in an inner loop: {error}. Choose an optimiser that "
            "updates any weight from its gradient alone, such as torch.optim.Adam, or change its "
            "`init_args`."
        ) from error


def trial_optimizer(factory: OptimizerFactory, *, steps: bool) -> torch.optim.Optimizer:
    """Create an optimiser of a single weight, to find out before a run whether it works.

    Args:
        factory: Creates the optimiser.
        steps: Whether to take a step with nothing but a gradient, which some optimisers can't.

    Raises:
        ValueError: If the optimiser rejects its options, the weight or the step.
    """
    weight = nn.Parameter(torch.zeros(1))
    weight.grad = torch.ones(1)
    try:
        optimizer = factory([weight])
        if steps:
            optimizer.step()
    except (TypeError, RuntimeError) as error:  # it may need a closure or sparse gradients
        raise ValueError(str(error)) from error
    return optimizer
