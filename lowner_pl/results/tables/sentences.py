"""A comparison's answer in one sentence per system."""

from lowner_pl.results.comparison import Comparison, Overall
from lowner_pl.results.tables.layout import points
from lowner_pl.statistics.significance import LEVEL, fewest_test_sets


def answers(comparison: Comparison) -> list[str]:
    """Say for each system whether it is better than the baseline, by how much, and how sure.

    A system is better or worse if the corrected p-value is below 0.05: that of the signed ranks if
    there are enough test sets for that (`fewest_test_sets`). With fewer, it is that of resampled
    test sentences, and the seeds must not differ so much that Welch's t-test gives a p-value of
    0.05 or more.
    """
    return [
        _answer(comparison, system, overall)
        for system in comparison.compared
        if (overall := comparison.overall.get(system)) and overall.difference
    ]


def _answer(comparison: Comparison, system: str, overall: Overall) -> str:
    """Say whether a system is better than the baseline."""
    assert overall.difference is not None
    metric, baseline, difference = comparison.metric, comparison.baseline, overall.difference
    enough = overall.test_sets >= fewest_test_sets(len(comparison.compared))
    ranked = enough and overall.wilcoxon_holm is not None
    p = overall.wilcoxon_holm if ranked else difference.p_holm
    better = (difference.value > 0) != metric.lower_is_better
    if p is None:
        verdict = f"{system} and {baseline}:"
    elif p < LEVEL and not ranked and overall.seeds_p is not None and overall.seeds_p >= LEVEL:
        verdict = f"{system} and {baseline} can't be told apart, since their seeds differ too much:"
    elif p < LEVEL:
        caution = ", as far as one seed can tell" if _single(comparison, system) else ""
        verdict = f"{system} is {'better' if better else 'worse'} than {baseline}{caution}:"
    else:
        verdict = f"{system} and {baseline} can't be told apart:"
    unit = " points" if metric.in_percent else ""
    gain = f"{points(difference.value, metric, sign=True)}{unit} of {metric.title}"
    if overall.rows == 1:
        where = f" on {next(row.name for row, one in comparison.differences if one == system)}"
        counts = ""
    else:
        rows = f"{overall.rows} rows of " if overall.rows > overall.test_sets else ""
        sets = f"{overall.test_sets} test set{'s' if overall.test_sets > 1 else ''}"
        where = f" on average over {rows}{sets}"
        counts = f"; better on {overall.wins}, equal on {overall.ties}, worse on {overall.losses}"
    return f"{verdict} {gain}{where}{_sureness(comparison, overall, p, ranked)}{counts}."


def _single(comparison: Comparison, system: str) -> bool:
    """Tell whether a system or the baseline ran with one seed on some row."""
    pair = (system, comparison.baseline)
    return any(scores.seeds == 1 for (_, one), scores in comparison.scores.items() if one in pair)


def _sureness(comparison: Comparison, overall: Overall, p: float | None, ranked: bool) -> str:
    """Write the interval and the p-values."""
    assert overall.difference is not None
    metric, difference, parts = comparison.metric, overall.difference, list[str]()
    if difference.low is not None and difference.high is not None:
        low, high = (points(end, metric, sign=True) for end in (difference.low, difference.high))
        parts.append(f"95 % interval {low} to {high}")
    if p is not None:
        test = "signed ranks " if ranked else ""
        parts.append(f"{test}p {_p(p)}")
    if overall.seeds_p is not None and not ranked:
        parts.append(f"over seeds p {_p(overall.seeds_p)}")
    return f" ({', '.join(parts)})" if parts else ""


def _p(p: float) -> str:
    """Write a p-value in a sentence."""
    return "< 0.001" if p < 0.0005 else f"= {p:.3f}"
