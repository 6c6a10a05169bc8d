"""Long sentences as overlapping windows, counted in subwords."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Window(NamedTuple):
    """The words ``first … last`` of a sentence, of which ``begin … end`` are tagged here.

    All four are word positions, the ends exclusive; ``first <= begin < end <= last``.
    """

    first: int
    last: int
    begin: int
    end: int


def windows(sizes: Sequence[int], *, budget: int, context: int) -> Iterator[Window]:
    """Yield windows that tag every word once, with whole words of context on both sides.

    A sentence that fits is one window. Otherwise each window tags as many words as fit between
    up to ``context`` subwords of text on its left and on its right.

    Args:
        sizes: Subwords of each word, markers included, each from 1 to ``budget``.
        budget: Subwords a window may hold, special tokens not counted.
        context: Subwords wanted on each side of the tagged words, at least 0. Never more than a
            third of the budget is spent on one side.

    Raises:
        ValueError: If a word is larger than the budget.
    """
    if max(sizes, default=0) > budget:
        raise ValueError(f"A word must fit in {budget} subwords, was: {max(sizes)}.")
    context = min(context, budget // 3)
    begin, words, left = 0, len(sizes), sum(sizes)
    while begin < words:
        first, room = _back(sizes, begin, min(context, budget - sizes[begin])), budget
        room -= sum(sizes[first:begin])
        reserve = 0 if left <= room else context
        end, used = begin + 1, sizes[begin]
        while end < words and used + sizes[end] <= room - reserve:
            used += sizes[end]
            end += 1
        last, spare = end, room - used
        while last < words and sizes[last] <= spare:
            spare -= sizes[last]
            last += 1
        yield Window(first, last, begin, end)
        begin, left = end, left - used


def _back(sizes: Sequence[int], begin: int, room: int) -> int:
    """Return the first of the words before ``begin`` that fit in ``room`` subwords."""
    first = begin
    while first > 0 and sizes[first - 1] <= room:
        first -= 1
        room -= sizes[first]
    return first
