"""First gradients from one pass over many tasks are those of a pass over each."""

import gc
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from lowner_pl.corpus import Sentence, TagSet
from lowner_pl.encoding import Batch, WordEncoder
from lowner_pl.nn import Adaptation, SharedStart, Tagger, build_head, load_backbone
from lowner_pl.nn.backbones import products
from lowner_pl.nn.meta.inner_update import AdamUpdate, InnerUpdate, SGDUpdate, TorchUpdate

from ...conftest import KINDS

needs_onednn = pytest.mark.skipif(
    not hasattr(torch.ops.mkldnn, "_linear_pointwise"), reason="this PyTorch has no oneDNN"
)
TAG_SET = TagSet(["PER", "LOC", "ORG"])
ADAM = AdamUpdate(1e-3, betas=(0.9, 0.999), eps=1e-8)


def new_tagger(folder: str, *, frozen: int | None = 0, head: Any = "softmax") -> Tagger:
    torch.manual_seed(0)
    backbone, _, _ = load_backbone(folder)
    if frozen is not None:
        backbone.freeze(frozen)
    return Tagger(backbone, build_head(head, backbone.hidden_size, TAG_SET, 0.0)).eval()


def batches(folder: str, sentences: list[Sentence]) -> list[Batch]:
    """Return tasks of one, two and three sentences."""
    encoder = WordEncoder(load_backbone(folder)[2], max_length=32, context=4)
    parts = (sentences[:2], sentences[2:3], sentences[3:6])
    return [encoder(part, TAG_SET) for part in parts]


def loss_of(tagger: Tagger, batch: Batch, emissions: Tensor) -> Tensor:
    return tagger.head.loss(emissions, batch.tags, batch.word_mask, max_weight=2.0)


def rows_of(tagger: Tagger, batch: Batch) -> int:
    """Return how many subwords a batch has in a pass, padding included."""
    return len(tagger.backbone.padded(batch.input_ids, batch.lengths)[0])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("frozen", [0, 1])
def test_gradients_of_each_task_are_its_own(
    kind: str, frozen: int, backbones: dict[str, Path], swahili: list[Sentence]
) -> None:
    folder = str(backbones[kind])
    tagger = new_tagger(folder, frozen=frozen)
    tasks = batches(folder, swahili)
    start = SharedStart(tagger)
    assert start.is_possible(tasks)
    firsts = start.first_gradients(tasks, lambda i, scores: loss_of(tagger, tasks[i], scores))
    learnt = [p for p in tagger.parameters() if p.requires_grad]
    assert all(parameter.grad is None for parameter in learnt)
    assert len(learnt) > 5
    for task, first in zip(tasks, firsts, strict=True):
        expected = torch.autograd.grad(loss_of(tagger, task, tagger(task)), learnt)
        for number, gradient in enumerate(expected):
            torch.testing.assert_close(first(number), gradient, rtol=1e-4, atol=1e-6)
            assert first(number) is not first(number)  # the caller may write into it


@pytest.mark.parametrize("steps", [1, 2, 3])
@pytest.mark.parametrize("update", [ADAM, SGDUpdate(0.1)])
def test_a_known_first_gradient_changes_no_step(
    update: InnerUpdate, steps: int, tiny: str, swahili: list[Sentence]
) -> None:
    tagger = new_tagger(tiny)
    task = batches(tiny, swahili)[0]
    (first,) = SharedStart(tagger).first_gradients(
        [task], lambda _, scores: loss_of(tagger, task, scores)
    )
    adaptation = Adaptation([p for p in tagger.parameters() if p.requires_grad])
    calls = 0

    def loss() -> Tensor:
        nonlocal calls
        calls += 1
        return loss_of(tagger, task, tagger(task))

    ends = []
    for known in (None, first):
        with adaptation.adapted(loss, update=update, steps=steps, first=known):
            ends.append([parameter.detach().clone() for parameter in adaptation.parameters])
    assert calls == steps + steps - 1
    for one, other in zip(*ends, strict=True):
        # Where a gradient is nothing but rounding, Adam still takes a whole step.
        far = ((one - other).abs() > 1e-5).float().mean()
        assert far < 0.02


def test_the_factors_of_a_gradient_by_hand() -> None:
    # A layer of one weight w = 3 over a frozen one: reads x, writes 3x; loss of a task is the
    # square of what its positions write. dL/dw = sum of 2 * 3x * x: 6 * (1 + 4) and 6 * 9.
    tagger: Any = nn.Module()
    tagger.backbone = Tripled()
    tagger.head = nn.Identity()
    tagger.emissions = lambda hidden, _: hidden
    tasks: Any = [Row(torch.tensor([1.0, 2.0])), Row(torch.tensor([3.0]))]
    start = SharedStart(tagger)
    firsts = start.first_gradients(tasks, lambda _, hidden: hidden.pow(2).sum())
    assert [first(0).item() for first in firsts] == [30.0, 54.0]


class Row(tuple[Tensor, tuple[int, ...]]):
    """Ids and lengths, as those of a batch."""

    def __new__(cls, ids: Tensor) -> "Row":
        return super().__new__(cls, (ids, (len(ids),)))


class Tripled(nn.Module):
    """A backbone that multiplies by its weight of 3."""

    subwords_per_pass = 100

    def __init__(self) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1, bias=False)
        nn.init.constant_(self.layer.weight, 3.0)

    def padded(self, ids: Tensor, lengths: tuple[int, ...]) -> tuple[Tensor, tuple[int, ...]]:
        return ids, lengths

    def forward(self, ids: Tensor, lengths: tuple[int, ...]) -> Tensor:
        assert sum(lengths) == len(ids)
        written: Tensor = self.layer(ids[:, None])
        return written


@pytest.mark.parametrize(
    "options", [{"frozen": None}, {"head": "crf"}], ids=["embeddings learn", "crf"]
)
def test_weights_of_other_layers_are_left_to_a_pass_of_each_task(
    options: dict[str, Any], tiny: str, swahili: list[Sentence]
) -> None:
    assert not SharedStart(new_tagger(tiny, **options)).is_possible(batches(tiny, swahili))


def test_a_weight_of_two_layers_is_left_to_a_pass_of_each_task(
    tiny: str, swahili: list[Sentence]
) -> None:
    tagger = new_tagger(tiny)
    one, two = [part for part in tagger.backbone.modules() if isinstance(part, nn.Linear)][:2]
    two.weight = one.weight  # the gradient is the sum of both
    assert not SharedStart(tagger).is_possible(batches(tiny, swahili))


def test_a_task_of_more_than_a_pass_is_left_to_itself(tiny: str, swahili: list[Sentence]) -> None:
    tagger, tasks = new_tagger(tiny), batches(tiny, swahili)
    tagger.backbone.subwords_per_pass = rows_of(tagger, tasks[1])
    start = SharedStart(tagger)
    possible = [start.is_possible(tasks[part]) for part in start.parts(tasks)]
    assert possible == [False, True, False]


def test_tasks_are_run_together_up_to_a_number_of_subwords(
    tiny: str, swahili: list[Sentence]
) -> None:
    tagger, tasks = new_tagger(tiny), batches(tiny, swahili)
    one, two, three = (rows_of(tagger, task) for task in tasks)
    parts = {
        most: [(p.start, p.stop) for p in SharedStart(tagger, subwords=most).parts(tasks)]
        for most in (1, one + two, one + two + three)
    }
    assert parts[1] == [(0, 1), (1, 2), (2, 3)]
    assert parts[one + two] == [(0, 2), (2, 3)]
    assert parts[one + two + three] == [(0, 3)]
    assert list(SharedStart(tagger).parts([])) == []
    widths = sum(sum(p.weight.shape) for p in tagger.modules() if isinstance(p, nn.Linear))
    narrow = SharedStart(tagger, memory=4 * widths * (one + two))  # two numbers a width and subword
    assert [(p.start, p.stop) for p in narrow.parts(tasks)] == [(0, 2), (2, 3)]
    tagger.train()  # the backbone draws dropout
    assert len(list(SharedStart(tagger).parts(tasks))) == 3


@needs_onednn
def test_padding_that_needs_a_second_pass_leaves_a_task_to_itself(
    tiny: str, swahili: list[Sentence], monkeypatch: pytest.MonkeyPatch
) -> None:
    # A layer would be called twice, and the factors of the first call be taken for all.
    monkeypatch.setattr(products, "has_fast_products", lambda: True)
    tagger, task = new_tagger(tiny), batches(tiny, swahili)[0]
    subwords, rows = len(task.input_ids), rows_of(tagger, task)
    assert rows > subwords
    for most, possible in ((subwords, False), (rows - 1, False), (rows, True)):
        tagger.backbone.subwords_per_pass = most
        assert SharedStart(tagger).is_possible([task]) is possible
    tagger.backbone.subwords_per_pass = 2 * rows - 1
    assert len(list(SharedStart(tagger).parts([task, task]))) == 2


@pytest.mark.parametrize("update", [ADAM, TorchUpdate(0.1, torch.optim.Adagrad)])
def test_gradients_under_autocast_have_the_type_of_the_weights(
    update: InnerUpdate, tiny: str, swahili: list[Sentence]
) -> None:
    tagger, tasks = new_tagger(tiny), batches(tiny, swahili)
    learnt = [p for p in tagger.parameters() if p.requires_grad]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        firsts = SharedStart(tagger).first_gradients(
            tasks, lambda i, scores: loss_of(tagger, tasks[i], scores)
        )
        for task, first in zip(tasks, firsts, strict=True):
            expected = torch.autograd.grad(loss_of(tagger, task, tagger(task)), learnt)
            for number, gradient in enumerate(expected):  # 8 bits of a number are kept
                difference = (first(number) - gradient).norm()
                assert first(number).dtype == gradient.dtype == torch.float32
                assert difference <= 0.03 * gradient.norm() + 1e-4
            steps = Adaptation(learnt).adapted(
                partial(lambda task: loss_of(tagger, task, tagger(task)), task),
                update=update,
                steps=3,
                first=first,
            )
            with steps:
                assert all(p.isfinite().all() for p in learnt)


def test_factors_go_with_the_gradients_that_are_made_of_them(
    tiny: str, swahili: list[Sentence]
) -> None:
    tagger, tasks = new_tagger(tiny), batches(tiny, swahili)
    start = SharedStart(tagger)

    def tensors() -> int:
        gc.collect()
        return sum(issubclass(type(thing), Tensor) for thing in gc.get_objects())

    before = tensors()
    firsts = start.first_gradients(tasks, lambda i, scores: loss_of(tagger, tasks[i], scores))
    assert tensors() > before
    del firsts
    assert tensors() == before
