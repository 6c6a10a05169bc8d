"""Scores by two options, and by kinds of languages: what some tables of the papers show."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from statistics import fmean

from lowner_pl.results.comparison import Comparison
from lowner_pl.results.metric import Metric
from lowner_pl.results.options import Value
from lowner_pl.results.pictures.bars import Bar
from lowner_pl.results.pictures.grids import Grid
from lowner_pl.results.tested.tested_run import TestedRun


def option_grid(
    runs: Sequence[TestedRun], row_option: str, column_option: str, metric: str = "f1"
) -> Grid:
    """Average the scores of runs for each pair of values of two options (Table 4 of MELM).

    A score is the mean over test sets of the mean over seeds. Test sets that one of the pairs lacks
    are left out, so that all means are over the same ones.

    Args:
        runs: Tested runs.
        row_option: The option of the rows, such as ``model.mask_rate``.
        column_option: The option of the columns.
        metric: The score.

    Raises:
        ValueError: If no run has both options, or no test set is shared by all pairs.
    """
    cells: dict[tuple[Value, Value], dict[str, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    score = Metric(metric)
    for run in runs:
        row, column = run.options.get(row_option), run.options.get(column_option)
        if row is not None and column is not None and score.in_scores(run.scores):
            cells[row, column][run.sha256].append(run.scores[metric])
    if not cells:
        raise ValueError(
            f"No run has a score {metric[:80]!r} and both options {row_option[:80]!r} and "
            f"{column_option[:80]!r}. Name options as on the command line, such as "
            "model.optimizer.lr."
        )
    return mean_grid(cells, row_option, column_option)


def mean_grid(
    cells: Mapping[tuple[Value, Value], Mapping[str, Sequence[float]]],
    row_option: str,
    column_option: str,
) -> Grid:
    """Average scores for each pair of values of two options.

    Args:
        cells: For each pair, the scores of all seeds on each test set.
        row_option: Name of the first value of a pair.
        column_option: Name of the second one.

    Raises:
        ValueError: If no test set is shared by all pairs.
    """
    shared = set.intersection(*({*tests} for tests in cells.values()))
    if not shared:
        raise ValueError(
            f"No test set was tested with all {len(cells)} pairs of {row_option[:80]} and "
            f"{column_option[:80]}. Test all pairs on the same sentences."
        )
    scores = {pair: fmean(fmean(tests[test]) for test in shared) for pair, tests in cells.items()}
    rows, columns = (sorted({pair[at] for pair in cells}, key=_order) for at in (0, 1))
    table = [[scores.get((row, column)) for column in columns] for row in rows]
    return Grid(row_option, [*map(str, rows)], column_option, [*map(str, columns)], table)


def kind_bars(comparison: Comparison, kinds: Mapping[str, Collection[str]]) -> dict[str, list[Bar]]:
    """Collect each system's mean scores in the languages of each kind (Table 3 of MANER).

    Rows that one of the systems lacks are left out.

    Args:
        comparison: The comparison.
        kinds: The languages of each kind, such as ``seen`` and ``unseen``.

    Raises:
        ValueError: If a kind has no language in which all systems were tested.
    """
    bars = {}
    for kind, languages in kinds.items():
        rows = [
            row
            for row in comparison.rows
            if row.language in languages
            and all((row, system) in comparison.scores for system in comparison.systems)
        ]
        if not rows:
            raise ValueError(
                f"There is no language of the kind {kind[:80]!r} in which all of "
                f"{', '.join(comparison.systems)[:200]} were tested. Test them in one of "
                f"{', '.join(sorted(languages))[:80]}."
            )
        bars[kind] = [
            Bar(system, [comparison.scores[row, system].mean for row in rows])
            for system in comparison.systems
        ]
    return bars


def _order(value: Value) -> tuple[bool, float, str]:
    """Order numbers by value and before other values."""
    try:
        return (False, float(value), str(value))
    except ValueError:
        return (True, 0.0, str(value))
