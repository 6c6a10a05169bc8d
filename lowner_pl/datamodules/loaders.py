"""Data loaders whose batches are lists of sentences or of episodes."""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import TypeVar

import torch
from torch.utils.data import DataLoader, Dataset, DistributedSampler

from lowner_pl.corpus import Sentence, Sentences
from lowner_pl.runs.seeds import run_seed

_Item = TypeVar("_Item")
_Data = TypeVar("_Data", covariant=True)


class ResumableLoader(DataLoader[_Data]):
    """A training loader that can start in the middle of an epoch.

    It skips the batches that an interrupted run has already learned from. `BaseModule` sets their
    number: all batches before the last weight update. Lightning would do this itself only in some
    configurations, but always calls the two methods below.
    """

    _done = 0

    def state_dict(self) -> dict[str, int]:
        """Return the number of batches that the next pass skips."""
        return {"batches": self._done}

    def load_state_dict(self, state_dict: dict[str, int]) -> None:
        """Set the number of batches that the next pass skips."""
        self._done = int(state_dict["batches"])

    def __iter__(self) -> Iterator[object]:  # type: ignore[override]
        # A generator reads nothing before the first batch is requested: Lightning creates the
        # iterator before it tells the sampler the epoch.
        done, self._done = self._done, 0
        yield from islice(super().__iter__(), done, None)


def training_loader(
    sentences: Sequence[Sentence],
    *,
    batch_size: int,
    num_workers: int = 0,
    seed: int | None = None,
    world_size: int = 1,
    rank: int = 0,
) -> DataLoader[Sentence]:
    """Create a loader of sentences in a random order that depends only on seed and epoch.

    Lightning tells the sampler the epoch, so a resumed run sees the same order as an uninterrupted
    one. All devices get equally many sentences; up to ``world_size - 1`` are repeated for this.

    Args:
        sentences: The training data.
        batch_size: Sentences per batch and device.
        num_workers: Number of worker processes; 0 loads in the main process.
        seed: Seed of the order; ``None`` uses the run's seed (``seed_everything``), or 0.
        world_size: Number of devices.
        rank: Number of this device, from 0.
    """
    seed = run_seed(seed)
    data = Items(sentences)
    return ResumableLoader(
        data,
        batch_size=batch_size,
        sampler=DistributedSampler(data, num_replicas=world_size, rank=rank, seed=seed),
        num_workers=num_workers,
        collate_fn=list,
        persistent_workers=num_workers > 0,
        # The loader gets its own generator: drawing from the global one would change dropout.
        generator=torch.Generator().manual_seed(seed),
    )


class ExactBatchSampler(DistributedSampler[list[int]]):
    """Batches of item numbers in random order, shared by several devices without repetition.

    With R devices and batches of b, the devices together process items ``i * b * R`` to
    ``(i + 1) * b * R`` of the epoch's permutation in step i. So batches of b on R devices hold the
    same items as batches of b R on one device. In the last step a device may get fewer items, or
    none: an empty list.

    Args:
        size: Number of items.
        batch_size: Items per batch and device, b.
        seed: Seed of the order, together with the epoch.
        world_size: Number of devices, R.
        rank: Number of this device, from 0.
    """

    def __init__(
        self, size: int, *, batch_size: int, seed: int, world_size: int = 1, rank: int = 0
    ) -> None:
        super().__init__(Items(range(size)), num_replicas=world_size, rank=rank, seed=seed)
        self._size = size
        self._step = batch_size * world_size

    def __len__(self) -> int:
        return -(-self._size // self._step)

    def __iter__(self) -> Iterator[list[int]]:
        generator = torch.Generator().manual_seed(self.seed + self.epoch)
        order = torch.randperm(self._size, generator=generator).tolist()
        for start in range(0, self._size, self._step):
            yield order[start : start + self._step][self.rank :: self.num_replicas]


def exact_training_loader(
    items: Sequence[_Item],
    *,
    batch_size: int,
    num_workers: int = 0,
    seed: int | None = None,
    world_size: int = 1,
    rank: int = 0,
) -> DataLoader[list[_Item]]:
    """Create a loader of random batches without repeated items, for any number of devices.

    The order depends only on seed and epoch. Lightning keeps the sampler and tells it the epoch.

    Args:
        items: The training data.
        batch_size: Items per batch and device.
        num_workers: Number of worker processes; 0 loads in the main process.
        seed: Seed of the order; ``None`` uses the run's seed (``seed_everything``), or 0.
        world_size: Number of devices.
        rank: Number of this device, from 0.
    """
    seed = run_seed(seed)
    return ResumableLoader(
        _ItemLists(items),
        batch_size=None,
        sampler=ExactBatchSampler(
            len(items), batch_size=batch_size, seed=seed, world_size=world_size, rank=rank
        ),
        num_workers=num_workers,
        collate_fn=list,
        persistent_workers=num_workers > 0,
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
    """Create a loader in corpus order that gives each item to exactly one device, once.

    Device ``r`` gets the items ``r``, ``r + world_size``, … All devices get the same number of
    batches; a device that has run out of items gets an empty one.

    Args:
        items: The data.
        batch_size: Items per batch and device.
        num_workers: Number of worker processes; 0 loads in the main process.
        world_size: Number of devices.
        rank: Number of this device, from 0.
    """
    step = batch_size * world_size
    batches = Items(
        [
            list(items[start + other : start + step : world_size])
            for start in range(0, len(items), step)
            for other in range(world_size)
        ]
    )
    # There are equally many batches per device, so the sampler repeats none. Lightning replaces
    # samplers of other classes.
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
    """The batches of `evaluation_loader`, read from a file one at a time.

    It isn't a `DataLoader`, because each worker process would have to read the whole file.

    Args:
        sentences: The data.
        batch_size: Sentences per batch and device.
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


class Items(Dataset[_Item]):
    """A sequence as a torch data set."""

    def __init__(self, items: Sequence[_Item]) -> None:
        self._items = items

    def __getitem__(self, index: int) -> _Item:
        return self._items[index]

    def __len__(self) -> int:
        return len(self._items)


class _ItemLists(Dataset[list[_Item]]):
    """A sequence as a torch data set that is indexed by lists of numbers."""

    def __init__(self, items: Sequence[_Item]) -> None:
        self._items = items

    def __getitem__(self, numbers: list[int]) -> list[_Item]:
        return [self._items[number] for number in numbers]
