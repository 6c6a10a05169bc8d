"""Tests over languages, and the correction for several comparisons."""

from collections.abc import Sequence


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
