"""How the score grows with the number of training sentences, from a few small trainings."""

import math
from collections.abc import Sequence
from itertools import combinations
from typing import NamedTuple

FLAT = 0.02
"""Exponent below which more sentences hardly help."""


class Point(NamedTuple):
    """A training: its number of sentences, and the best dev F1 in percent."""

    sentences: int
    f1: float


class Forecast(NamedTuple):
    """The expected F1, in percent, and the range that pairs of trainings give."""

    sentences: int
    f1: float
    low: float
    high: float


class Curve(NamedTuple):
    """A learning curve: what is missing to 100 % falls with a power of the number of sentences.

    Attributes:
        points: The trainings.
        forecasts: The expected scores with more sentences; none if the trainings show no trend.
    """

    points: tuple[Point, ...]
    forecasts: tuple[Forecast, ...]

    @property
    def said(self) -> str:
        """What the curve says, in a sentence or two."""
        last = self.points[-1]
        if not any(point.f1 for point in self.points):
            return (
                "F1 is 0 in all trainings, so nothing can be said about more sentences. Train "
                "longer first (`--trainer.max_epochs`)."
            )
        if not self.forecasts:
            return (
                f"F1 does not grow with the sentences ({_listed(self.points)}), so these trainings "
                "say nothing about more of them. One training each is noisy with so few sentences."
            )
        double = self.forecasts[0]
        more = double.sentences - last.sentences
        return (
            f"{more:,} sentences more would probably bring F1 from {last.f1:.1f} to about "
            f"{double.f1:.0f} (between {double.low:.0f} and {double.high:.0f})."
        )


def fitted(points: Sequence[Point]) -> Curve:
    r"""Fit a learning curve and extend it to two and four times the sentences.

    The missing score is fitted as

    .. math:: 100 - F_1(n) = a n^{-c}

    by least squares of logarithms. The range is that of the curves through every two trainings.

    Args:
        points: The trainings, at least two of different sizes.

    >>> curve = fitted([Point(25, 20.0), Point(50, 40.0), Point(100, 55.0)])
    >>> [round(one.f1) for one in curve.forecasts]
    [66, 75]
    """
    points = sorted(points)
    whole = _line(points)
    if whole[1] < FLAT:
        return Curve(tuple(points), ())
    pairs = [_line(pair) for pair in combinations(points, 2)]
    forecasts = []
    for times in (2, 4):
        sentences = times * points[-1].sentences
        all_of = [_at(line, sentences) for line in pairs]
        f1 = _at(whole, sentences)
        forecasts.append(Forecast(sentences, f1, min(f1, *all_of), max(f1, *all_of)))
    return Curve(tuple(points), tuple(forecasts))


def _line(points: Sequence[Point]) -> tuple[float, float]:
    """Fit ``log a`` and ``c``."""
    xs = [math.log(point.sentences) for point in points]
    ys = [math.log(max(100.0 - point.f1, 0.1)) for point in points]
    x, y = sum(xs) / len(xs), sum(ys) / len(ys)
    slope = sum((a - x) * (b - y) for a, b in zip(xs, ys, strict=True)) / sum(
        (a - x) ** 2 for a in xs
    )
    return y - slope * x, -slope


def _at(line: tuple[float, float], sentences: int) -> float:
    """Compute the F1 that a curve gives."""
    return max(0.0, 100.0 - math.exp(line[0] - line[1] * math.log(sentences)))


def _listed(points: Sequence[Point]) -> str:
    """List the scores of the trainings."""
    return ", ".join(f"{point.f1:.1f} with {point.sentences:,}" for point in points)
