"""Numbers that say how fast a learning curve rises: the area under it, and where it gets to."""

from collections.abc import Sequence
from itertools import pairwise


def area(sizes: Sequence[float], scores: Sequence[float]) -> float:
    r"""Compute the area under a learning curve, divided by its width.

    By the trapezoidal rule,

    .. math:: \frac{1}{n_k - n_1} \sum_{i=1}^{k-1} (n_{i+1} - n_i) \frac{s_i + s_{i+1}}{2}

    for the scores :math:`s_i` at the sizes :math:`n_i`: the mean score of somebody who stops at any
    size between the first and the last one with the same probability.

    >>> area([20, 40, 100], [0.2, 0.4, 0.5])  # (20 * 0.3 + 60 * 0.45) / 80
    0.4125

    Args:
        sizes: Numbers of training sentences, rising, at least two.
        scores: The score at each size.

    Raises:
        ValueError: If sizes and scores are not as many, or fewer than two.
    """
    places = _places(sizes, scores)
    steps = ((n - m) * (s + t) / 2 for (m, s), (n, t) in pairwise(places))
    return sum(steps) / (places[-1][0] - places[0][0])


def reach(sizes: Sequence[float], scores: Sequence[float], target: float) -> float | None:
    r"""Compute the number of sentences at which a learning curve first reaches a score.

    Between two sizes, the curve is a straight line.

    >>> reach([20, 40, 100], [0.25, 0.5, 1.0], 0.625)  # a quarter of the way from 40 to 100
    55.0
    >>> reach([20, 40], [0.2, 0.4], 0.5) is None
    True

    Args:
        sizes: Numbers of training sentences, rising, at least two.
        scores: The score at each size.
        target: The score to reach.

    Returns:
        The number; the first size if the curve begins at or above the target, and ``None`` if it
        stays below.

    Raises:
        ValueError: If sizes and scores are not as many, or fewer than two.
    """
    places = _places(sizes, scores)
    if scores[0] >= target:
        return float(sizes[0])
    for (m, s), (n, t) in pairwise(places):
        if t >= target:
            return m + (n - m) * (target - s) / (t - s)
    return None


def value_at(sizes: Sequence[float], scores: Sequence[float], size: float) -> float | None:
    """Read a learning curve at a size; ``None`` outside of its sizes.

    >>> value_at([20, 40, 100], [0.2, 0.4, 0.5], 70)
    0.45

    Args:
        sizes: Numbers of training sentences, rising, at least two.
        scores: The score at each size.
        size: The size.

    Raises:
        ValueError: If sizes and scores are not as many, or fewer than two.
    """
    for (m, s), (n, t) in pairwise(_places(sizes, scores)):
        if m <= size <= n:
            return s + (t - s) * (size - m) / (n - m)
    return None


def _places(sizes: Sequence[float], scores: Sequence[float]) -> list[tuple[float, float]]:
    """Pair sizes and scores."""
    if len(sizes) != len(scores) or len(sizes) < 2:
        raise ValueError(
            f"A learning curve needs a score for each of at least two sizes, but has {len(sizes)} "
            f"sizes and {len(scores)} scores."
        )
    return list(zip(sizes, scores, strict=True))
