"""Signed ranks and Holm's correction, by hand."""

import pytest

from lowner_pl.results.statistics.significance import holm, signed_rank_p


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
