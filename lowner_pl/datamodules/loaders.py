"""Loaders whose batches are lists, of sentences or what is made of them."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeVar

import torch
from torch.utils.data import DataLoader, Dataset, DistributedSampler

from lowner_pl.corpus import Sentence, Sentences
from lowner_pl.datamodules.resumable_loader import ResumableLoader
from lowner_pl.runs.seeds import run_seed

_Item = TypeVar("_Item")


class _Items(Dataset[_Item]):
    """A list as a data set of torch."""

    def __init__(self, items: Sequence[_Item]) -> None:
        self._items = items

    def __getitem__(self, index: int) -> _Item:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)


def training_loader(
    sentences: Sequence[Sentence],
    *,
    batch_size: int,
    num_workers: int = 0,
    seed: int | None = None,
    world_size: int = 1,
    rank: int = 0,
) -> DataLoader[Sentence]:
    """Return a loader in random order, a function of the seed and the epoch alone.

    Lightning tells the sampler the epoch, so a resumed run sees the order of an uninterrupted one.

    Args:
        sentences: The training data.
        batch_size: Sentences in a batch.
        num_workers: Processes that load; 0 loads in this one.
        seed: Of the order; ``None`` takes the run's seed (``seed_everything``), or 0.
        world_size: Number of devices; each gets its share of the sentences.
        rank: Number of this device, from 0.
    """
    seed = run_seed(seed)
    data = _Items(sentences)
    return ResumableLoader(
        data,
        batch_size=batch_size,
        sampler=DistributedSampler(data, num_replicas=world_size, rank=rank, seed=seed),
        num_workers=num_workers,
        collate_fn=list,
        persistent_workers=num_workers > 0,
        # Its own generator: an iterator that draws from the global one would shift dropout.
        generator=torch.Generator().manual_seed(seed),
    )


def evaluation_loader(
    items: Sequence[_Item],
    *,
    batch_size: int,
    num_workers: int = 0,
    world_size: int = 1,
    rank: int = 0,
) -> DataLoader[list[_Item]]:
    """Return a loader in corpus order that gives every item to exactly one device, once.

    Device ``r`` gets the items ``r``, ``r + world_size``, …, and as many batches as every other
    one: where its items run out, a batch is empty.

    Args:
        items: The data.
        batch_size: Items in a batch.
        num_workers: Processes that load; 0 loads in this one.
        world_size: Number of devices.
        rank: Number of this device, from 0.
    """
    step = batch_size * world_size
    batches = _Items(
        [
            list(items[start + other : start + step : world_size])
            for start in range(0, len(items), step)
            for other in range(world_size)
        ]
    )
    # Every device has as many batches, so that the sampler repeats none; and Lightning leaves a
    # loader alone that has a sampler of this class.
    sampler: DistributedSampler[list[_Item]] = DistributedSampler(
        batches, num_replicas=world_size, rank=rank, shuffle=False
    )
    return DataLoader(
        batches,
        batch_size=None,
        sampler=sampler,
        num_workers=num_workers,
        collate_fn=list,
        persistent_workers=num_workers > 0,
        generator=torch.Generator(),
    )


class StreamingLoader:
    """Batches as those of `evaluation_loader`, of which only one a device is held at a time.

    It is no `DataLoader`: a process that loads would have to read all that it does not need.

    Args:
        sentences: The data.
        batch_size: Sentences in a batch.
        world_size: Number of devices.
        rank: Number of this device, from 0.
    """

    def __init__(
        self, sentences: Sentences, *, batch_size: int, world_size: int = 1, rank: int = 0
    ) -> None:
        self._sentences = sentences
        self._step = batch_size * world_size
        self._share = slice(rank, None, world_size)

    def __len__(self) -> int:
        return -(-len(self._sentences) // self._step)

    def __iter__(self) -> Iterator[list[Sentence]]:
        sentences = iter(self._sentences)
        while step := list(islice(sentences, self._step)):
            yield step[self._share]
