"""Splitting long sentences into overlapping windows, measured in subwords."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple


class Window(NamedTuple):
    """A part of a sentence: the words it contains, and those of them that are tagged in it.

    Attributes:
        first: Position of the first word.
        last: Position after the last word.
        begin: Position of the first tagged word, at least ``first``.
        end: Position after the last tagged word, at most ``last``.
    """

    first: int
    last: int
    begin: int
    end: int


def windows(sizes: Sequence[int], *, budget: int, context: int) -> Iterator[Window]:
    """Yield windows that together tag every word once, with whole words of context on both sides.

    A sentence that fits is one window. Otherwise, each window tags as many words as fit between up
    to ``context`` subwords on the left and on the right.

    Args:
        sizes: Number of subwords of each word with its marker, from 1 to ``budget``.
        budget: Number of subwords that fit into a window, special tokens not counted.
        context: Number of subwords wanted on each side of the tagged words, at least 0. At most a
            third of the budget is spent on one side.

    Raises:
        ValueError: If a word is larger than the budget.
    """
    if max(sizes, default=0) > budget:
        raise ValueError(
            f"A word has {max(sizes)} subwords, but only {budget} fit into a window. Cut it first."
        )
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
    """Go back from ``begin`` as many words as fit into ``room`` subwords."""
    first = begin
    while first > 0 and sizes[first - 1] <= room:
        first -= 1
        room -= sizes[first]
    return first
