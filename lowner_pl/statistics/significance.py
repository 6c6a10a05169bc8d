"""Tests over languages and over seeds, and the correction for several comparisons."""

from collections.abc import Sequence
from statistics import fmean, stdev


def signed_rank_p(differences: Sequence[float]) -> float | None:
    """Compute the two-sided p-value of Wilcoxon's signed-rank test of no difference.

    Differences of 0 are dropped (Wilcoxon's own rule). The p-value is exact for up to 50
    differences without ties. With ``n`` differences it can't be below ``2 / 2**n``, so at least six
    languages are needed for 0.05.

    Args:
        differences: One difference per language.

    Returns:
        The p-value; 1 if all differences are 0, and ``None`` for fewer than two languages.
    """
    if len(differences) < 2:
        return None
    if not any(differences):
        return 1.0
    from scipy.stats import wilcoxon

    nonzero = [difference for difference in differences if difference]
    return float(wilcoxon(nonzero).pvalue)


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
