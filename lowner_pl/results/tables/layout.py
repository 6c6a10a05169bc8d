"""The cells of a comparison's table, before they are written in a format."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from lowner_pl.results.comparison import Comparison, Difference, Overall, Scores
from lowner_pl.results.groups import Row
from lowner_pl.results.metric import Metric

NOTHING = ""


class Cell(NamedTuple):
    """A cell.

    Attributes:
        text: Its text.
        best: Whether it holds the best score of its row.
    """

    text: str
    best: bool = False


@dataclass(frozen=True)
class Layout:
    """A table.

    Attributes:
        headings: The heading of each column.
        rows: The rows of the body, each with a cell per column.
        totals: The rows below the body: means and tests over all rows.
        caption: What the numbers are.
    """

    headings: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    totals: Sequence[Sequence[Cell]]
    caption: str


def lay_out(comparison: Comparison) -> Layout:
    """Lay out a comparison: scores of all systems, then differences to the baseline.

    Args:
        comparison: The comparison.
    """
    with_p = has_intervals(comparison) or len(comparison.rows) > 1
    uneven = len({scores.seeds for scores in comparison.scores.values()}) > 1
    headings = ["test set", *comparison.systems]
    for system in comparison.compared:
        headings += [f"{system} - {comparison.baseline}", *(["p"] if with_p else [])]
    return Layout(
        headings,
        [_row(comparison, row, with_p, uneven) for row in comparison.rows],
        _totals(comparison, with_p) if len(comparison.rows) > 1 else [],
        caption(comparison),
    )


def caption(comparison: Comparison) -> str:
    """Say what the numbers of a table are."""
    metric = comparison.metric
    seeds = {scores.seeds for scores in comparison.scores.values()}
    if len(seeds) > 1:
        over = "the seeds, whose number is in parentheses"
    else:
        (number,) = seeds
        over = "one seed" if number == 1 else f"{number} seeds"
    unit = " in percent" if metric.in_percent else ""
    if seeds == {1}:
        parts = [f"Test {metric.title}{unit} of one seed."]
    else:
        parts = [f"Test {metric.title}{unit}: mean ± standard deviation over {over}."]
    if not comparison.compared:
        return parts[0]
    if has_intervals(comparison):
        parts.append(
            f"Differences to {comparison.baseline} with 95 % intervals and two-sided p-values from "
            f"{comparison.resamples:,} paired resamples of the test sentences."
        )
    many = len(comparison.compared)
    if many > 1 and (has_intervals(comparison) or len(comparison.rows) > 1):
        parts.append(f"p-values are corrected for {many} comparisons (Holm).")
    return " ".join(parts)


def has_intervals(comparison: Comparison) -> bool:
    """Tell whether any difference has an interval."""
    return any(difference.p is not None for difference in comparison.differences.values())


def points(value: float, metric: Metric, *, sign: bool = False) -> str:
    """Write a score or a difference: shares in percent, others as they are.

    >>> points(0.53125, Metric("f1")), points(-0.004, Metric("f1"), sign=True)
    ('53.12', '-0.40')
    """
    scaled, digits = (100 * value, 2) if metric.in_percent else (value, 3)
    text = f"{scaled:+.{digits}f}" if sign else f"{scaled:.{digits}f}"
    return text.replace("-", "+") if sign and not float(text) else text


def p_value(p: float | None) -> str:
    """Write a p-value with three decimals.

    >>> p_value(0.0004), p_value(0.0126), p_value(None)
    ('<0.001', '0.013', '')
    """
    if p is None:
        return NOTHING
    return "<0.001" if p < 0.0005 else f"{p:.3f}"


def with_interval(difference: Difference, metric: Metric) -> str:
    """Write a difference with its interval."""
    value = points(difference.value, metric, sign=True)
    if difference.low is None or difference.high is None:
        return value
    low, high = (points(end, metric, sign=True) for end in (difference.low, difference.high))
    return f"{value} [{low}, {high}]"


def _row(comparison: Comparison, row: Row, with_p: bool, uneven: bool) -> list[Cell]:
    """Make a row of the body."""
    best = comparison.best(row) if len(comparison.systems) > 1 else set()
    cells = [Cell(row.name)]
    for system in comparison.systems:
        scores = comparison.scores.get((row, system))
        text = _scores(scores, comparison.metric, uneven) if scores else NOTHING
        cells.append(Cell(text, system in best))
    for system in comparison.compared:
        difference = comparison.differences.get((row, system))
        cells.append(Cell(with_interval(difference, comparison.metric) if difference else NOTHING))
        if with_p:
            cells.append(Cell(p_value(difference.p_holm if difference else None)))
    return cells


def _scores(scores: Scores, metric: Metric, uneven: bool) -> str:
    """Write a mean with its standard deviation, and the number of seeds if that varies."""
    text = points(scores.mean, metric)
    if scores.sd is not None:
        text += f" ± {points(scores.sd, metric)}"
    return f"{text} ({scores.seeds})" if uneven else text


def _totals(comparison: Comparison, with_p: bool) -> list[list[Cell]]:
    """Make the rows below the body."""
    rows = len(comparison.rows)
    overall = [comparison.overall.get(system) for system in comparison.systems]
    whole = [one.mean for one in overall if one and one.rows == rows]
    choose = min if comparison.metric.lower_is_better else max
    best = choose(whole) if len(whole) > 1 else None
    mean = [Cell(f"mean of {rows}")]
    for one in overall:
        is_best = one is not None and one.rows == rows and one.mean == best
        mean.append(Cell(_mean(one, comparison.metric, rows), is_best))
    blank = [Cell(NOTHING)] * len(comparison.systems)
    ranks, wins = [Cell("signed ranks"), *blank], [Cell("better / equal / worse"), *blank]
    for one in overall[1:]:
        difference = one.difference if one else None
        mean.append(Cell(with_interval(difference, comparison.metric) if difference else NOTHING))
        ranks.append(Cell(NOTHING))
        wins.append(Cell(f"{one.wins} / {one.ties} / {one.losses}" if one else NOTHING))
        if with_p:
            mean.append(Cell(p_value(difference.p_holm if difference else None)))
            ranks.append(Cell(p_value(one.wilcoxon_holm if one else None)))
            wins.append(Cell(NOTHING))
    return [mean, ranks, wins] if comparison.compared else [mean]


def _mean(overall: Overall | None, metric: Metric, rows: int) -> str:
    """Write a system's mean over rows, and over how many, if not over all."""
    if overall is None:
        return NOTHING
    text = points(overall.mean, metric)
    if overall.scores is not None and overall.scores.sd is not None:
        text += f" ± {points(overall.scores.sd, metric)}"
    return text if overall.rows == rows else f"{text} (of {overall.rows})"
