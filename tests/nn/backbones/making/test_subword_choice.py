import numpy as np
import pytest

from lowner_pl.nn.backbones.making.subword_choice import most_frequent, with_parts

SHARES = np.array([0.05, 0.5, 0.15, 0.3, 0.0])


@pytest.mark.parametrize(
    ("coverage", "kept"),
    [
        (0.05, {0}),
        (0.5, {0, 1}),
        (0.85, {0, 1, 3}),  # 0.05 + 0.5 + 0.3, which is 0.8500000000000001 in floating point
        (0.86, {0, 1, 2, 3}),
        (1.0, {0, 1, 2, 3}),
    ],
)
def test_the_fewest_subwords_that_cover_the_text_are_kept(coverage: float, kept: set[int]) -> None:
    assert most_frequent(SHARES, {0}, {}, coverage=coverage) == kept


def test_a_size_is_filled_from_the_most_frequent() -> None:
    assert most_frequent(SHARES, {0}, {}, coverage=0.98, size=3) == {0, 1, 3}
    assert most_frequent(SHARES, {0}, {}, coverage=0.98, size=5) == {0, 1, 2, 3}


def test_parts_are_kept_with_what_they_build() -> None:
    parts = {1: {2, 4}, 4: {5}}
    assert with_parts([1], parts) == {1, 2, 4, 5}
    shares = np.array([0.0, 0.6, 0.2, 0.2, 0.0, 0.0])
    # Its parts 2, 4 and 5 come with subword 1, and one of them covers 20 % more.
    assert most_frequent(shares, set(), parts, coverage=0.7) == {1, 2, 4, 5}


def test_a_subword_with_too_many_parts_leaves_its_place_to_the_next() -> None:
    shares = np.array([0.4, 0.3, 0.3, 0.0])
    assert most_frequent(shares, set(), {0: {2, 3}}, coverage=1.0, size=2) == {1, 2}
