"""Learning curves of several systems, compared with those of a baseline."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from statistics import fmean, stdev

from lowner_pl.results.comparison import Comparison
from lowner_pl.results.groups import Row, group_runs
from lowner_pl.results.learning.summary import LearningCurves, Pair, SystemCurve
from lowner_pl.results.tested.tested_run import TestedRun
from lowner_pl.statistics.learning import area, reach, value_at
from lowner_pl.statistics.significance import holm, signed_rank_p

BySeed = Mapping[int, Mapping[float, float]]
"""The scores of a system on a test set, by seed and size."""


def learning_curves(
    comparison: Comparison, size: float, runs: Sequence[TestedRun] = ()
) -> LearningCurves:
    """Compare how fast systems learn.

    A system's area under the curve of a test set and a seed is compared with the baseline's of the
    same, over the sizes of the baseline. Curves that lack some of these sizes are left out.

    Args:
        comparison: A comparison of runs with several training sizes.
        size: Number of sentences at which the baseline has the score that others are to reach.
        runs: The compared runs, which know their words.

    Raises:
        ValueError: If the score is no share, the baseline was trained with fewer than two sizes,
            or `size` is not between the smallest and the largest.
    """
    if not comparison.metric.in_percent or comparison.metric.lower_is_better:
        raise ValueError(
            f"Learning curves need a score such as f1, of which more is better, but the metric is "
            f"{comparison.metric.name}. Leave `reach` out."
        )
    found = _scores(comparison)
    baseline = {test: systems.get(comparison.baseline, {}) for test, systems in found.items()}
    sizes = {test: _shared_sizes(by_seed) for test, by_seed in baseline.items()}
    sizes = {test: shared for test, shared in sizes.items() if len(shared) > 1}
    _check_size(comparison.baseline, size, sizes)
    whole: dict[str, dict[Pair, list[float]]] = {}
    notes = _differing_ranges(sizes)
    for system in comparison.systems:
        curves, left_out = _whole_curves(found, system, sizes)
        if left_out:
            some = "1 learning curve" if left_out == 1 else f"{left_out} learning curves"
            notes.append(
                f"{some} of {system} without some sizes of {comparison.baseline}: left out."
            )
        if curves:
            whole[system] = curves
    for system, curves in whole.items():
        if curves.keys() != whole[comparison.baseline].keys():
            shared = len(curves.keys() & whole[comparison.baseline].keys())
            notes.append(
                f"{system} has {len(curves)} curves and {comparison.baseline} "
                f"{len(whole[comparison.baseline])}: the means are over these, and the difference "
                f"is over the {shared} that both have."
            )
    means = {system: _mean_curves(curves) for system, curves in whole.items()}
    base = means[comparison.baseline]
    targets = {test: _at(sizes[test], base[test], size) for test in sizes}
    systems = {
        system: _summary(curves, whole[comparison.baseline], means[system], base, sizes, size)
        for system, curves in whole.items()
    }
    words = _words(comparison, runs, sizes)
    systems = {name: replace(one, words=words.get(name)) for name, one in systems.items()}
    return LearningCurves(
        baseline=comparison.baseline,
        metric=comparison.metric,
        size=size,
        sizes=sizes,
        systems=_corrected(systems),
        targets=targets,
        target_on_average=fmean(targets.values()),
        notes=notes,
    )


def _scores(comparison: Comparison) -> dict[str, dict[str, BySeed]]:
    """Collect the scores by test set, system, seed and size."""
    found: dict[str, dict[str, dict[int, dict[float, float]]]] = defaultdict(
        lambda: defaultdict(lambda: defaultdict(dict))
    )
    for (row, system), scores in comparison.scores.items():
        size = dict(row.factors).get("size")
        if isinstance(size, int | float):
            for seed, score in scores.by_seed.items():
                found[_test_set(row, size)][system][seed][size] = score
    return {test: dict(systems) for test, systems in found.items()}


def _test_set(row: Row, size: float) -> str:
    """Name the test set of a row, which is also named after its size."""
    return " ".join(part for part in row.name.split(" ") if part != f"n={size}")


def _words(
    comparison: Comparison, runs: Sequence[TestedRun], sizes: Mapping[str, Sequence[float]]
) -> dict[str, float]:
    """Compute the mean number of training words of each system with the most sentences."""
    found: dict[str, list[int]] = defaultdict(list)
    scored = [run for run in runs if comparison.metric.in_scores(run.scores)]
    cells = group_runs(scored, by=comparison.by).cells if scored else {}
    for (row, system), by_seed in cells.items():
        size = dict(row.factors).get("size")
        if isinstance(size, int | float) and sizes.get(_test_set(row, size), [None])[-1] == size:
            found[system] += [n for run in by_seed.values() if (n := run.train_words) is not None]
    return {system: fmean(words) for system, words in found.items() if words}


def _shared_sizes(by_seed: BySeed) -> list[float]:
    """List the sizes that all seeds have."""
    return sorted(set.intersection(*({*one} for one in by_seed.values()))) if by_seed else []


def _check_size(baseline: str, size: float, sizes: Mapping[str, Sequence[float]]) -> None:
    """Check that the baseline has a score at a size on every test set."""
    if not sizes:
        raise ValueError(
            f"Learning curves need tests of {baseline} with at least two training sizes, but there "
            "are none yet."
        )
    for test, known in sizes.items():
        if not known[0] <= size <= known[-1]:
            raise ValueError(
                f"`reach` is {size:g}, but {baseline} was trained with {known[0]:g} to "
                f"{known[-1]:g} sentences on {test}. Choose a number between them."
            )


def _differing_ranges(sizes: Mapping[str, Sequence[float]]) -> list[str]:
    """Say that areas are over other ranges of sizes on some test sets, if they are."""
    by_range: dict[tuple[float, float], list[str]] = defaultdict(list)
    for test, known in sizes.items():
        by_range[known[0], known[-1]].append(test)
    if len(by_range) == 1:
        return []
    shown = ", ".join(
        f"{first:g} to {last:g} ({', '.join(tests)})" for (first, last), tests in by_range.items()
    )
    return [f"The sizes differ between test sets: {shown}. Each area is over its own sizes."]


def _whole_curves(
    found: Mapping[str, Mapping[str, BySeed]], system: str, sizes: Mapping[str, Sequence[float]]
) -> tuple[dict[Pair, list[float]], int]:
    """Collect a system's curves over the sizes of the baseline, and count those that lack some."""
    curves: dict[Pair, list[float]] = {}
    left_out = 0
    for test, shared in sizes.items():
        for seed, by_size in found[test].get(system, {}).items():
            if by_size.keys() >= {*shared}:
                curves[test, seed] = [by_size[size] for size in shared]
            else:
                left_out += 1
    return curves, left_out


def _mean_curves(curves: Mapping[Pair, Sequence[float]]) -> dict[str, list[float]]:
    """Average the curves of each test set over its seeds."""
    by_test: dict[str, list[Sequence[float]]] = defaultdict(list)
    for (test, _), scores in curves.items():
        by_test[test].append(scores)
    return {test: _mean_curve(several) for test, several in by_test.items()}


def _mean_curve(curves: Sequence[Sequence[float]]) -> list[float]:
    """Average curves at each of their places."""
    return [fmean(scores) for scores in zip(*curves, strict=True)]


def _summary(
    curves: Mapping[Pair, Sequence[float]],
    of_baseline: Mapping[Pair, Sequence[float]],
    means: Mapping[str, Sequence[float]],
    base: Mapping[str, Sequence[float]],
    sizes: Mapping[str, Sequence[float]],
    size: float,
) -> SystemCurve:
    """Describe the curves of a system in numbers.

    Args:
        curves: Its curves.
        of_baseline: Those of the baseline.
        means: Its mean curve on each test set.
        base: Those of the baseline.
        sizes: The sizes of each test set.
        size: Size at which the baseline has the target score.
    """
    areas = {pair: area(sizes[pair[0]], scores) for pair, scores in curves.items()}
    differences = {
        pair: one - area(sizes[pair[0]], of_baseline[pair])
        for pair, one in areas.items()
        if pair in of_baseline and curves is not of_baseline
    }
    shared = [test for test in sizes if test in means]
    on_average = None
    if len({tuple(sizes[test]) for test in shared}) == 1:
        places = sizes[shared[0]]
        target = _at(places, _mean_curve([base[test] for test in shared]), size)
        on_average = reach(places, _mean_curve([means[test] for test in shared]), target)
    return SystemCurve(
        areas=areas,
        sd=_sd_over_seeds(areas),
        differences=differences,
        p=signed_rank_p([*differences.values()]),
        p_holm=None,
        reached={
            test: reach(sizes[test], means[test], _at(sizes[test], base[test], size))
            for test in shared
        },
        reached_on_average=on_average,
    )


def _at(sizes: Sequence[float], scores: Sequence[float], size: float) -> float:
    """Read a curve at a size between its first and its last."""
    found = value_at(sizes, scores, size)
    assert found is not None
    return found


def _sd_over_seeds(areas: Mapping[Pair, float]) -> float | None:
    """Compute the standard deviation over the seeds that all test sets have."""
    tests = {test for test, _ in areas}
    seeds = [seed for seed in {seed for _, seed in areas} if all((t, seed) in areas for t in tests)]
    means = [fmean(areas[test, seed] for test in tests) for seed in seeds]
    return stdev(means) if len(means) > 1 else None


def _corrected(systems: Mapping[str, SystemCurve]) -> dict[str, SystemCurve]:
    """Correct the p-values for the number of systems."""
    corrected = holm([one.p for one in systems.values()])
    return {
        name: replace(one, p_holm=p)
        for (name, one), p in zip(systems.items(), corrected, strict=True)
    }
