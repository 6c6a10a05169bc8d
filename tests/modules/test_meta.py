"""The meta-update: Eq. 7 to 13 of Wu et al. (2020), and the algorithms beside it."""

import copy
import gc
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from lowner_pl.corpus import Episode, Sentence
from lowner_pl.encoding import Batch
from lowner_pl.modules import BaseModule, MetaLightningModule
from lowner_pl.modules.meta import Algorithm

from .meta_tasks import episodes, new_module, sgd


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a module log and sum without a trainer."""
    monkeypatch.setattr(BaseModule, "log", lambda *_, **__: None)
    monkeypatch.setattr(MetaLightningModule, "_sum_over_devices", lambda _: None)
    monkeypatch.setattr(MetaLightningModule, "current_epoch", 0)
    monkeypatch.setattr(MetaLightningModule, "lr_schedulers", lambda _: None)


def with_optimizer(module: MetaLightningModule) -> MetaLightningModule:
    optimizer = module.new_optimizer()
    module.optimizers = lambda *_: optimizer  # type: ignore[method-assign, assignment]
    return module


def no_dropout(module: MetaLightningModule) -> None:
    for part in module.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0


def plain_meta_gradient(
    module: MetaLightningModule, tasks: list[Episode], rate: float, max_weight: float
) -> dict[str, Tensor]:
    """The plain way: a deep copy for each task, its gradients on the query summed."""
    total: dict[str, Tensor] = {}
    for task in tasks:
        other = copy.deepcopy(module)
        optimizer = torch.optim.Adam(
            [p for p in other.parameters() if p.requires_grad], lr=rate, foreach=False
        )
        for _ in range(2):
            optimizer.zero_grad()
            other(other.encode(list(task.support), train=False), max_weight).backward()
            optimizer.step()
        optimizer.zero_grad()
        other(other.encode([task.query], train=False), max_weight).backward()
        for name, parameter in other.named_parameters():
            if parameter.grad is not None:
                total[name] = total.get(name, 0.0) + parameter.grad
    return total


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("options", [{}, {"marker": "mask"}, {"head": "crf"}, {"frozen_layers": 1}])
def test_the_meta_update_is_that_of_deep_copies(
    options: dict[str, Any], tiny: str, swahili: list[Sentence]
) -> None:
    module = with_optimizer(new_module(tiny, max_weight=2.0, **options))
    no_dropout(module)
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    tasks = episodes(swahili, 4)
    expected = plain_meta_gradient(module, tasks, rate=3e-5, max_weight=2.0)
    module.training_step(tasks, 0)
    for name, parameter in module.named_parameters():
        if name not in expected:
            assert parameter.equal(before[name])
            continue
        moved = (before[name] - parameter) / 0.1  # one step of gradient descent at rate 0.1
        torch.testing.assert_close(moved, expected[name], rtol=1e-4, atol=1e-5)
    assert len(expected) > 10


@pytest.mark.usefixtures("quiet")
def test_an_update_leaves_no_gradient_for_the_next(tiny: str, swahili: list[Sentence]) -> None:
    tasks = episodes(swahili, 2)
    module = with_optimizer(new_module(tiny, optimizer=sgd(0.0)))
    for task in tasks:
        module.training_step([task], 0)
        assert not any(p.grad.any() for p in module.parameters() if p.grad is not None)


@pytest.mark.usefixtures("quiet")
def test_adam_takes_the_meta_step_by_the_learning_rate(tiny: str, swahili: list[Sentence]) -> None:
    adam: Any = lambda parameters: torch.optim.Adam(parameters, lr=3e-3)  # noqa: E731
    module = with_optimizer(new_module(tiny, optimizer=adam))
    weight = module.tagger.head.linear.weight
    before = weight.detach().clone()
    module.training_step(episodes(swahili, 2), 0)
    moved = (weight - before).abs()
    torch.testing.assert_close(moved, torch.full_like(moved, 3e-3), rtol=1e-3, atol=0.0)


@pytest.mark.usefixtures("quiet")
def test_the_order_of_the_tasks_changes_nothing(tiny: str, swahili: list[Sentence]) -> None:
    # With masks and dropout: they belong to the task, not to its place in the batch.
    ends = []
    for turn in (1, -1):
        module = with_optimizer(new_module(tiny, dropout=0.3, mask_rate=0.5))
        module.training_step(episodes(swahili, 4)[::turn], 0)
        ends.append(module.state_dict())
    for name, weight in ends[0].items():
        torch.testing.assert_close(weight, ends[1][name], rtol=0.0, atol=1e-6)


def meta_gradients(
    backbone: str, tasks: list[Episode], algorithm: Algorithm, **options: Any
) -> tuple[MetaLightningModule, dict[str, Tensor]]:
    module = new_module(backbone, algorithm=algorithm, inner_optimizer=sgd(0.05), **options)
    no_dropout(module)
    for task in tasks:
        module._add_meta_gradient(task)
    return module, {n: p.grad for n, p in module.named_parameters() if p.grad is not None}


def test_second_order_is_the_slope_of_the_query_loss_over_the_start(
    tiny: str, swahili: list[Sentence]
) -> None:
    tasks = episodes(swahili, 1)
    module, second = meta_gradients(tiny, tasks, "maml")
    _, first = meta_gradients(tiny, tasks, "fomaml")
    (task,) = tasks
    support, query = (
        module.encode(list(part), train=False) for part in (task.support, (task.query,))
    )

    def query_loss(shift: float, name: str, place: int) -> float:
        """The query loss after the inner loop, one start weight shifted."""
        other = copy.deepcopy(module).double()
        with torch.no_grad():
            dict(other.named_parameters())[name].view(-1)[place] += shift
        learnt = [p for p in other.parameters() if p.requires_grad]
        for _ in range(2):
            gradients = torch.autograd.grad(other(support, 2.0), learnt, allow_unused=True)
            with torch.no_grad():
                for parameter, gradient in zip(learnt, gradients, strict=True):
                    if gradient is not None:
                        parameter.sub_(0.05 * gradient)
        return float(other(query, 2.0).detach())

    for name in (
        "tagger.head.linear.bias",
        "tagger.head.linear.weight",
        "tagger.backbone.encoder.encoder.layer.0.output.dense.weight",
    ):
        place = int((second[name] - first[name]).abs().argmax())  # where the Jacobian counts most
        slope = (query_loss(5e-3, name, place) - query_loss(-5e-3, name, place)) / 1e-2
        whole, without_jacobian = (g[name].view(-1)[place].item() for g in (second, first))
        assert whole == pytest.approx(slope, rel=4e-3, abs=2e-4)
        assert abs(without_jacobian - slope) > 4 * abs(whole - slope)


def test_reptile_goes_back_the_way_of_the_inner_loop(tiny: str, swahili: list[Sentence]) -> None:
    # Two steps of gradient descent: the way back over the rate is the sum of the two gradients.
    tasks = episodes(swahili, 1)
    module, gradients = meta_gradients(tiny, tasks, "reptile")
    task = tasks[0]
    other = copy.deepcopy(module)
    batch = other.encode([*task.support, task.query], train=False)
    expected = torch.zeros_like(other.tagger.head.linear.bias)
    optimizer = torch.optim.SGD(other.parameters(), lr=0.05)
    for _ in range(2):
        optimizer.zero_grad()
        other(batch, 2.0).backward()
        assert other.tagger.head.linear.bias.grad is not None
        expected += other.tagger.head.linear.bias.grad
        optimizer.step()
    found = gradients["tagger.head.linear.bias"]
    torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)


def test_anil_adapts_the_head_alone(tiny: str, swahili: list[Sentence]) -> None:
    tasks = episodes(swahili, 1)
    module, gradients = meta_gradients(tiny, tasks, "anil")
    other = copy.deepcopy(module)
    support, query = (
        other.encode(list(part), train=False) for part in (tasks[0].support, (tasks[0].query,))
    )
    head = list(other.tagger.head.parameters())
    for _ in range(2):
        for parameter, gradient in zip(
            head, torch.autograd.grad(other(support, 2.0), head), strict=True
        ):
            parameter.data -= 0.05 * gradient
    other.zero_grad()
    other(query, 2.0).backward()
    for name, parameter in other.named_parameters():
        if parameter.grad is not None:
            torch.testing.assert_close(gradients[name], parameter.grad, rtol=1e-4, atol=1e-6)
    assert len(gradients) > 10  # the backbone learns, though it does not adapt
    with module.eval()._adapted(tasks[0]):
        body = {n: p for n, p in module.named_parameters() if ".head." not in n}
        assert all(p.equal(dict(other.named_parameters())[n]) for n, p in body.items())


@pytest.mark.parametrize("algorithm", ["fomaml", "maml", "reptile", "anil"])
def test_gradients_of_all_algorithms_sum_over_the_tasks(
    algorithm: Algorithm, tiny: str, swahili: list[Sentence]
) -> None:
    tasks = episodes(swahili, 2)
    _, both = meta_gradients(tiny, tasks, algorithm)
    one, other = (meta_gradients(tiny, [task], algorithm)[1] for task in tasks)
    for name, gradient in both.items():
        torch.testing.assert_close(gradient, one[name] + other[name], rtol=1e-4, atol=1e-5)


def masks(module: MetaLightningModule, batch: Batch) -> int:
    return int((batch.input_ids == module.word_encoder.mask_id).sum())


def test_masks_are_of_support_and_query_or_of_the_query_alone(
    tiny: str, swahili: list[Sentence]
) -> None:
    task = next(
        Episode((one, two), three, 0)
        for one, two, three in zip(swahili, swahili[1:], swahili[2:], strict=False)
        if one.entities and two.entities and three.entities
    )
    for mask_support in (True, False):
        module = new_module(tiny, mask_rate=1.0, mask_support=mask_support)
        support, query = module._masked(task)
        words = [
            sum(tag != "O" for sentence in part for tag in sentence.tags or ())
            for part in (task.support, (task.query,))
        ]
        assert masks(module, support) == (words[0] if mask_support else 0)
        assert masks(module, query) == words[1]
    assert masks(module, module.encode([task.query], train=False)) == 0


def test_masks_follow_seed_epoch_and_task(
    tiny: str, swahili: list[Sentence], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = new_module(tiny)
    tasks = episodes(swahili, 2)
    seeds = set()
    for run in ("0", "1"):
        monkeypatch.setenv("PL_GLOBAL_SEED", run)
        for epoch in (0, 1):
            monkeypatch.setattr(MetaLightningModule, "current_epoch", epoch)
            seeds |= {module.task_seed(task) for task in tasks}
            assert module.task_seed(tasks[0]) == module.task_seed(tasks[0])
    assert len(seeds) == 8


@pytest.mark.parametrize("stage", ["inner", "query", "adaptation"])
def test_a_loss_that_is_no_number_stops_with_the_sentence(
    stage: str, tiny: str, swahili: list[Sentence]
) -> None:
    module = new_module(tiny)
    task = Episode(tuple(swahili[1:3]), swahili[0], 41)
    calls = 0
    forward = module.forward

    def broken(batch: Batch, max_weight: float) -> Tensor:
        nonlocal calls
        calls += 1
        loss = forward(batch, max_weight)
        return loss * float("nan") if calls == (3 if stage == "query" else 1) else loss

    module.forward = broken  # type: ignore[method-assign]
    before = copy.deepcopy(module.state_dict())
    words = " ".join(swahili[0].words)[:40]
    steps: dict[str, Callable[[], object]] = {
        "inner": lambda: module._add_meta_gradient(task),
        "query": lambda: module._add_meta_gradient(task),
        "adaptation": lambda: module.tag_batch([task]),
    }
    with pytest.raises(ValueError, match="must be finite, was: nan") as error:
        steps[stage]()
    assert "sentence 41" in str(error.value)
    assert words in str(error.value)
    assert all(weight.equal(before[name]) for name, weight in module.state_dict().items())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inner_steps": 0}, "`inner_steps` must be at least 1, was: 0"),
        ({"adaptation_steps": -1}, "`adaptation_steps` must be at least 0, was: -1"),
        ({"adaptation_lr": -1.0}, r"`adaptation_lr` must be at least 0, was: -1\.0"),
        ({"mask_rate": 1.5}, r"`mask_rate` must be from 0 to 1, was: 1\.5"),
        ({"max_weight": -0.5}, r"`max_weight` must be at least 0, was: -0\.5"),
        (
            {"max_weight": float("inf")},
            "`max_weight` must be.*a finite number, was: inf",
        ),
        ({"adaptation_lr": float("nan")}, "`adaptation_lr` must be at least 0, was: nan"),
        (
            {"algorithm": "reptile", "inner_optimizer": sgd(0.0)},
            "`inner_optimizer` must have an `lr` above 0 for reptile",
        ),
        (
            {"algorithm": "maml", "inner_optimizer": lambda p: torch.optim.Adagrad(p, lr=0.1)},
            "differentiable form.*was: Adagrad",
        ),
    ],
)
def test_options_out_of_range_are_refused(options: dict[str, Any], message: str, tiny: str) -> None:
    with pytest.raises(ValueError, match=message):
        new_module(tiny, **options)


@pytest.mark.usefixtures("quiet")
def test_neither_updates_nor_adaptations_leave_tensors_behind(
    tiny: str, swahili: list[Sentence]
) -> None:
    module = with_optimizer(new_module(tiny, dropout=0.1, mask_rate=0.2))
    tasks = episodes(swahili, 4)
    counts = []
    for _ in range(4):
        module.training_step(tasks, 0)
        module.tag_batch(tasks)
        gc.collect()
        counts.append(sum(issubclass(type(thing), Tensor) for thing in gc.get_objects()))
    assert counts[1] == counts[2] == counts[3]  # the first makes copies and gradients
