"""Every inner update takes exactly the steps of the torch optimiser it replaces."""

from collections.abc import Iterable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lowner_pl.nn.meta.inner_update import (
    AdamUpdate,
    InnerUpdate,
    OptimizerFactory,
    SGDUpdate,
    TorchUpdate,
    inner_update,
)

FACTORIES: dict[str, tuple[OptimizerFactory, type[InnerUpdate[Any]]]] = {
    "sgd": (lambda p: torch.optim.SGD(p, lr=0.1), SGDUpdate),
    "adam": (lambda p: torch.optim.Adam(p, lr=0.1), AdamUpdate),
    "adam_other_betas": (
        lambda p: torch.optim.Adam(p, lr=0.03, betas=(0.5, 0.7), eps=1e-3),
        AdamUpdate,
    ),
    "adamw_without_decay": (lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.0), AdamUpdate),
    "adamw": (lambda p: torch.optim.AdamW(p, lr=0.1, weight_decay=0.3), TorchUpdate),
    "momentum": (lambda p: torch.optim.SGD(p, lr=0.1, momentum=0.9), TorchUpdate),
    "amsgrad": (lambda p: torch.optim.Adam(p, lr=0.1, amsgrad=True), TorchUpdate),
    "rmsprop": (lambda p: torch.optim.RMSprop(p, lr=0.1), TorchUpdate),
}


def gradients(steps: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(0)
    made = [torch.randn(3, 4, generator=generator) for _ in range(steps)]
    made[0][0, 0] = 0.0  # the first step leaves this weight alone
    return made


def by_torch(factory: OptimizerFactory, start: Tensor, steps: int) -> Tensor:
    weight = nn.Parameter(start.clone())
    optimizer = factory([weight])
    for gradient in gradients(steps):
        weight.grad = gradient
        optimizer.step()
    return weight.data


def by_update(update: InnerUpdate[Any], start: Tensor, steps: int) -> Tensor:
    weight, out = start.clone(), torch.empty_like(start)
    state: Any = None
    for step, gradient in enumerate(gradients(steps), 1):
        state = update.apply(weight, gradient, state, out=out, is_last=step == steps)
        weight = out
    return weight


@pytest.mark.parametrize("name", FACTORIES)
@pytest.mark.parametrize("steps", [1, 2, 3, 6])
def test_an_inner_update_takes_the_steps_of_the_torch_optimiser(name: str, steps: int) -> None:
    factory, kind = FACTORIES[name]
    update = inner_update(factory)
    assert type(update) is kind
    start = torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    moved = by_update(update, start, steps)
    torch.testing.assert_close(moved, by_torch(factory, start, steps), rtol=1e-6, atol=1e-7)
    # A second task starts without a state.
    assert by_update(update, start, steps).equal(moved)


@pytest.mark.parametrize("name", ["sgd", "adam", "adam_other_betas"])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_differentiable_form_takes_the_same_steps(name: str, steps: int) -> None:
    update = inner_update(FACTORIES[name][0])
    weight = start = torch.randn(3, 4, generator=torch.Generator().manual_seed(1))
    state: Any = None
    for gradient in gradients(steps):
        weight, state = update.differentiable(weight, gradient, state)
    torch.testing.assert_close(weight, by_update(update, start, steps), rtol=1e-6, atol=1e-7)


def test_the_first_step_of_adam_equals_a_hand_computed_value() -> None:
    # lr 0.1, eps 0.5, gradient -1.5: 2 + 0.1 * 1.5 / (1.5 + 0.5) = 2.075.
    update = AdamUpdate(0.1, betas=(0.9, 0.999), eps=0.5)
    out = torch.empty(1)
    update.apply(torch.tensor([2.0]), torch.tensor([-1.5]), None, out=out)
    assert out.item() == pytest.approx(2.075)


def test_the_derivative_is_finite_where_the_gradient_is_zero() -> None:
    update = AdamUpdate(0.1, betas=(0.9, 0.999), eps=1e-8)
    gradient = torch.tensor([0.0, 1e-20, 2.0], requires_grad=True)
    moved, _ = update.differentiable(torch.zeros(3), gradient, None)
    (slope,) = torch.autograd.grad(moved.sum(), gradient)
    assert torch.isfinite(slope).all()


@pytest.mark.parametrize("name", FACTORIES)
def test_a_given_learning_rate_replaces_that_of_the_optimiser(name: str) -> None:
    factory, _ = FACTORIES[name]

    def slower(parameters: Iterable[nn.Parameter]) -> torch.optim.Optimizer:
        optimizer = factory(parameters)
        for group in optimizer.param_groups:
            group["lr"] = 0.007
        return optimizer

    start = torch.ones(3, 4)
    moved = by_update(inner_update(factory, lr=0.007), start, 3)
    torch.testing.assert_close(moved, by_torch(slower, start, 3), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize(
    ("factory", "reason"),
    [
        (lambda p: torch.optim.LBFGS(p), "closure"),
        (lambda p: torch.optim.SparseAdam(p), "dense gradients"),
        (lambda p: torch.optim.Muon(p), "2D parameters"),
        (lambda p: torch.optim.Adam(p, lr=-1.0), r"learning rate: -1\.0"),
    ],
)
def test_an_optimiser_that_cannot_take_an_inner_step_is_rejected(
    factory: OptimizerFactory, reason: str
) -> None:
    with pytest.raises(
        ValueError, match=rf"`inner_optimizer` can't be used.*{reason}.*Choose an optimiser"
    ):
        inner_update(factory)


def test_an_optimiser_without_a_differentiable_form_is_rejected_by_name() -> None:
    with pytest.raises(
        ValueError, match="`inner_optimizer` is RMSprop, which has no differentiable form"
    ):
        inner_update(FACTORIES["rmsprop"][0]).check_differentiable()
    inner_update(FACTORIES["adam"][0]).check_differentiable()
