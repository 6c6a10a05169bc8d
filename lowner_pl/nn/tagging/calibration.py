r"""The temperature of a tagger's confidences, fitted on dev data.

A tagger that has seen its training sentences often is surer than it is right. Dividing all scores
by one temperature :math:`\tau` corrects that without changing the best tags of a softmax head
(`Guo et al., 2017 <https://arxiv.org/abs/1706.04599>`_). It is found in two steps on the dev data.

The temperature :math:`\tau_w` of the words makes the gold tags most likely among the legal paths;
see `lowner_pl.nn.tagging.confidence`. Most words are outside entities and easy, so entities are
still too sure at this temperature. The second step therefore looks at the predicted entities
:math:`e`, each right (:math:`r_e = 1`) or not (:math:`r_e = 0`), and their confidences
:math:`p_\tau(e)`:

.. math:: \tau = \arg\min_\tau \frac{(\ln \tau - \ln \tau_w)^2}{2 \cdot 0.3^2}
    - \sum_e \big( r_e \ln p_\tau(e) + (1 - r_e) \ln (1 - p_\tau(e)) \big)

The first term is a normal prior of the logarithm: a few entities move the temperature little.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from lowner_pl.corpus import Entity, TagSet, entities_of
from lowner_pl.nn.tagging.confidence import log_likelihoods
from lowner_pl.nn.tagging.dev_paths import DevPath
from lowner_pl.nn.tagging.heads import Chain
from lowner_pl.nn.tagging.paths import Paths, scaled

LOWEST, HIGHEST = 0.25, 8.0
"""Bounds of the temperature: dev data of a few sentences may all be tagged right."""
PRIOR_SD = 0.3
"""Standard deviation of the logarithm of the temperature around that of the words."""
_BATCH = 128  # sentences whose likelihoods are computed together
_CLOSE = 1e-3  # of the logarithm of the temperature
_SUREST = -1e-12  # log-probability of an entity; at 0, a wrong one would cost infinitely much


class Temperature(NamedTuple):
    """A fitted temperature.

    Attributes:
        temperature: The temperature.
        of_words: The temperature at which the gold tags are most likely.
        sentences: Number of sentences it was fitted on.
        words: Number of their words.
        entities: Number of predicted entities. If there are none, it is that of the words.
        right: Number of predicted entities that are right.
        loss: Negative log-likelihood of which entities are right, per entity, at this temperature;
            ``None`` if there are no entities.
        loss_before: The same at temperature 1.
    """

    temperature: float
    of_words: float
    sentences: int
    words: int
    entities: int
    right: int
    loss: float | None
    loss_before: float | None


class _Padded(NamedTuple):
    """Sentences of similar length.

    Attributes:
        emissions: Scores of each tag. Shape ``(B, W, T)``.
        tags: Ids of gold tags, a legal path. Shape ``(B, W)``.
        mask: ``True`` on real words. Shape ``(B, W)``.
        chain: The head's scores besides the emissions.
        entities: The predicted entities, each with its row. Length N.
        right: Whether they are right. Shape ``(N,)``.
    """

    emissions: Tensor
    tags: Tensor
    mask: Tensor
    chain: Chain
    entities: list[tuple[int, Entity]]
    right: Tensor


@torch.no_grad()
def fit_temperature(tag_set: TagSet, paths: Sequence[DevPath]) -> Temperature | None:
    """Find the temperature, between 0.25 and 8; see the top of this module.

    The loss of the words has one minimum, as it is convex in the inverse of the temperature; that
    of the entities may have several, of which one is found. The result does not depend on the order
    of sentences but for rounding, and is ``None`` if there are none.

    Args:
        tag_set: The tags.
        paths: Scores, gold tags and entities. Malformed gold tags are repaired.
    """
    words = sum(len(path.tags) for path in paths)
    if not words:
        return None
    batches = _batches(tag_set, paths)
    found = [batch for batch in batches if batch.entities]
    entities = sum(len(batch.entities) for batch in found)
    right = sum(int(batch.right.sum()) for batch in found)

    of_words = _lowest(lambda temperature: _loss_of_words(tag_set, batches, temperature) / words)
    if not entities:
        return Temperature(of_words, of_words, len(paths), words, 0, 0, None, None)

    def loss(temperature: float) -> float:
        distance = (math.log(temperature) - math.log(of_words)) / PRIOR_SD
        return _loss_of_entities(tag_set, found, temperature) + distance**2 / 2

    best = _lowest(loss)
    after, before = (_loss_of_entities(tag_set, found, at) / entities for at in (best, 1.0))
    return Temperature(best, of_words, len(paths), words, entities, right, after, before)


def _lowest(loss: Callable[[float], float]) -> float:
    """Find the temperature with the lowest loss, rounded as it is written to files."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda logarithm: loss(math.exp(logarithm)),
        bounds=(math.log(LOWEST), math.log(HIGHEST)),
        method="bounded",
        options={"xatol": _CLOSE},
    )
    return round(math.exp(float(found.x)), 4)


def _loss_of_words(tag_set: TagSet, batches: Sequence[_Padded], temperature: float) -> float:
    """Compute the negative log-likelihood of all gold tags, in nats."""
    found = [
        log_likelihoods(tag_set, batch.chain, batch.emissions, batch.tags, batch.mask, temperature)
        for batch in batches
    ]
    return -float(torch.cat(found).sum())


def _loss_of_entities(tag_set: TagSet, batches: Sequence[_Padded], temperature: float) -> float:
    """Compute the negative log-likelihood of which predicted entities are right, in nats."""
    total = 0.0
    for batch in batches:
        scores, chain = scaled(tag_set, batch.chain, batch.emissions, batch.mask, temperature)
        sure = Paths.of(scores, chain, batch.mask).log_probabilities(tag_set, batch.entities)
        sure = sure.clamp(max=_SUREST)
        total -= float(torch.where(batch.right, sure, (-sure.expm1()).log()).sum())
    return total


def _batches(tag_set: TagSet, paths: Sequence[DevPath]) -> list[_Padded]:
    """Pad sentences of similar length to batches."""
    ordered = sorted(paths, key=lambda path: len(path.tags))
    batches = []
    for start in range(0, len(ordered), _BATCH):
        part = ordered[start : start + _BATCH]
        gold = [tag_set.decode(path.tags) for path in part]
        found = [entities_of(tags) for tags in gold]
        right = [
            entity in of_gold
            for path, of_gold in zip(part, found, strict=True)
            for entity in path.entities
        ]
        batches.append(
            _Padded(
                emissions=pad_sequence([path.emissions for path in part], batch_first=True),
                tags=pad_sequence(
                    [torch.tensor(tag_set.encode(tags)) for tags in gold], batch_first=True
                ),
                mask=pad_sequence(
                    [torch.ones(len(path.tags), dtype=torch.bool) for path in part],
                    batch_first=True,
                ),
                chain=_common([path.chain for path in part]),
                entities=[(row, e) for row, path in enumerate(part) for e in path.entities],
                right=torch.tensor(right, dtype=torch.bool),
            )
        )
    return batches


def _common(chains: Sequence[Chain]) -> Chain:
    """Return the chain that all sentences share, or stack theirs: adapted CRFs have their own."""
    first = chains[0]
    if all(chain is first or all(map(torch.equal, chain, first)) for chain in chains):
        return first
    return Chain(*(torch.stack(parts) for parts in zip(*chains, strict=True)))
