"""Signed ranks and Holm's correction, by hand."""

import pytest

from lowner_pl.statistics.significance import holm, seeds_p, signed_rank_p


def test_signed_ranks_by_hand() -> None:
    # Ranks 1 to 5, only rank 1 is negative. Of 2^5 sign patterns, 2 have a sum of negative ranks of
    # at most 1; two-sided: 2 * 2 / 32.
    assert signed_rank_p([-0.1, 0.2, 0.3, 0.4, 0.5]) == pytest.approx(4 / 32)
    # All of six positive: 2 / 2^6.
    assert signed_rank_p([0.1, 0.2, 0.3, 0.4, 0.5, 0.6]) == pytest.approx(2 / 64)


def test_languages_without_a_difference_are_dropped() -> None:
    assert signed_rank_p([0.0, -0.1, 0.2, 0.3, 0.4, 0.5]) == pytest.approx(4 / 32)
    assert signed_rank_p([0.0, 0.0]) == 1
    assert signed_rank_p([0.0, 0.3]) == 1


def test_equal_differences_share_their_rank_despite_floating_point_noise() -> None:
    baseline = [0.38, 0.81, 0.76, 0.45, 0.6, 0.57, 0.69, 0.77, 0.36]
    other = [0.39, 0.82, 0.78, 0.47, 0.62, 0.59, 0.71, 0.76, 0.35]
    differences = [one - two for one, two in zip(other, baseline, strict=True)]
    assert len(set(differences)) > 3  # 0.01, 0.02 and -0.01, and their noise
    assert signed_rank_p(differences) == signed_rank_p([round(one, 2) for one in differences])
    # Without ranks of their own, noise of 0 is no difference either.
    assert signed_rank_p([0.1 + 0.2 - 0.3, 0.3]) == 1


def test_one_language_has_no_rank() -> None:
    assert signed_rank_p([0.5]) is None
    assert signed_rank_p([]) is None


def test_holm_by_hand() -> None:
    # Sorted: 0.005 * 4, 0.01 * 3, 0.03 * 2, 0.04 * 1 → 0.02, 0.03, 0.06, and not below 0.06.
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.6]) == [1.0, 1.0]
    assert holm([0.04]) == [0.04]
    assert holm([None, None]) == [None, None]
    assert holm([]) == []


def test_seeds_by_hand() -> None:
    # Two seeds each, with means 2 and 6 and variances 2 and 2: t = 4 / sqrt(2/2 + 2/2) = 2.828 with
    # 2 degrees of freedom, whose two-sided p-value is 1 - t / sqrt(2 + t**2) = 1 - sqrt(8 / 10).
    assert seeds_p([1, 3], [5, 7]) == pytest.approx(1 - 0.8**0.5)
    assert seeds_p([5, 7], [1, 3]) == pytest.approx(1 - 0.8**0.5)


def test_one_seed_and_equal_seeds_have_no_p_value() -> None:
    assert seeds_p([1], [5, 7]) is None
    assert seeds_p([1, 1], [5, 5]) is None
