"""Drawing lines of several languages for each epoch."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch.utils.data import DistributedSampler

from lowner_pl.datamodules.loaders import Items
from lowner_pl.runs.seeds import derived_seed


def language_counts(sizes: Sequence[int], *, total: int, exponent: float) -> list[int]:
    r"""Compute how many of ``total`` lines to draw from each language, following :math:`n^\alpha`.

    With :math:`n_l` lines, language :math:`l` gets the share
    :math:`n_l^\alpha / \sum_k n_k^\alpha`
    (`Conneau and Lample, 2019 <https://arxiv.org/abs/1901.07291>`_, section 3.1), rounded so
    that the counts add up to ``total``.

    Args:
        sizes: Number of lines of each language, at least 1.
        total: Number of lines to draw.
        exponent: The exponent :math:`\alpha`: 1 is proportional to size, 0 is uniform.
    """
    weights = np.asarray(sizes, dtype=float) ** exponent
    ends = np.rint(np.cumsum(weights) / weights.sum() * total).astype(int)
    return [int(count) for count in np.diff(ends, prepend=0)]


class LanguageSampler(DistributedSampler[int]):
    """Sampler of an epoch's lines, which depend only on the seed and the epoch.

    It yields positions in the list of all lines, language by language.
    All lines of a language are drawn once before any line is drawn again, even across epochs.

    Args:
        sizes: Number of lines of each language.
        counts: Number of lines to draw from each language per epoch.
        seed: Seed of the order.
        world_size: Number of devices; each gets an equal share of the lines.
        rank: Number of this device, from 0.
    """

    def __init__(
        self,
        *,
        sizes: Sequence[int],
        counts: Sequence[int],
        seed: int,
        world_size: int = 1,
        rank: int = 0,
    ) -> None:
        super().__init__(Items(range(sum(sizes))), num_replicas=world_size, rank=rank, seed=seed)
        self.sizes, self.counts = list(sizes), list(counts)
        self.num_samples = sum(counts) // world_size  # the remainder is left out

    def __iter__(self) -> Iterator[int]:
        """Yield the positions of this device's lines."""
        drawn = torch.cat([self._drawn(language) for language in range(len(self.sizes))])
        order = torch.randperm(len(drawn), generator=self._generator(-1, self.epoch))
        mine = drawn[order][self.rank :: self.num_replicas][: self.num_samples]
        return iter(mine.tolist())

    def __len__(self) -> int:
        return self.num_samples

    def _drawn(self, language: int) -> torch.Tensor:
        """Return the positions of the lines drawn from one language in this epoch."""
        size, count = self.sizes[language], self.counts[language]
        first, last = self.epoch * count, (self.epoch + 1) * count
        rounds = range(first // size, -(-last // size)) if count else range(0)
        orders = [
            torch.randperm(size, generator=self._generator(language, round_)) for round_ in rounds
        ]
        if not orders:
            return torch.empty(0, dtype=torch.long)
        start = first - rounds[0] * size
        return sum(self.sizes[:language]) + torch.cat(orders)[start : start + count]

    def _generator(self, *key: int) -> torch.Generator:
        """Create an independent generator for each key."""
        return torch.Generator().manual_seed(derived_seed(self.seed, *key))
