"""The meta-update equals Eq. 7 to 13 of Wu et al. (2020)."""

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

from .meta_tasks import episodes, new_module, no_dropout, sgd


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a module take training steps without a trainer."""
    monkeypatch.setattr(BaseModule, "log", lambda *_, **__: None)
    monkeypatch.setattr(MetaLightningModule, "current_epoch", 0)
    monkeypatch.setattr(MetaLightningModule, "lr_schedulers", lambda _: None)


def with_optimizer(module: MetaLightningModule) -> MetaLightningModule:
    optimizer = module.new_optimizer()
    module.optimizers = lambda *_: optimizer  # type: ignore[method-assign, assignment]
    return module


def plain_meta_gradient(
    module: MetaLightningModule, tasks: list[Episode], rate: float, max_weight: float
) -> dict[str, Tensor]:
    """Compute the meta-gradient the naive way, with a deep copy of the module per task."""
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
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"marker": "mask"},
        {"head": "crf"},
        {"head": "crf", "entity_types": ("PER",)},
        {"frozen_layers": 0},
        {"frozen_layers": 1},
    ],
)
def test_the_meta_update_equals_that_of_deep_copies(
    options: dict[str, Any], tiny: str, swahili: list[Sentence]
) -> None:
    module = with_optimizer(new_module(tiny, max_weight=2.0, **options))
    no_dropout(module)
    before = {name: p.detach().clone() for name, p in module.named_parameters()}
    tasks = episodes([s.restricted_to(module.entity_types) for s in swahili], 4)
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
def test_an_update_leaves_no_gradients_behind(tiny: str, swahili: list[Sentence]) -> None:
    tasks = episodes(swahili, 2)
    module = with_optimizer(new_module(tiny, optimizer=sgd(0.0)))
    for task in tasks:
        module.training_step([task], 0)
        assert not any(p.grad.any() for p in module.parameters() if p.grad is not None)


@pytest.mark.usefixtures("quiet")
def test_the_first_meta_step_of_adam_is_as_long_as_the_learning_rate(
    tiny: str, swahili: list[Sentence]
) -> None:
    adam: Any = lambda parameters: torch.optim.Adam(parameters, lr=3e-3)  # noqa: E731
    module = with_optimizer(new_module(tiny, optimizer=adam))
    weight = module.tagger.head.linear.weight
    before = weight.detach().clone()
    module.training_step(episodes(swahili, 2), 0)
    moved = (weight - before).abs()
    torch.testing.assert_close(moved, torch.full_like(moved, 3e-3), rtol=1e-3, atol=0.0)


@pytest.mark.usefixtures("quiet")
@pytest.mark.parametrize("dropout_in_backbone", [True, False])
def test_the_order_of_the_tasks_does_not_matter(
    dropout_in_backbone: bool, tiny: str, swahili: list[Sentence]
) -> None:
    # Masks and dropout depend on the task, not on its place in the batch.
    ends = []
    for turn in (1, -1):
        module = with_optimizer(new_module(tiny, frozen_layers=0, mask_rate=0.5))
        if not dropout_in_backbone:
            no_dropout(module)
        module.tagger.head.dropout.p = 0.3
        module.training_step(episodes(swahili, 4)[::turn], 0)
        ends.append(module.state_dict())
    for name, weight in ends[0].items():
        torch.testing.assert_close(weight, ends[1][name], rtol=0.0, atol=1e-6)


def count_masks(module: MetaLightningModule, batch: Batch) -> int:
    return int((batch.input_ids == module.word_encoder.mask_id).sum())


def test_entities_are_masked_in_support_and_query_or_only_in_the_query(
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
        assert count_masks(module, support) == (words[0] if mask_support else 0)
        assert count_masks(module, query) == words[1]
    assert count_masks(module, module.encode([task.query], train=False)) == 0


def test_masks_depend_on_seed_epoch_and_task(
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


def test_the_masks_and_each_inner_step_of_a_task_have_seeds_of_their_own(
    tiny: str, swahili: list[Sentence], monkeypatch: pytest.MonkeyPatch
) -> None:
    module = new_module(tiny, frozen_layers=0)
    tasks = episodes(swahili, 2)
    expected = {module.task_seed(task, step) for task in tasks for step in range(3)}
    assert len(expected) == 6
    seeds: list[int] = []
    monkeypatch.setattr(torch, "manual_seed", seeds.append)
    module.add_meta_gradients(tasks)
    assert sorted(seeds) == sorted(expected)


@pytest.mark.parametrize("stage", ["inner", "query", "adaptation"])
def test_a_loss_that_is_not_finite_stops_training_and_names_the_sentence(
    stage: str, tiny: str, swahili: list[Sentence]
) -> None:
    module = new_module(tiny)
    head: Any = module.tagger.head
    task = Episode(tuple(swahili[1:3]), swahili[0], 41)
    calls = 0
    loss_of = head.loss

    def broken(*tensors: Tensor, **options: Any) -> Tensor:
        nonlocal calls
        calls += 1
        loss: Tensor = loss_of(*tensors, **options)
        return loss * float("nan") if calls == (3 if stage == "query" else 1) else loss

    head.loss = broken
    before = copy.deepcopy(module.state_dict())
    words = " ".join(swahili[0].words)[:40]
    steps: dict[str, Callable[[], object]] = {
        "inner": lambda: module.add_meta_gradients([task]),
        "query": lambda: module.add_meta_gradients([task]),
        "adaptation": lambda: module.tag_batch([task]),
    }
    with pytest.raises(ValueError, match="The loss is nan") as error:
        steps[stage]()
    assert "sentence 41" in str(error.value)
    assert words in str(error.value)
    assert all(weight.equal(before[name]) for name, weight in module.state_dict().items())


def test_the_task_with_the_bad_loss_is_named(tiny: str, swahili: list[Sentence]) -> None:
    module = new_module(tiny, frozen_layers=0, inner_steps=1)
    head: Any = module.tagger.head
    loss_of = head.loss
    calls = 0

    def broken(*tensors: Tensor, **options: Any) -> Tensor:
        nonlocal calls
        calls += 1
        loss: Tensor = loss_of(*tensors, **options)
        return loss * float("nan") if calls == 3 else loss  # the first of the second task

    head.loss = broken
    with pytest.raises(ValueError, match="inner loop for sentence 1, "):
        module.add_meta_gradients(episodes(swahili, 3))
    assert calls == 3


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"inner_steps": 0}, "`inner_steps` is 0, but it must be at least 1"),
        ({"adaptation_steps": -1}, "`adaptation_steps` is -1, but it must be at least 0"),
        ({"adaptation_lr": -1.0}, r"`adaptation_lr` is -1\.0, but it must be at least 0"),
        ({"mask_rate": 1.5}, r"`mask_rate` is 1\.5, but it must be between 0 and 1"),
        ({"max_weight": -0.5}, r"`max_weight` is -0\.5, but it must be at least 0"),
        (
            {"max_weight": float("inf")},
            "`max_weight` is inf, but it must be at least 0 and finite",
        ),
        ({"adaptation_lr": float("nan")}, "`adaptation_lr` is nan, but it must be at least 0"),
        (
            {"algorithm": "reptile", "inner_optimizer": sgd(0.0)},
            "The `lr` of `inner_optimizer` is 0",
        ),
        (
            {"average": "words", "head": "crf"},
            "`average` is 'words', but with `head: crf` it must be 'sentences'",
        ),
        (
            {"algorithm": "maml", "inner_optimizer": lambda p: torch.optim.Adagrad(p, lr=0.1)},
            "`inner_optimizer` is Adagrad, which has no differentiable form",
        ),
    ],
)
def test_options_out_of_range_are_rejected(
    options: dict[str, Any], message: str, tiny: str
) -> None:
    with pytest.raises(ValueError, match=message):
        new_module(tiny, **options)


@pytest.mark.usefixtures("quiet")
def test_updates_and_adaptations_leave_no_tensors_behind(
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
    assert counts[1] == counts[2] == counts[3]  # the first one allocates
