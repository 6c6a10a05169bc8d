"""Learning curves in numbers: areas, differences, and sentences to reach a score."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from lowner_pl.results.metric import Metric

Pair = tuple[str, int]
"""A test set and a seed."""


@dataclass(frozen=True)
class SystemCurve:
    """The learning curve of a system, in numbers.

    Attributes:
        areas: Area under the curve of each test set and seed, divided by its width: a mean score.
        sd: Standard deviation over seeds of the mean areas over test sets; ``None`` for one seed.
        differences: Area minus that of the baseline, for each test set and seed; empty for the
            baseline.
        p: Two-sided p-value of Wilcoxon's signed-rank test of these differences.
        p_holm: The same, corrected for the number of systems.
        reached: Number of sentences at which the mean curve over seeds reaches the target of each
            test set; ``None`` where it does not.
        reached_on_average: The same of the mean curve over test sets.
        words: Mean number of training words with the most sentences; ``None`` if it is unknown.
    """

    areas: Mapping[Pair, float]
    sd: float | None
    differences: Mapping[Pair, float]
    p: float | None
    p_holm: float | None
    reached: Mapping[str, float | None]
    reached_on_average: float | None
    words: float | None = None

    @property
    def area(self) -> float:
        """Mean area over test sets and seeds."""
        return fmean(self.areas.values())

    @property
    def difference(self) -> float | None:
        """Mean difference to the baseline; ``None`` for the baseline."""
        return fmean(self.differences.values()) if self.differences else None


@dataclass(frozen=True)
class LearningCurves:
    """Learning curves of systems.

    Attributes:
        baseline: What the others are compared with.
        metric: The score.
        size: Number of sentences at which the baseline has the target score.
        sizes: The sizes of each test set.
        systems: The curves, the baseline first.
        targets: The score of the baseline with `size` sentences on each test set, as the mean over
            seeds.
        target_on_average: Mean of the targets.
        notes: What a reader must know, one sentence each.
    """

    baseline: str
    metric: Metric
    size: float
    sizes: Mapping[str, Sequence[float]]
    systems: Mapping[str, SystemCurve]
    targets: Mapping[str, float]
    target_on_average: float
    notes: Sequence[str]

    @property
    def first(self) -> float:
        """The smallest size of all curves."""
        return min(one[0] for one in self.sizes.values())

    @property
    def last(self) -> float:
        """The largest size of all curves."""
        return max(one[-1] for one in self.sizes.values())

    @property
    def has_mean(self) -> bool:
        """Whether curves of all test sets have the same sizes, so that they can be averaged."""
        return len({tuple(one) for one in self.sizes.values()}) == 1

    @property
    def compared(self) -> list[str]:
        """The systems other than the baseline."""
        return [name for name in self.systems if name != self.baseline]
