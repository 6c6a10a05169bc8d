from itertools import chain

import pytest
import torch
from lightning.pytorch import LightningModule, Trainer
from torch.utils.data import DistributedSampler

from lowner_pl.corpus import Episode, Sentence
from lowner_pl.datamodules.loaders import (
    ExactBatchSampler,
    exact_training_loader,
    training_loader,
)

SENTENCES = [Sentence((str(number),)) for number in range(11)]
EPISODES = [Episode((SENTENCES[0],), query, n) for n, query in enumerate(SENTENCES)]


def permutation(size: int, seed: int, epoch: int) -> list[int]:
    generator = torch.Generator().manual_seed(seed + epoch)
    order: list[int] = torch.randperm(size, generator=generator).tolist()
    return order


@pytest.mark.parametrize("size", range(12))
@pytest.mark.parametrize("batch_size", [1, 2, 5])
@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_the_devices_together_process_consecutive_items_of_the_permutation(
    size: int, batch_size: int, world_size: int
) -> None:
    ranks = []
    for rank in range(world_size):
        sampler = ExactBatchSampler(
            size, batch_size=batch_size, seed=3, world_size=world_size, rank=rank
        )
        sampler.set_epoch(2)
        batches = list(sampler)
        assert len(batches) == len(sampler)
        assert all(len(batch) <= batch_size for batch in batches)
        ranks.append(batches)
    order, step = permutation(size, 3, 2), batch_size * world_size
    together = [sorted(chain(*shares)) for shares in zip(*ranks, strict=True)]
    assert together == [sorted(order[at : at + step]) for at in range(0, size, step)]


def test_the_last_batch_of_a_device_may_be_smaller_or_empty() -> None:
    # 5 items, 2 per device: 4 in the first step, then 1, which device 0 gets.
    ranks = [
        list(ExactBatchSampler(5, batch_size=2, seed=0, world_size=2, rank=r)) for r in range(2)
    ]
    a, b, c, d, e = permutation(5, 0, 0)
    assert ranks == [[[a, c], [e]], [[b, d], []]]


def test_two_devices_divide_the_batches_that_one_device_of_twice_the_size_has() -> None:
    whole = list(exact_training_loader(EPISODES, batch_size=4, seed=1))
    halves = [
        list(exact_training_loader(EPISODES, batch_size=2, seed=1, world_size=2, rank=rank))
        for rank in range(2)
    ]
    for batch, *shares in zip(whole, *halves, strict=True):
        assert [batch[rank::2] for rank in range(2)] == shares
    assert sorted(e.number for batch in whole for e in batch) == list(range(11))


def test_on_one_device_the_order_equals_that_of_the_sentence_loader() -> None:
    episodes, sentences = (
        exact_training_loader(EPISODES, batch_size=4, seed=1),
        training_loader(SENTENCES, batch_size=4, seed=1),
    )
    assert [[e.query for e in batch] for batch in episodes] == list(sentences)


def test_the_run_seed_decides_the_order_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PL_GLOBAL_SEED", "5")
    order = list(exact_training_loader(EPISODES, batch_size=3))
    assert order == list(exact_training_loader(EPISODES, batch_size=3, seed=5))
    assert order != list(exact_training_loader(EPISODES, batch_size=3, seed=0))


def test_loading_does_not_touch_the_global_random_state() -> None:
    before = torch.get_rng_state()
    list(exact_training_loader(EPISODES, batch_size=2))
    assert torch.equal(torch.get_rng_state(), before)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_worker_process_loads_the_same_batches() -> None:
    there = exact_training_loader(EPISODES, batch_size=3, seed=2, num_workers=1)
    here = exact_training_loader(EPISODES, batch_size=3, seed=2)
    for epoch in (0, 1):
        for loader in (here, there):
            assert isinstance(loader.sampler, DistributedSampler)
            loader.sampler.set_epoch(epoch)
        assert list(there) == list(here)


class Collector(LightningModule):
    """A module that keeps its training batches."""

    def __init__(self) -> None:
        super().__init__()
        self.automatic_optimization = False
        self.epochs: list[list[list[Episode]]] = []

    def on_train_epoch_start(self) -> None:
        self.epochs.append([])

    def training_step(self, batch: list[Episode]) -> None:
        self.epochs[-1].append(batch)

    def configure_optimizers(self) -> None:
        return None


@pytest.mark.filterwarnings("ignore:.LightningModule.configure_optimizers. returned .None.")
def test_lightning_tells_the_sampler_the_epoch_and_passes_the_batches_on_unchanged() -> None:
    trainer = Trainer(
        accelerator="cpu",
        max_epochs=3,
        logger=False,
        enable_progress_bar=False,
        enable_checkpointing=False,
        enable_model_summary=False,
    )
    collector = Collector()
    # Device 1 of 2: its third batch is empty.
    trainer.fit(
        collector, exact_training_loader(EPISODES[:9], batch_size=2, seed=1, world_size=2, rank=1)
    )
    orders = [permutation(9, 1, epoch) for epoch in range(3)]
    assert orders[0] != orders[1]
    assert [[[e.number for e in batch] for batch in epoch] for epoch in collector.epochs] == [
        [order[1:4:2], order[5:8:2], []] for order in orders
    ]
