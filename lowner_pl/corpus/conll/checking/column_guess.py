"""Guessing which columns of a file hold words and tags, to advise users in messages."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from lowner_pl.corpus.conll.other_formats import CONVERT, is_header, is_json, separator_of
from lowner_pl.corpus.conll.spellings import PREFIXED_OR_O

_MAX_LINES = 10_000  # lines to look at
_INDEX = re.compile(r"(?:[A-Za-z]{1,8}[-_.]?)?\d[\d\W_]*")
_LETTER = re.compile(r"[^\W\d_]")


class ColumnGuess(NamedTuple):
    """What the lines of a file suggest about its columns.

    Attributes:
        columns: Number of columns that most lines have.
        word: Column that most likely holds the words, if there is one.
        tags: Columns that hold tags.
        separator: Separator of the columns if it is neither a tab nor a space.
        is_json: Whether the file is JSON.
    """

    columns: int
    word: int | None
    tags: tuple[int, ...]
    separator: str
    is_json: bool

    def remedy(self, word_column: int, tag_column: int) -> str | None:
        """Advise how to read the file, or return ``None`` if the guess suggests no other way.

        Args:
            word_column: Column that was read as the words.
            tag_column: Column that was read as the tags.
        """
        if self.is_json:
            return f"The file is JSON. {CONVERT}"
        if self.separator:
            return f"The columns are separated by {self.separator!r}. Separate them by tabs."
        tags = [column for column in self.tags if column != self.word]
        right: dict[str, int] = {}
        if self.word is not None and self.word != word_column:
            right["word"] = self.word
        if tags and tag_column not in tags:
            right["tag"] = tags[0]
        if not right:
            return None
        held = [f"column {column} seems to hold the {name}s" for name, column in right.items()]
        options = " and ".join(f"`{name}_column: {column}`" for name, column in right.items())
        return f"Counting from 0, {' and '.join(held)}: set {options}."


def guess_columns(lines: Iterable[str], *, comments: bool) -> ColumnGuess:
    """Guess the columns of a file from its first 10,000 lines.

    Args:
        lines: The lines.
        comments: Whether lines that begin with ``#`` may be comments.
    """
    rows = [
        line.strip(" ")
        for line in islice(lines, _MAX_LINES)
        if line.strip(" \t") and line[:10] != "-DOCSTART-"
    ]
    if comments:
        rows = [row for row in rows if row[0] != "#"] or rows
    has_json = is_json("".join(rows[:2]))
    separator = separator_of(rows)
    tabs = sum("\t" in row for row in rows) > len(rows) / 2
    table = [row.rstrip("\t").split("\t") if tabs else row.split() for row in rows]
    counts = Counter(map(len, table))
    count = counts.most_common(1)[0][0] if counts else 0
    if table and is_header(table[0]):
        del table[0]
    columns = list(zip(*(row for row in table[:1000] if len(row) == count), strict=True))
    tags = tuple(number for number, column in enumerate(columns) if _are_tags(column))
    word = next(
        (n for n, column in enumerate(columns) if n not in tags and _are_words(column)), None
    )
    return ColumnGuess(count, word, tags, separator, has_json)


def are_indices(words: Sequence[str]) -> bool:
    """Tell whether all words are numbers, or a few letters followed by a number."""
    return all(map(_INDEX.fullmatch, words))


def _are_tags(cells: Sequence[str]) -> bool:
    return any(c != "O" for c in cells) and all(map(PREFIXED_OR_O.fullmatch, cells))


def _are_words(cells: Sequence[str]) -> bool:
    """Tell whether most cells have letters and not all are equal."""
    lettered = sum(bool(_LETTER.search(cell)) for cell in cells)
    return (
        lettered > len(cells) / 2
        and (len(set(cells)) > 1 or len(cells) < 3)
        and not are_indices(cells)
    )
