"""Adaptation of models with one or two weights, compared with values computed by hand."""

from collections.abc import Callable, Mapping

import pytest
import torch
from torch import Tensor, nn

from lowner_pl.nn import Adaptation, adapted_weights
from lowner_pl.nn.meta.inner_update import AdamUpdate, SGDUpdate

SGD = SGDUpdate(0.1)
ADAM = AdamUpdate(0.1, betas=(0.9, 0.999), eps=1e-8)


class Quadratic(nn.Module):
    """(w - target)² / 2: its gradient is w - target, its second derivative 1."""

    def __init__(self, w: float) -> None:
        super().__init__()
        self.w = nn.Parameter(torch.tensor(w))

    def loss(self, target: float) -> Tensor:
        return (self.w - target) ** 2 / 2


def test_the_meta_gradient_is_the_query_gradient_at_the_adapted_weights() -> None:
    # Two SGD steps on support target 2 from w = 0 with lr 0.1: w = 0.2, then 0.38 (Eq. 7, 8).
    # First-order meta-gradient on query target 5 (Eq. 12): 0.38 - 5 = -4.62.
    model = Quadratic(0.0)
    with Adaptation([model.w]).adapted(lambda: model.loss(2.0), update=SGD, steps=2):
        assert model.w.item() == pytest.approx(0.38)
        model.loss(5.0).backward()
    assert model.w.item() == 0.0
    assert model.w.grad is not None
    assert model.w.grad.item() == pytest.approx(-4.62)


def test_meta_gradients_of_several_tasks_sum() -> None:
    # Tasks (support 2, query 5) and (support -4, query 1), one step each from w = 0:
    # w = 0.2 and -0.4; gradients 0.2 - 5 = -4.8 and -0.4 - 1 = -1.4; their sum is -6.2 (Eq. 10).
    model = Quadratic(0.0)
    adaptation = Adaptation([model.w])
    for support, query in ((2.0, 5.0), (-4.0, 1.0)):
        with adaptation.adapted(lambda s=support: model.loss(s), update=SGD, steps=1):  # type: ignore[misc]
            model.loss(query).backward()
    assert model.w.grad is not None
    assert model.w.grad.item() == pytest.approx(-6.2)


def test_the_second_order_meta_gradient_includes_the_jacobian() -> None:
    # d(w after two steps)/dw = (1 - 0.1)² = 0.81, so Eq. 11 gives 0.81 * -4.62 = -3.7422.
    model = Quadratic(0.0)

    def loss_of(target: float) -> Callable[[Mapping[str, Tensor]], Tensor]:
        return lambda weights: (weights["w"] - target) ** 2 / 2

    moved = adapted_weights({"w": model.w}, loss_of(2.0), update=SGD, steps=2)
    assert moved["w"].item() == pytest.approx(0.38)
    (gradient,) = torch.autograd.grad(loss_of(5.0)(moved), [model.w])
    assert gradient.item() == pytest.approx(-3.7422)
    assert model.w.item() == 0.0


@pytest.mark.parametrize("update", [SGD, AdamUpdate(0.1, betas=(0.6, 0.8), eps=0.3)])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_the_second_order_meta_gradient_matches_finite_differences(
    update: SGDUpdate | AdamUpdate, steps: int
) -> None:
    """`gradcheck` takes central differences in float64, for two weights that interact."""

    def support(weights: Mapping[str, Tensor]) -> Tensor:
        return ((weights["a"] * weights["b"] - 2.0) ** 2 + weights["a"] ** 3).sum()

    def query(weights: Mapping[str, Tensor]) -> Tensor:
        return (weights["a"] * weights["b"].sin() - 1.0).pow(2).sum()

    def whole(a: Tensor, b: Tensor) -> Tensor:
        return query(adapted_weights({"a": a, "b": b}, support, update=update, steps=steps))

    a = torch.tensor([0.7, -0.4], dtype=torch.float64, requires_grad=True)
    b = torch.tensor([1.1, 0.3], dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(whole, (a, b))


def test_the_first_step_of_adam_is_as_long_as_the_learning_rate() -> None:
    # 0.1 * g / (|g| + 1e-8) is 0.1 or -0.1 for any g that is not tiny.
    for target, expected in ((2.0, 0.1), (-300.0, -0.1)):
        model = Quadratic(0.0)
        with Adaptation([model.w]).adapted(lambda: model.loss(target), update=ADAM, steps=1):  # noqa: B023
            assert model.w.item() == pytest.approx(expected)


def test_each_task_starts_with_a_new_adam_state() -> None:
    model = Quadratic(0.0)
    adaptation = Adaptation([model.w])
    ends = []
    for _ in range(2):
        with adaptation.adapted(lambda: model.loss(2.0), update=ADAM, steps=3):
            ends.append(model.w.item())
    assert ends[0] == ends[1]
    weight = nn.Parameter(torch.tensor(0.0))
    optimizer = torch.optim.Adam([weight], lr=0.1)
    for _ in range(3):
        optimizer.zero_grad()
        ((weight - 2.0) ** 2 / 2).backward()
        optimizer.step()
    assert ends[0] == pytest.approx(weight.item())


def network() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 3))


@pytest.mark.parametrize("update", [SGD, ADAM])
def test_weights_are_restored_bit_for_bit_and_keep_their_memory(
    update: SGDUpdate | AdamUpdate,
) -> None:
    model = network()
    before = [parameter.detach().clone() for parameter in model.parameters()]
    places = [parameter.data_ptr() for parameter in model.parameters()]
    adaptation = Adaptation(list(model.parameters()))
    x = torch.randn(4, 5)
    for _ in range(3):
        with adaptation.adapted(lambda: model(x).pow(2).mean(), update=update, steps=2):
            assert not any(
                old.equal(new) for old, new in zip(before, model.parameters(), strict=True)
            )
    for old, place, parameter in zip(before, places, model.parameters(), strict=True):
        assert parameter.equal(old)
        assert parameter.data_ptr() == place
        assert parameter.grad is None


def test_weights_are_restored_when_the_loss_fails_midway() -> None:
    model = Quadratic(1.0)
    calls = 0

    def loss() -> Tensor:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise RuntimeError("no more")
        return model.loss(3.0)

    model.w.grad = torch.tensor(7.0)
    with (
        pytest.raises(RuntimeError, match="no more"),
        Adaptation([model.w]).adapted(loss, update=SGD, steps=2),
    ):
        pass
    assert model.w.item() == 1.0
    assert model.w.grad.item() == 7.0
    model.loss(3.0).backward()  # no hook is left over
    assert (model.w.item(), model.w.grad.item()) == (1.0, 5.0)


def test_adaptation_works_where_gradients_are_disabled() -> None:
    model = Quadratic(0.0)
    adaptation = Adaptation([model.w])
    for off in (torch.inference_mode(), torch.no_grad()):
        with off, adaptation.adapted(lambda: model.loss(2.0), update=SGD, steps=2):
            assert model.w.item() == pytest.approx(0.38)
            assert not model.loss(1.0).requires_grad
    model.loss(5.0).backward()  # an inference tensor could not be saved for backward
    assert model.w.grad is not None
    assert model.w.grad.item() == -5.0


def test_fixed_weights_do_not_move_and_get_no_gradient_in_the_loop() -> None:
    model = network()
    body, head = list(model[0].parameters()), list(model[2].parameters())
    before = [parameter.detach().clone() for parameter in body]
    x = torch.randn(4, 5)
    with Adaptation(head, fixed=body).adapted(lambda: model(x).pow(2).mean(), update=SGD, steps=2):
        assert all(old.equal(new) for old, new in zip(before, body, strict=True))
        assert all(parameter.grad is None for parameter in body)
        model(x).pow(2).mean().backward()
    assert all(parameter.grad is not None for parameter in [*body, *head])


def test_zero_steps_leave_the_weights_as_they_are_and_negative_steps_are_rejected() -> None:
    model = Quadratic(1.0)
    with Adaptation([model.w]).adapted(lambda: model.loss(3.0), update=SGD, steps=0):
        assert model.w.item() == 1.0
    with (
        pytest.raises(ValueError, match="is -1; it can't be negative"),
        Adaptation([model.w]).adapted(lambda: model.loss(3.0), update=SGD, steps=-1),
    ):
        pass


def test_autocast_sees_the_adapted_weights() -> None:
    # Autocast caches 16-bit copies of the weights inside its block.
    linear = nn.Linear(1, 1, bias=False)
    weight = nn.Parameter(torch.ones(1, 1))
    linear.weight = weight
    x = torch.ones(1, 1)
    adaptation = Adaptation([weight])
    update = SGDUpdate(1.0)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        assert linear(x).item() == 1.0
        # The gradient of w·1 is 1, so each step subtracts 1.
        with adaptation.adapted(lambda: linear(x).sum(), update=update, steps=2):
            assert linear(x).item() == -1.0
        assert linear(x).item() == 1.0


def test_memory_does_not_grow_with_the_tasks() -> None:
    model = network()
    adaptation = Adaptation(list(model.parameters()))
    x = torch.randn(4, 5)
    places = []
    for _ in range(3):
        with adaptation.adapted(lambda: model(x).pow(2).mean(), update=ADAM, steps=2):
            places.append([parameter.data_ptr() for parameter in model.parameters()])
    assert places[0] == places[1] == places[2]  # the buffers are reused
