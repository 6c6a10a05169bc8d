"""Names in scripts that are read from right to left, within text that is not.

The `Unicode bidirectional algorithm <https://www.unicode.org/reports/tr9/>`_ sets a line from right
to left if its first letter is Hebrew or Arabic, and swaps two such names with a dash between them.
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator

MARK = "\u200e"
"""A letter without a width that is read from left to right, and in most fonts.

At the beginning of a line, it makes it one that is read from left to right; around a name, it keeps
it from changing the order of what is beside it.
"""


def is_right_to_left(text: str) -> bool:
    """Tell whether a text has letters that are read from right to left.

    >>> is_right_to_left("sner-עברית"), is_right_to_left("sner-አማርኛ")
    (True, False)
    """
    return any(unicodedata.bidirectional(letter) in ("R", "AL") for letter in text)


def split_names(text: str, names: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """Split a text at the names that are read from right to left.

    >>> list(split_names("אב - sner", ["אב", "sner"]))
    [('אב', True), (' - sner', False)]

    Args:
        text: The text.
        names: Names that may occur in it.

    Yields:
        The parts that are not empty, in their order, and whether each is such a name.
    """
    found = sorted({name for name in names if is_right_to_left(name)}, key=len, reverse=True)
    if not found:
        yield text, False
        return
    pattern = rf"(?<!\w)({'|'.join(map(re.escape, found))})(?!\w)"
    for number, part in enumerate(re.split(pattern, text)):
        if part:
            yield part, number % 2 == 1


def isolated(text: str, names: Iterable[str]) -> str:
    """Put marks around the names in a text that are read from right to left."""
    parts = split_names(text, names)
    return "".join(f"{MARK}{part}{MARK}" if is_name else part for part, is_name in parts)


def left_to_right(line: str) -> str:
    """Make a line one that is read from left to right, whatever it begins with."""
    return f"{MARK}{line}" if is_right_to_left(line) else line
