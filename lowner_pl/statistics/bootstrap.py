"""Paired bootstrap over sentences: by how much a difference depends on the choice of test data.

The test sentences are drawn anew, with replacement, as many as there are, and all systems are
scored on the same draw (`Efron and Tibshirani, 1993`, chapter 16; for NLP, `Koehn, 2004
<https://aclanthology.org/W04-3250>`_). Scores of a draw follow from the counts of its sentences, so
no sentence is scored twice.
"""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

Kind = Literal["f1", "precision", "recall"]
Floats = NDArray[np.float64]
CHUNK = 4_000_000
"""Number of draws that are in memory at once, at about 20 bytes each."""


class Interval(NamedTuple):
    """What resamples say about a difference.

    Attributes:
        low: Lower end of the 95 % percentile interval.
        high: Upper end.
        p: Two-sided p-value of no difference: twice the share of resamples whose difference is 0 or
            has the other sign, and at least ``2 / (resamples + 1)``.
    """

    low: float
    high: float
    p: float


def resampled_scores(
    systems: Sequence[NDArray[np.int64]],
    *,
    kind: Kind = "f1",
    resamples: int = 10_000,
    seed: int = 0,
) -> Floats:
    """Score systems on resampled test sentences, all on the same ones.

    Resample ``r`` holds the sentences ``default_rng(seed).integers(n, size=(resamples, n),
    dtype=int32)[r]``.

    Args:
        systems: For each system, the correct, predicted and gold entities of each sentence. Shape
            ``(sentences, 3)``.
        kind: The score, micro-averaged over entities; 0 if there are none.
        resamples: Number of resamples.
        seed: Seed of the draws.

    Returns:
        The scores from 0 to 1. Shape ``(systems, resamples)``.
    """
    size = len(systems[0])
    numerators, denominators = zip(*(_ratio(counts, kind) for counts in systems), strict=True)
    columns = np.stack([*numerators, *denominators], axis=1).astype(np.float64)
    generator = np.random.default_rng(seed)
    at_once = max(1, CHUNK // max(size, 1))
    scores = np.empty((len(systems), resamples))
    for begin in range(0, resamples, at_once):
        rows = min(at_once, resamples - begin)
        drawn = generator.integers(size, size=(rows, size), dtype=np.int32).astype(np.int64)
        drawn += size * np.arange(rows)[:, None]
        weights = np.bincount(drawn.ravel(), minlength=rows * size).reshape(rows, size)
        sums = (weights.astype(np.float64) @ columns).T
        scores[:, begin : begin + rows] = _divided(sums[: len(systems)], sums[len(systems) :])
    return scores


def interval(differences: Floats) -> Interval:
    """Compute the 95 % interval and the p-value of resampled differences.

    Args:
        differences: Shape ``(resamples,)``.
    """
    low, high = np.quantile(differences, [0.025, 0.975])
    rarer = min((differences <= 0).sum(), (differences >= 0).sum())
    return Interval(
        float(low), float(high), min(1.0, 2 * (int(rarer) + 1) / (len(differences) + 1))
    )


def _ratio(counts: NDArray[np.int64], kind: Kind) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the numerator and the denominator of a score for each sentence."""
    correct, predicted, gold = counts.T
    match kind:
        case "f1":
            return 2 * correct, predicted + gold
        case "precision":
            return correct, predicted
        case "recall":
            return correct, gold


def _divided(numerators: Floats, denominators: Floats) -> Floats:
    """Divide, with 0 as the result where the denominator is 0."""
    none = np.zeros_like(numerators)
    return np.divide(numerators, denominators, out=none, where=denominators > 0)
