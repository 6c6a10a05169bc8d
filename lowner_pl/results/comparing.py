"""Comparing the runs of several systems with those of a baseline."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from statistics import fmean

import numpy as np
from numpy.typing import NDArray

from lowner_pl.commands.options.nearest import did_you_mean
from lowner_pl.results.comparison import TIE, Comparison, Difference, Overall, Scores
from lowner_pl.results.groups import Groups, Row, group_runs
from lowner_pl.results.metric import Metric, find_metric
from lowner_pl.results.notes import reading_notes
from lowner_pl.results.tested.tagged import sentence_counts
from lowner_pl.results.tested.tested_run import TestedRun
from lowner_pl.statistics.bootstrap import interval, resampled_scores
from lowner_pl.statistics.significance import holm, seeds_p, signed_rank_p
from lowner_pl.statistics.tagged_counts import Counts

RESAMPLES = 10_000
USUAL_BASELINE = "sner"


def compare_runs(
    runs: Sequence[TestedRun],
    *,
    baseline: str | None = None,
    by: str = "method",
    metric: str = "f1",
    resamples: int = RESAMPLES,
    progress: Callable[[int, int], None] | None = None,
) -> Comparison:
    """Compare systems with a baseline on every test set, and over all test sets.

    On a row, a system's score is the mean over its seeds. The difference to the baseline gets a
    95 % interval and a p-value by resampling the test sentences; every resample holds the same
    sentences for all seeds of all systems, and on all rows of a test set. Over rows, the mean
    difference gets an interval from the same resamples. Wilcoxon's signed-rank test takes one mean
    difference per test set. Holm's correction counts the systems that are compared with the
    baseline.

    Args:
        runs: Tested runs, as `find_runs` finds them. Of runs with the same method, options and
            seed, the first counts.
        baseline: The system to compare with; by default ``sner``, or else the system with the most
            rows.
        by: What systems are; see `group_runs`.
        metric: The score. Those of entities, such as ``f1`` and ``recall/PER``, get intervals.
        resamples: Number of resamples; 0 for no intervals.
        progress: Called with the number of finished rows and of all rows.

    Raises:
        ValueError: If there are no runs, or none with a finite score; if the metric, the baseline
            or the factor ``by`` does not exist; or if runs were tested on different sentences.
    """
    if not runs:
        raise ValueError("There are no tested runs to compare. Run `test` on some.")
    score = find_metric(metric, runs)
    with_score = [run for run in runs if score.in_scores(run.scores)]
    groups = group_runs(with_score, by=by)
    chosen = _baseline(groups, baseline)
    _check_shared(groups, chosen)
    systems = [chosen, *(system for system in groups.systems if system != chosen)]
    scores = {
        cell: Scores({seed: run.scores[metric] for seed, run in by_seed.items()})
        for cell, by_seed in groups.cells.items()
    }
    resampling = _Resampling(groups, score, chosen, resamples if score.counted else 0)
    differences: dict[tuple[Row, str], Difference] = {}
    seeds = {one: seed for seed, one in enumerate(dict.fromkeys(r.sha256 for r in groups.rows))}
    for number, row in enumerate(groups.rows):
        here = [s for s in systems[1:] if (row, s) in scores and (row, chosen) in scores]
        differences |= _of_row(
            row, here, scores, chosen, resampling.of_row(row, seeds[row.sha256], here)
        )
        if progress:
            progress(number + 1, len(groups.rows))
    comparison = Comparison(
        metric=score,
        by=by,
        baseline=chosen,
        systems=systems,
        rows=groups.rows,
        scores=scores,
        differences=differences,
        overall=_overall(systems, scores, differences, resampling.sums, score),
        resamples=resampling.resamples,
    )
    left_out = [run for run in runs if not score.in_scores(run.scores)]
    notes = [*groups.notes, *resampling.problems]
    notes += reading_notes(comparison, left_out, resampling.equal)
    return replace(comparison, notes=notes)


@dataclass
class _Resampling:
    """The resampled differences of systems to the baseline, row by row.

    Attributes:
        sums: For each system, the sum over rows of its resampled differences, as long as every row
            has them.
        problems: Why rows have none.
        equal: For each system, the rows where it has the baseline's counts in every sentence.
    """

    groups: Groups
    metric: Metric
    baseline: str
    resamples: int
    sums: dict[str, NDArray[np.float64] | None] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)
    equal: dict[str, list[Row]] = field(default_factory=dict)

    def of_row(
        self, row: Row, seed: int, systems: Sequence[str]
    ) -> Mapping[str, NDArray[np.float64]]:
        """Compute the resampled differences on a row.

        Args:
            row: The row.
            seed: Seed of its resamples.
            systems: The systems to compare with the baseline.

        Returns:
            For each system, the differences of the mean scores over seeds. Shape ``(resamples,)``.
        """
        if not self.resamples or not systems or self.metric.counted is None:
            return {}
        kind, type_ = self.metric.counted
        try:
            counts = {
                system: {
                    run_seed: sentence_counts(run, type_)
                    for run_seed, run in self.groups.cells[row, system].items()
                }
                for system in (self.baseline, *systems)
            }
        except ValueError as error:
            self.problems.append(f"{error} Until then, {row.name} has no intervals.")
            self.sums |= dict.fromkeys(systems)
            return {}
        for system in systems:
            if _equal(counts[system], counts[self.baseline]) and self._equal_in_all(row, system):
                self.equal.setdefault(system, []).append(row)
        each = [of_run for runs in counts.values() for of_run in runs.values()]
        drawn = resampled_scores(each, kind=kind, resamples=self.resamples, seed=seed)
        means, first = {}, 0
        for system, runs in counts.items():
            means[system] = drawn[first : first + len(runs)].mean(0)
            first += len(runs)
        differences = {system: means[system] - means[self.baseline] for system in systems}
        for system, values in differences.items():
            earlier = self.sums.get(system, np.zeros(self.resamples))
            self.sums[system] = None if earlier is None else earlier + values
        return differences

    def _equal_in_all(self, row: Row, system: str) -> bool:
        """Tell whether a system has the baseline's counts of all types, and finds any entity."""
        own, reference = (
            {seed: sentence_counts(run) for seed, run in self.groups.cells[row, one].items()}
            for one in (system, self.baseline)
        )
        finds = any(counts[:, 1].any() for counts in own.values())
        return finds and _equal(own, reference)


def _equal(one: Mapping[int, Counts], other: Mapping[int, Counts]) -> bool:
    """Tell whether two systems have the same seeds, and the same counts in every sentence."""
    return one.keys() == other.keys() and all(np.array_equal(one[s], other[s]) for s in one)


def _baseline(groups: Groups, name: str | None) -> str:
    """Find the baseline."""
    systems = groups.systems
    if name is None:
        rows = {one: sum(system == one for _, system in groups.cells) for one in systems}
        most = max(systems, key=lambda one: rows[one])
        return USUAL_BASELINE if USUAL_BASELINE in systems else most
    cells = groups.cells.items()
    written = {run.method: system for (_, system), seeds in cells for run in seeds.values()}
    found = name if name in systems else written.get(name)
    if found is None:
        hint = did_you_mean(name, systems) or f" Use one of {', '.join(systems)[:200]}."
        raise ValueError(f"No run is of the baseline {name[:80]!r}.{hint}")
    return found


def _check_shared(groups: Groups, baseline: str) -> None:
    """Refuse a system that was tested in the baseline's languages, but on other sentences."""
    tests: dict[tuple[str, str], dict[str, TestedRun]] = {}
    for (row, system), by_seed in groups.cells.items():
        tests.setdefault((system, row.language), {})[row.sha256] = next(iter(by_seed.values()))
    for (_, language), own in tests.items():
        other = tests.get((baseline, language))
        if other and not own.keys() & other.keys():
            one, two = next(iter(own.values())), next(iter(other.values()))
            raise ValueError(
                f"'{one.folder}' and '{two.folder}' were tested on different sentences in "
                f"{language}, so they can't be compared. Test both on the same test set, or "
                "compare the runs of each test set apart."
            )


def _of_row(
    row: Row,
    systems: Sequence[str],
    scores: Mapping[tuple[Row, str], Scores],
    baseline: str,
    resampled: Mapping[str, NDArray[np.float64]],
) -> dict[tuple[Row, str], Difference]:
    """Compare systems with the baseline on a row."""
    found = [
        Difference(
            scores[row, system].mean - scores[row, baseline].mean,
            *(interval(resampled[system]) if system in resampled else ()),
        )
        for system in systems
    ]
    corrected = holm([difference.p for difference in found])
    return {
        (row, system): replace(difference, p_holm=p)
        for system, difference, p in zip(systems, found, corrected, strict=True)
    }


def _overall(
    systems: Sequence[str],
    scores: Mapping[tuple[Row, str], Scores],
    differences: Mapping[tuple[Row, str], Difference],
    sums: Mapping[str, NDArray[np.float64] | None],
    metric: Metric,
) -> dict[str, Overall]:
    """Compare systems with the baseline over rows."""
    overall = {}
    for system in systems:
        baseline = system == systems[0]
        rows = [row for row, one in (scores if baseline else differences) if one == system]
        if not rows:
            continue
        cells = [scores[row, system] for row in rows]
        mean = fmean(cell.mean for cell in cells)
        test_sets = list(dict.fromkeys(row.sha256 for row in rows))
        one = Overall(len(rows), _mean_scores(cells), mean, len(test_sets))
        if not baseline:
            values = [differences[row, system].value for row in rows]
            # Rows of several sizes on one test set are one piece of evidence about languages.
            of_sets = [
                fmean(
                    value for row, value in zip(rows, values, strict=True) if row.sha256 == one_set
                )
                for one_set in test_sets
            ]
            summed = sums.get(system)
            difference = Difference(
                fmean(values), *(() if summed is None else interval(summed / len(rows)))
            )
            gains = [-value if metric.lower_is_better else value for value in values]
            reference = _mean_scores([scores[row, systems[0]] for row in rows])
            one = replace(
                one,
                difference=difference,
                seeds_p=_seeds_p(one.scores, reference),
                wilcoxon_p=signed_rank_p(of_sets),
                wins=sum(gain >= TIE for gain in gains),
                ties=sum(abs(gain) < TIE for gain in gains),
                losses=sum(gain <= -TIE for gain in gains),
            )
        overall[system] = one
    return _corrected(overall)


def _seeds_p(one: Scores | None, other: Scores | None) -> float | None:
    """Test the scores of two systems' seeds."""
    if one is None or other is None:
        return None
    return seeds_p([*one.by_seed.values()], [*other.by_seed.values()])


def _corrected(overall: Mapping[str, Overall]) -> dict[str, Overall]:
    """Correct the p-values over rows for the number of systems."""
    ranks = holm([one.wilcoxon_p for one in overall.values()])
    bootstrap = holm([one.difference.p if one.difference else None for one in overall.values()])
    return {
        system: replace(
            one,
            wilcoxon_holm=rank,
            difference=one.difference and replace(one.difference, p_holm=p),
        )
        for (system, one), rank, p in zip(overall.items(), ranks, bootstrap, strict=True)
    }


def _mean_scores(cells: Sequence[Scores]) -> Scores | None:
    """Average over rows for each seed that all of them have; ``None`` if there is none."""
    shared = set.intersection(*({*cell.by_seed} for cell in cells))
    means = {seed: fmean(cell.by_seed[seed] for cell in cells) for seed in sorted(shared)}
    return Scores(means) if means else None
