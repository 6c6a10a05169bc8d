"""Positions that count UTF-16 units, of which a character above U+FFFF, such as an emoji, has two.

JavaScript and Java count this way, and so do the exports of some tools. Python counts characters.
"""

from bisect import bisect_left

from lowner_pl.annotation.documents import Place


class Units:
    """The UTF-16 units of a text.

    Args:
        text: The text.
    """

    def __init__(self, text: str) -> None:
        self._starts = [0]
        for letter in text:
            self._starts.append(self._starts[-1] + (2 if letter > "\uffff" else 1))

    def unit(self, character: int) -> int:
        """Return the first unit of a character, or the end of the text."""
        return self._starts[character]

    def character(self, unit: int) -> int | None:
        """Return the character that begins at a unit, or ``None`` if none does."""
        found = bisect_left(self._starts, unit)
        return found if found < len(self._starts) and self._starts[found] == unit else None


def from_units(text: str, start: int, end: int) -> Place | None:
    """Convert a place that counts UTF-16 units, or return ``None`` if it is not in the text."""
    if has_pairs(text):
        units = Units(text)
        first, last = units.character(start), units.character(end)
        return None if first is None or last is None else (first, last)
    return (start, end) if 0 <= start <= end <= len(text) else None


def has_pairs(text: str) -> bool:
    """Tell whether a text has characters of two UTF-16 units."""
    return not text.isascii() and max(text) > "\uffff"


def is_at(quoted: str, text: str, place: Place | None) -> bool:
    """Tell whether a text has the quoted words at a place, apart from white space.

    Some tools write a line end as a backslash and an ``n``.
    """
    if place is None or not 0 <= place[0] <= place[1] <= len(text):
        return False
    there = text[place[0] : place[1]]
    return there == quoted or _bare(there) == _bare(quoted)


def _bare(text: str) -> str:
    return "".join(text.replace("\\n", " ").split())
