r"""Ways to choose sentences from a pool, as functions on arrays.

All of them are greedy: they take one sentence after another and ask ``accepts`` about each, so that
near duplicates of what was chosen are passed over. Ties go to the sentence that comes first. Axes:
N sentences of the pool, H numbers of a vector, E entity types.
"""

from collections.abc import Callable
from itertools import islice
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.floating[Any]]
Accepts = Callable[[int], bool]
"""Tells whether a sentence of the pool may be chosen; asked once per sentence."""
_ROWS, _DISTANCES = 8_192, 2_000_000  # sentences and distances that are computed together


class Chosen(NamedTuple):
    """A chosen sentence.

    Attributes:
        place: Its position in the pool.
        score: What it was chosen by; higher is better.
    """

    place: int
    score: float


def highest(scores: Floats, count: int, accepts: Accepts) -> list[Chosen]:
    """Choose the sentences with the highest scores.

    Args:
        scores: The scores. Shape ``(N,)``.
        count: Number of sentences to choose.
        accepts: Tells whether a sentence may be chosen.
    """
    order = np.argsort(-scores, kind="stable")
    accepted = (Chosen(int(at), float(scores[at])) for at in order if accepts(int(at)))
    return list(islice(accepted, count))


def k_centre(
    weights: Floats, vectors: Floats, centres: Floats, count: int, accepts: Accepts
) -> list[Chosen]:
    r"""Choose sentences that are uncertain and far from each other and from annotated ones.

    The next sentence is the one with the highest

    .. math:: u_i \min_{j \in C} \lVert v_i - v_j \rVert

    with the weight :math:`u_i` and the centres :math:`C`, which are the annotated and the chosen
    sentences. With equal weights it is the greedy k-centre method of
    `Sener and Savarese (2018) <https://arxiv.org/abs/1708.00489>`_, algorithm 1. As long as there
    is no centre, the distance counts as 1.

    Args:
        weights: How much each sentence is worth, at least 0. Shape ``(N,)``.
        vectors: The vectors of the sentences. Shape ``(N, H)``.
        centres: The vectors of annotated sentences. Shape ``(M, H)``; M may be 0.
        count: Number of sentences to choose.
        accepts: Tells whether a sentence may be chosen.
    """
    middle = vectors.mean(0)  # distances stay; numbers near 0 are subtracted more exactly
    nearest = np.full(len(vectors), np.inf)
    _come_nearer(nearest, vectors, centres, middle)
    free = np.ones(len(vectors), bool)
    chosen: list[Chosen] = []
    while len(chosen) < count and free.any():
        distances = np.sqrt(nearest) if np.isfinite(nearest[0]) else np.ones_like(nearest)
        scores = np.where(free, weights * distances, -np.inf)
        at = int(scores.argmax())
        free[at] = False
        if accepts(at):
            chosen.append(Chosen(at, float(scores[at])))
            _come_nearer(nearest, vectors, vectors[at : at + 1], middle)
    return chosen


def balanced(
    expected: Floats, words: Floats, known: Floats, count: int, accepts: Accepts
) -> list[Chosen]:
    r"""Choose sentences with many entities of types of which there are few.

    The next sentence is the one with the highest gain per word,

    .. math:: \frac{1}{L_i} \sum_t \log \frac{1 + n_t + e_{it}}{1 + n_t}

    for :math:`n_t` annotated and expected entities of type :math:`t` so far and :math:`e_{it}`
    expected ones in the sentence. This is the greedy maximisation of :math:`\sum_t \log(1 + n_t)`
    for a cost per word (`Lin and Bilmes, 2010 <https://aclanthology.org/N10-1134>`_), which values
    an entity of a type the less, the more of them there are.

    Args:
        expected: Expected number of entities of each type. Shape ``(N, E)``.
        words: Number of words :math:`L_i` of each sentence, at least 1. Shape ``(N,)``.
        known: Number of annotated entities of each type. Shape ``(E,)``.
        count: Number of sentences to choose.
        accepts: Tells whether a sentence may be chosen.
    """
    have = 1.0 + known.astype(np.float64)
    free = np.ones(len(expected), bool)
    chosen: list[Chosen] = []
    while len(chosen) < count and free.any():
        gains = np.log1p(expected / have).sum(1) / words
        at = int(np.where(free, gains, -np.inf).argmax())
        free[at] = False
        if accepts(at):
            chosen.append(Chosen(at, float(gains[at])))
            have += expected[at]
    return chosen


def _come_nearer(nearest: Floats, vectors: Floats, centres: Floats, middle: Floats) -> None:
    """Lower the squared distances to the nearest centre, in place, for new centres.

    Args:
        nearest: The squared distances so far. Shape ``(N,)``.
        vectors: The vectors. Shape ``(N, H)``.
        centres: The new centres. Shape ``(M, H)``.
        middle: Subtracted from all of them. Shape ``(H,)``.
    """
    if not len(centres):
        return
    centres = centres - middle
    of_centres = np.einsum("mh,mh->m", centres, centres)
    step = max(1, min(_ROWS, _DISTANCES // len(centres)))
    for start in range(0, len(vectors), step):
        rows = slice(start, start + step)
        part = vectors[rows] - middle
        squares = np.einsum("nh,nh->n", part, part)
        distances = squares[:, None] + of_centres - 2.0 * (part @ centres.T)
        np.minimum(nearest[rows], distances.min(1).clip(min=0.0), out=nearest[rows])
