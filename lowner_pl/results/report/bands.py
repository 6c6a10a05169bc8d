"""Means over seeds with a band."""

from collections.abc import Sequence
from statistics import fmean, stdev

from lowner_pl.results.pictures.curves import Curve


def banded(name: str, places: Sequence[float], by_seed: Sequence[Sequence[float]]) -> Curve:
    """Average curves of seeds; the band is one standard deviation to both sides.

    Args:
        name: Name of the curve.
        places: The places.
        by_seed: The values at the places, for each seed.
    """
    values = [*zip(*by_seed, strict=True)]
    means = [fmean(one) for one in values]
    spread = [stdev(one) if len(one) > 1 else 0.0 for one in values]
    low, high = (
        [mean + side * sd for mean, sd in zip(means, spread, strict=True)] for side in (-1, 1)
    )
    return Curve(name, places, means, low, high)
