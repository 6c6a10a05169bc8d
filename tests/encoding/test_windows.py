from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowner_pl.encoding import Window, windows


def test_a_sentence_that_fits_is_one_window() -> None:
    assert list(windows([2, 3, 5], budget=10, context=4)) == [Window(0, 3, 0, 3)]


def test_windows_equal_those_worked_out_by_hand() -> None:
    # Ten words of one subword; six fit, with a context of two on each side (a third of six).
    # Words 0-3 are tagged with 4-5 as context, 4-5 with 2-3 and 6-7, and 6-9 with 4-5.
    assert list(windows([1] * 10, budget=6, context=2)) == [
        Window(0, 6, 0, 4),
        Window(2, 8, 4, 6),
        Window(4, 10, 6, 10),
    ]


def test_the_context_consists_of_whole_words() -> None:
    # Word 2 has three subwords, too many for the context of two before word 3.
    assert list(windows([1, 1, 3, 2, 2], budget=6, context=2))[2].first == 3


@given(st.lists(st.integers(1, 9), min_size=1, max_size=60), st.integers(9, 30), st.integers(0, 20))
def test_every_word_is_tagged_once_and_every_window_fits(
    sizes: list[int], budget: int, context: int
) -> None:
    found = list(windows(sizes, budget=budget, context=context))
    assert [word for w in found for word in range(w.begin, w.end)] == list(range(len(sizes)))
    for window in found:
        assert 0 <= window.first <= window.begin < window.end <= window.last <= len(sizes)
        assert sum(sizes[window.first : window.last]) <= budget


@given(st.integers(30, 300), st.integers(12, 30), st.integers(1, 10))
def test_inner_windows_have_context_on_both_sides(words: int, budget: int, context: int) -> None:
    found = list(windows([1] * words, budget=budget, context=context))
    wanted = min(context, budget // 3)
    for before, after in pairwise(found):
        assert before.last - before.end >= wanted or before.last == words
        assert after.begin - after.first == wanted


def test_a_word_larger_than_a_window_is_refused() -> None:
    with pytest.raises(ValueError, match="has 5 subwords, but only 4 fit"):
        list(windows([1, 5], budget=4, context=1))


def test_the_number_of_windows_grows_linearly_with_the_sentence() -> None:
    found = list(windows([1] * 20_000, budget=126, context=31))
    assert len(found) < 20_000 / (126 - 62) + 2
