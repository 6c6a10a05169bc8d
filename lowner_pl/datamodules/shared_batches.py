"""Batches in random order that several devices share out exactly."""

from collections.abc import Iterator, Sequence
from typing import TypeVar

import torch
from torch.utils.data import DataLoader, Dataset, DistributedSampler

from lowner_pl.datamodules.resumable_loader import ResumableLoader
from lowner_pl.runs.seeds import run_seed

_Item = TypeVar("_Item")


class SharedBatches(DistributedSampler[list[int]]):
    """Numbers of items, in batches over all devices: none is repeated to fill one up.

    With R devices batch i of all of them together is the stretch ``i * b * R … (i + 1) * b * R`` of
    the epoch's permutation, each item once; so batches of b on R devices have the items of batches
    of b R on one. Of the last batch a device may get fewer items, or none: an empty list.

    Args:
        size: Number of items.
        batch_size: Items in a batch of one device, b.
        seed: Of the order, with the epoch.
        world_size: Number of devices, R.
        rank: Number of this device, from 0.
    """

    def __init__(
        self, size: int, *, batch_size: int, seed: int, world_size: int = 1, rank: int = 0
    ) -> None:
        super().__init__(_Numbers(size), num_replicas=world_size, rank=rank, seed=seed)
        self._size = size
        self._step = batch_size * world_size

    def __len__(self) -> int:
        return -(-self._size // self._step)

    def __iter__(self) -> Iterator[list[int]]:
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        order = torch.randperm(self._size, generator=generator).tolist()
        for start in range(0, self._size, self._step):
            yield order[start : start + self._step][self.rank :: self.num_replicas]


def shared_loader(
    items: Sequence[_Item],
    *,
    batch_size: int,
    num_workers: int = 0,
    seed: int | None = None,
    world_size: int = 1,
    rank: int = 0,
) -> DataLoader[list[_Item]]:
    """Return a loader of `SharedBatches`, in an order that is a function of seed and epoch alone.

    Lightning leaves a sampler of this class alone and tells it the epoch.

    Args:
        items: The training data.
        batch_size: Items in a batch of one device.
        num_workers: Processes that load; 0 loads in this one.
        seed: Of the order; ``None`` takes the run's seed (``seed_everything``), or 0.
        world_size: Number of devices.
        rank: Number of this device, from 0.
    """
    seed = run_seed(seed)
    return ResumableLoader(
        _Lists(items),
        batch_size=None,
        sampler=SharedBatches(
            len(items), batch_size=batch_size, seed=seed, world_size=world_size, rank=rank
        ),
        num_workers=num_workers,
        collate_fn=list,
        persistent_workers=num_workers > 0,
        # Its own generator: an iterator that draws from the global one would shift dropout.
        generator=torch.Generator().manual_seed(seed),
    )


class _Lists(Dataset[list[_Item]]):
    """Items as a data set of torch, fetched by lists of numbers."""

    def __init__(self, items: Sequence[_Item]) -> None:
        self._items = items

    def __getitem__(self, numbers: list[int]) -> list[_Item]:
        return [self._items[number] for number in numbers]


class _Numbers(Dataset[list[int]]):
    """The size of a data set, all that a sampler wants to know of it."""

    def __init__(self, size: int) -> None:
        self._size = size

    def __len__(self) -> int:
        return self._size
