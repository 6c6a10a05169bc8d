"""A comparison of systems with a baseline: on each test set, and over all of them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from math import sqrt
from statistics import fmean

from lowner_pl.results.groups import Row
from lowner_pl.results.metric import Metric

TIE = 5e-5
"""Smallest difference that is not a tie: what a score in percent with two decimals can show."""


@dataclass(frozen=True)
class Scores:
    """The scores of one system on one row, or their means over rows, by seed.

    Args:
        by_seed: The score of each seed, from 0 to 1.
    """

    by_seed: Mapping[int, float]

    @property
    def seeds(self) -> int:
        """Number of seeds."""
        return len(self.by_seed)

    @property
    def mean(self) -> float:
        """Mean over the seeds."""
        return fmean(self.by_seed.values())

    @property
    def sd(self) -> float | None:
        """Standard deviation of the seeds' scores (with n - 1); ``None`` for one seed."""
        if self.seeds < 2:
            return None
        mean = self.mean
        # `statistics.stdev` computes with fractions, which takes seconds for thousands of cells.
        return sqrt(sum((one - mean) ** 2 for one in self.by_seed.values()) / (self.seeds - 1))


@dataclass(frozen=True)
class Difference:
    """The difference of a system's mean score to the baseline's.

    Attributes:
        value: System minus baseline.
        low: Lower end of its 95 % interval, from resampled test sentences.
        high: Upper end.
        p: Two-sided p-value of no difference, from the same resamples.
        p_holm: The same, corrected for the number of systems compared with the baseline here.
    """

    value: float
    low: float | None = None
    high: float | None = None
    p: float | None = None
    p_holm: float | None = None


@dataclass(frozen=True)
class Overall:
    """A system over the rows that it shares with the baseline.

    Attributes:
        rows: Number of these rows.
        test_sets: Number of different test sets among them; rows of other training sizes share one.
        scores: Mean scores over these rows, for the seeds that all of them have.
        mean: Mean over these rows of the mean over seeds.
        difference: Mean difference; its interval and p-value come from resampled sentences, so they
            hold for these rows and say nothing about other languages. ``None`` for the baseline.
        wilcoxon_p: p-value of Wilcoxon's signed-rank test over these test sets, with the mean
            difference of each.
        wilcoxon_holm: The same, corrected for the number of systems.
        seeds_p: p-value of Welch's t-test of the seeds' mean scores over these rows; ``None`` for
            one seed.
        wins: Number of rows where the system is better than the baseline.
        ties: Number of rows where they are equal in percent with two decimals.
        losses: Number of rows where it is worse.
    """

    rows: int
    scores: Scores | None
    mean: float
    test_sets: int
    difference: Difference | None = None
    wilcoxon_p: float | None = None
    wilcoxon_holm: float | None = None
    seeds_p: float | None = None
    wins: int = 0
    ties: int = 0
    losses: int = 0


@dataclass(frozen=True)
class Comparison:
    """Systems compared with a baseline.

    Attributes:
        metric: The score.
        by: What systems are: ``method``, ``size``, ``backbone`` or an option.
        baseline: The baseline.
        systems: All systems, the baseline first.
        rows: The rows.
        scores: The scores of each row and system.
        differences: The differences of each row and system other than the baseline.
        overall: Each system over the rows that it shares with the baseline.
        resamples: Number of resamples; 0 if there are no intervals.
        notes: What a reader must know to read the table, one sentence each.
    """

    metric: Metric
    by: str
    baseline: str
    systems: Sequence[str]
    rows: Sequence[Row]
    scores: Mapping[tuple[Row, str], Scores]
    differences: Mapping[tuple[Row, str], Difference]
    overall: Mapping[str, Overall]
    resamples: int
    notes: Sequence[str] = field(default=())

    @property
    def compared(self) -> Sequence[str]:
        """The systems other than the baseline."""
        return self.systems[1:]

    def best(self, row: Row) -> set[str]:
        """Find the systems with the best mean score on a row, as shown with two decimals."""
        means = {
            system: round(self.scores[row, system].mean, 4)
            for system in self.systems
            if (row, system) in self.scores
        }
        best = (min if self.metric.lower_is_better else max)(means.values())
        return {system for system, mean in means.items() if mean == best}
