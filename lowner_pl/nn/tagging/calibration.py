r"""The temperature of a tagger's confidences, fitted on dev data.

A tagger that has seen its training sentences often is surer than it is right. Dividing all scores
by one temperature :math:`\tau` corrects that without changing the best tags of a softmax head
(`Guo et al., 2017 <https://arxiv.org/abs/1706.04599>`_). It is the one that makes the gold tags of
the dev data most likely among the legal paths; see `lowner_pl.nn.tagging.confidence`.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from lowner_pl.corpus import TagSet
from lowner_pl.nn.tagging.confidence import log_likelihoods
from lowner_pl.nn.tagging.heads import Chain, Head

LOWEST, HIGHEST = 0.25, 4.0
"""Bounds of the temperature: dev data of a few sentences may all be tagged right."""
MOST_WORDS = 20_000
_BATCH = 128  # sentences whose likelihoods are computed together
_CLOSE = 1e-3  # of the logarithm of the temperature


class GoldPath(NamedTuple):
    """The scores of a sentence and its gold tags.

    Attributes:
        emissions: Scores of each tag. Shape ``(L, T)``.
        tags: Ids of the gold tags. Length L.
        chain: The head's scores besides the emissions.
    """

    emissions: Tensor
    tags: list[int]
    chain: Chain


class Temperature(NamedTuple):
    """A fitted temperature.

    Attributes:
        temperature: The temperature.
        sentences: Number of sentences it was fitted on.
        words: Number of their words.
        loss: Negative log-likelihood of their tags per word, at this temperature.
        loss_before: The same at temperature 1.
    """

    temperature: float
    sentences: int
    words: int
    loss: float
    loss_before: float


class DevPaths:
    """The scores and gold tags of the running validation. They stay on their device until used."""

    def __init__(self) -> None:
        self._batches: list[tuple[Tensor, Tensor, Tensor, Chain]] = []

    def clear(self) -> None:
        """Forget all sentences."""
        self._batches = []

    def add(self, head: Head, emissions: Tensor, tags: Tensor, mask: Tensor) -> None:
        """Keep the sentences of a batch.

        Args:
            head: The head that computed the emissions, with the weights that it used.
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            tags: Gold tag ids. Shape ``(B, W)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
        """
        chain = Chain(*(part.detach().clone() for part in head.chain()))
        self._batches.append((emissions.detach(), tags, mask, chain))

    def sentences(self, most_words: int = MOST_WORDS) -> list[GoldPath]:
        """Return the sentences, or evenly spaced ones if they have too many words.

        Args:
            most_words: Number of words that should suffice, at least 1.
        """
        lengths = [mask.sum(1).tolist() for _, _, mask, _ in self._batches]
        step = max(1, -(-sum(map(sum, lengths)) // most_words))
        paths, number = [], 0
        for (emissions, tags, _, chain), of_batch in zip(self._batches, lengths, strict=True):
            rows = range(-number % step, len(of_batch), step)
            number += len(of_batch)
            scores, ids = emissions[list(rows)].float().cpu(), tags[list(rows)].tolist()
            on_cpu = Chain(*(part.float().cpu() for part in chain))
            for row, path, its in zip(rows, scores, ids, strict=True):
                length = of_batch[row]
                paths.append(GoldPath(path[:length].clone(), its[:length], on_cpu))
        return paths


@torch.no_grad()
def fit_temperature(tag_set: TagSet, paths: Sequence[GoldPath]) -> Temperature | None:
    """Find the temperature between 0.25 and 4 at which gold tags are most likely.

    The loss has one minimum, as it is convex in the inverse of the temperature. The result does not
    depend on the order of sentences but for rounding, and is ``None`` if there are none.

    Args:
        tag_set: The tags.
        paths: Scores and gold tags of sentences. Malformed gold tags are repaired.
    """
    from scipy.optimize import minimize_scalar

    words = sum(len(path.tags) for path in paths)
    if not words:
        return None
    batches = _batches(tag_set, paths)

    def loss(log_temperature: float) -> float:
        temperature = math.exp(log_temperature)
        found = [
            log_likelihoods(tag_set, chain, emissions, tags, mask, temperature).sum()
            for emissions, tags, mask, chain in batches
        ]
        return -float(torch.stack(found).sum()) / words

    bounds = (math.log(LOWEST), math.log(HIGHEST))
    found = minimize_scalar(loss, bounds=bounds, method="bounded", options={"xatol": _CLOSE})
    # Rounded, so that the value in a file is the value that is used.
    temperature = round(math.exp(float(found.x)), 4)
    at_best = loss(math.log(temperature))
    return Temperature(temperature, len(paths), words, at_best, loss(0.0))


def _batches(
    tag_set: TagSet, paths: Sequence[GoldPath]
) -> list[tuple[Tensor, Tensor, Tensor, Chain]]:
    """Pad sentences of similar length to batches: emissions, tags, mask and chains."""
    ordered = sorted(paths, key=lambda path: len(path.tags))
    batches = []
    for start in range(0, len(ordered), _BATCH):
        part = ordered[start : start + _BATCH]
        legal = [torch.tensor(tag_set.encode(tag_set.decode(path.tags))) for path in part]
        emissions = pad_sequence([path.emissions for path in part], batch_first=True)
        mask = pad_sequence([torch.ones(len(path.tags)) for path in part], batch_first=True)
        chain = _common([path.chain for path in part])
        tags = pad_sequence(legal, batch_first=True)
        batches.append((emissions, tags, mask.bool(), chain))
    return batches


def _common(chains: Sequence[Chain]) -> Chain:
    """Return the chain that all sentences share, or stack theirs: adapted CRFs have their own."""
    first = chains[0]
    if all(chain is first or all(map(torch.equal, chain, first)) for chain in chains):
        return first
    return Chain(*(torch.stack(parts) for parts in zip(*chains, strict=True)))
