"""Tests over languages and over seeds, and the correction for several comparisons."""

import math
from collections.abc import Sequence
from statistics import fmean, stdev

LEVEL = 0.05
"""A p-value below it is called significant."""
_DIGITS = 9  # of scores from 0 to 1; the rest is floating-point noise


def signed_rank_p(differences: Sequence[float]) -> float | None:
    """Compute the two-sided p-value of Wilcoxon's signed-rank test of no difference.

    Differences of 0 are dropped (Wilcoxon's own rule). Equal differences share their rank, also if
    the last digits of their floating-point numbers differ. The p-value is exact for up to 50
    differences without ties. With ``n`` differences it can't be below ``2 / 2**n``; see
    `fewest_test_sets`.

    Args:
        differences: One difference per language.

    Returns:
        The p-value; 1 if all differences are 0, and ``None`` for fewer than two languages.
    """
    if len(differences) < 2:
        return None
    nonzero = [rounded for one in differences if (rounded := round(one, _DIGITS))]
    if not nonzero:
        return 1.0
    from scipy.stats import wilcoxon

    return float(wilcoxon(nonzero).pvalue)


def fewest_test_sets(comparisons: int) -> int:
    """Count the test sets that signed ranks need for p < 0.05, with Holm's correction.

    >>> [fewest_test_sets(comparisons) for comparisons in (1, 2, 3, 4)]
    [6, 7, 7, 8]

    Args:
        comparisons: Number of comparisons, at least 1. The smallest p-value ``2 / 2**n`` of ``n``
            test sets is multiplied by it.
    """
    return math.floor(math.log2(2 * comparisons / LEVEL)) + 1


def seeds_p(one: Sequence[float], other: Sequence[float]) -> float | None:
    """Compute the two-sided p-value of Welch's t-test for scores of two systems' seeds.

    Args:
        one: One score per seed.
        other: The same of the other system.

    Returns:
        The p-value; ``None`` if a system has fewer than two seeds, or if no seed differs.
    """
    if min(len(one), len(other)) < 2 or max(len(set(one)), len(set(other))) < 2:
        return None
    from scipy.stats import ttest_ind_from_stats

    moments = (
        part for scores in (one, other) for part in (fmean(scores), stdev(scores), len(scores))
    )
    return float(ttest_ind_from_stats(*moments, equal_var=False).pvalue)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Correct p-values for the number of comparisons (`Holm, 1979`).

    The smallest of ``m`` p-values is multiplied by ``m``, the next by ``m - 1`` and so on. None
    gets smaller than the one before it, nor larger than 1.

    >>> holm([0.01, 0.04, None, 0.03])
    [0.03, 0.06, None, 0.06]

    Args:
        p_values: The p-values. ``None`` stands for a comparison that wasn't made.
    """
    made = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    corrected: list[float | None] = [None] * len(p_values)
    largest = 0.0
    for rank, (p, place) in enumerate(made):
        largest = max(largest, min(1.0, (len(made) - rank) * p))
        corrected[place] = largest
    return corrected
