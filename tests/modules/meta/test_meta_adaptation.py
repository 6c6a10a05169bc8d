"""A meta-learned tagger adapts to each sentence it tags, and leaves its weights as they were."""

import copy
from typing import Any

import pytest
import torch
from lightning.pytorch import LightningDataModule, Trainer
from torch import Tensor
from torch.utils.data import DataLoader

from lowner_pl.corpus import Episode, Sentence, entities_of
from lowner_pl.encoding import Batch
from lowner_pl.nn import entity_confidences

from .meta_tasks import episodes, new_module, sgd


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_each_query_is_tagged_from_weights_adapted_to_its_support(
    steps: int, tiny: str, swahili: list[Sentence]
) -> None:
    module = new_module(
        tiny,
        adaptation_lr=0.02,
        adaptation_steps=steps,
        inner_optimizer=sgd(1.0),
        dropout=0.5,
        mask_rate=1.0,
    ).eval()
    tasks = episodes(swahili, 5)
    with torch.inference_mode():
        tags = module.tag_batch(tasks)
    changed = 0
    for task, found in zip(tasks, tags, strict=True):
        other = copy.deepcopy(module)
        trainable = [p for p in other.parameters() if p.requires_grad]
        optimizer = torch.optim.SGD(trainable, lr=0.02)
        for _ in range(steps):  # Eq. 3: no mask, no maximum, no dropout
            optimizer.zero_grad()
            other(other.encode(list(task.support), train=False), 0.0).backward()
            optimizer.step()
        with torch.no_grad():
            assert [found] == other.tag([task.query])[0]
            changed += [found] != module.tag([task.query])[0]
    assert bool(changed) == bool(steps)  # adapted weights give other tags than the start weights


def test_queries_with_the_same_support_share_one_adaptation(
    tiny: str, swahili: list[Sentence]
) -> None:
    module = new_module(tiny, adaptation_lr=0.02, inner_optimizer=sgd(1.0)).eval()
    one, two = tuple(swahili[:2]), tuple(swahili[2:4])
    tasks = [
        Episode(support, query, number)
        for number, (support, query) in enumerate(
            zip((one, two, one, two, one), swahili[4:9], strict=True)
        )
    ]
    batches: list[list[str]] = []
    forward = module.forward

    def counted(batch: Batch, max_weight: float) -> Tensor:
        batches.append([])
        return forward(batch, max_weight)

    module.forward = counted  # type: ignore[method-assign]
    together = module.tag_batch(tasks)
    assert len(batches) == 2
    assert together == [module.tag_batch([task])[0] for task in tasks]
    assert len(batches) == 2 + 5


@pytest.mark.parametrize("head", ["softmax", "crf"])
def test_confidences_and_dev_scores_are_those_of_the_adapted_weights(
    head: str, tiny: str, swahili: list[Sentence]
) -> None:
    options = {"adaptation_lr": 1e-3, "inner_optimizer": sgd(1.0), "head": head}
    module = new_module(tiny, **options).eval()
    tasks = episodes(swahili, 3)
    tags, sure = module.tag_with_confidence(tasks, temperature=2.0)
    assert tags == module.tag_dev_batch(tasks)
    kept = module.dev_paths.sentences()
    for number, (numbers, adapted) in enumerate(module.adaptations(tasks)):
        assert numbers == [number]
        with adapted:
            (row,), batch, emissions = module.tag([tasks[number].query])
            own = module.tagger.head
            spans = [entities_of(row)]
            expected = entity_confidences(own, emissions, batch.word_mask, spans, 2.0)
            transitions = own.chain().transitions.detach().clone()
        assert sure[number] == pytest.approx(expected[0])
        torch.testing.assert_close(kept[number].chain.transitions, transitions)
    assert any(sure)
    assert (head == "crf") == bool(kept[0].chain.transitions.any())


def test_losses_are_those_of_the_adapted_weights_in_the_order_of_the_batch(
    tiny: str, swahili: list[Sentence]
) -> None:
    module = new_module(tiny, adaptation_lr=0.02, inner_optimizer=sgd(1.0)).eval()
    one, two = tuple(swahili[:2]), tuple(swahili[2:4])
    tasks = [
        Episode(support, query, number)
        for number, (support, query) in enumerate(zip((one, two, one), swahili[4:7], strict=True))
    ]
    losses: list[float] = []
    tags, _ = module.tag_with_confidence(tasks, losses=losses)
    assert tags == module.tag_batch(tasks)
    for task, loss in zip(tasks, losses, strict=True):
        ((_, adapted),) = module.adaptations([task])
        with adapted:
            mean = module(module.encode([task.query], train=False), 0.0).item()
        assert loss == pytest.approx(mean * len(task.query.words), rel=1e-4)
    assert len({round(loss, 3) for loss in losses}) == 3


def test_without_adaptation_steps_the_start_weights_are_used(
    tiny: str, swahili: list[Sentence]
) -> None:
    module = new_module(tiny, adaptation_steps=0).eval()
    tasks = episodes(swahili, 4)
    assert module.tag_batch(tasks) == module.tag([task.query for task in tasks])[0]


@pytest.mark.parametrize("head", ["softmax", "crf"])
def test_scores_that_are_not_finite_after_adaptation_are_an_error(
    head: str, tiny: str, swahili: list[Sentence]
) -> None:
    # The loss of the only step is finite because it is taken at the start weights.
    module = new_module(tiny, adaptation_lr=1e38, inner_optimizer=sgd(1.0), head=head).eval()
    with pytest.raises(
        ValueError, match=r"tag scores.*not finite after adaptation.*Lower `adaptation_lr`"
    ):
        module.tag_batch(episodes(swahili, 1))


class Fixed(LightningDataModule):
    """A data module that yields given tasks."""

    yields_episodes = True
    name, test_names = "fixed", ["sw"]

    def __init__(self, tasks: list[Episode]) -> None:
        super().__init__()
        self.tasks = tasks

    def test_dataloader(self) -> Any:
        batches: Any = [self.tasks[:3], self.tasks[3:], []]  # a device may get an empty batch
        return DataLoader(batches, batch_size=None, collate_fn=list)


def trainer(**options: Any) -> Trainer:
    quiet: dict[str, Any] = dict.fromkeys(
        ("enable_progress_bar", "enable_model_summary", "logger"), False
    )
    return Trainer(accelerator="cpu", enable_checkpointing=False, **quiet, **options)


@pytest.mark.filterwarnings("ignore:.*does not have many workers", "ignore:.*log_every_n_steps")
@pytest.mark.parametrize("inference_mode", [True, False])
def test_testing_under_lightning_restores_every_bit(
    inference_mode: bool, tiny: str, swahili: list[Sentence]
) -> None:
    tasks = episodes(swahili, 5)
    tasks[4] = Episode(
        tasks[4].support,
        Sentence(swahili[9].words * 40, swahili[9].tags and swahili[9].tags * 40),
        4,
    )
    module = new_module(tiny, max_length=32, context=8)
    before = copy.deepcopy(module.state_dict())
    (scores,) = trainer(inference_mode=inference_mode).test(module, Fixed(tasks), verbose=False)
    assert scores["test/words"] == sum(len(task.query.words) for task in tasks)
    assert all(weight.equal(before[name]) for name, weight in module.state_dict().items())
