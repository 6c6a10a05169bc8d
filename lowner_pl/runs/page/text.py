"""Words and numbers as text of a page."""

from collections.abc import Iterable
from html import escape

from lowner_pl.runs.page.direction import split_names

EMPTY = "∅"
"""What is shown of a word without characters."""
MOST_LETTERS = 200
"""Characters that are shown of a word."""


def word_html(word: str) -> str:
    """Write a word."""
    return escape(word) if word.strip() else EMPTY


def named_html(text: str, names: Iterable[str] = ()) -> str:
    """Write a text of the page's own. Names in it keep their own direction of writing.

    >>> named_html("אב < sner", ["אב"])
    '<bdi>אב</bdi> &lt; sner'
    """
    parts = split_names(text, names)
    return "".join(
        f"<bdi>{escape(one)}</bdi>" if is_name else escape(one) for one, is_name in parts
    )


def shortened(word: str) -> str:
    """Cut a word of more than `MOST_LETTERS` characters."""
    return word if len(word) <= MOST_LETTERS else f"{word[:MOST_LETTERS]}…"


def counted(number: int, noun: str) -> str:
    """Write a number of things.

    >>> counted(1, "word"), counted(2000, "word")
    ('1 word', '2,000 words')
    """
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def note_html(text: str) -> str:
    """Write a paragraph about numbers."""
    return f'<p class="note">{escape(text)}</p>'
