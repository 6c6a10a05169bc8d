"""Scores by number of training sentences."""

from collections import defaultdict
from collections.abc import Mapping
from statistics import fmean

from lowner_pl.results.comparison import Comparison
from lowner_pl.results.pictures.curves import MOST_PANELS, Curve
from lowner_pl.results.report.bands import banded

BySize = dict[float, Mapping[int, float]]
"""The score of each seed, by size."""


def size_curves(comparison: Comparison) -> dict[str, list[Curve]]:
    """Draw the score of each system by training size, where runs differ in it.

    Args:
        comparison: The comparison.

    Returns:
        The curves of each language, followed by the means over the languages that a system has at
        all sizes; only the means if there are too many languages for a picture.
    """
    found: dict[str, dict[str, BySize]] = defaultdict(lambda: defaultdict(dict))
    for (row, system), scores in comparison.scores.items():
        size = dict(row.factors).get("size")
        if isinstance(size, (int, float)):
            found[row.language][system][size] = scores.by_seed
    if len(found) > 1:
        mean = {f"mean of {len(found)} languages": _mean(found)}
        found = mean if len(found) >= MOST_PANELS else {**found, **mean}
    panels = {
        language: _curves({name: systems[name] for name in comparison.systems if name in systems})
        for language, systems in found.items()
    }
    return {language: curves for language, curves in panels.items() if curves}


def _curves(systems: Mapping[str, BySize]) -> list[Curve]:
    """Draw the curves of a language, over the seeds that a system has at all sizes."""
    curves = []
    for system, by_size in systems.items():
        sizes = sorted(by_size)
        seeds = set.intersection(*({*by_size[size]} for size in sizes))
        if len(sizes) > 1 and seeds:
            values = [[by_size[size][seed] for size in sizes] for seed in sorted(seeds)]
            curves.append(banded(system, sizes, values))
    return curves


def _mean(found: Mapping[str, Mapping[str, BySize]]) -> dict[str, BySize]:
    """Average over the languages that a system has at all of its sizes."""
    means: dict[str, BySize] = {}
    for system in dict.fromkeys(name for systems in found.values() for name in systems):
        languages = [systems[system] for systems in found.values() if system in systems]
        sizes = {size for by_size in languages for size in by_size}
        whole = [by_size for by_size in languages if by_size.keys() == sizes]
        if whole:
            means[system] = {size: _mean_of([one[size] for one in whole]) for size in sizes}
    return means


def _mean_of(scores: list[Mapping[int, float]]) -> dict[int, float]:
    """Average over languages for each seed that all have."""
    seeds = set.intersection(*({*one} for one in scores))
    return {seed: fmean(one[seed] for one in scores) for seed in seeds}
