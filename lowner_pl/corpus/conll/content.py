"""What a file to predict is, as its name and its lines show: CoNLL or raw text."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

from lowner_pl.corpus.conll.file_kinds import kind_of
from lowner_pl.corpus.conll.lines import DOCUMENT_START
from lowner_pl.corpus.conll.spellings import respelt
from lowner_pl.corpus.text import decode, readable_again

CONLL_NAMES = frozenset(
    {".conll", ".conllu", ".conllx", ".bio", ".bioes", ".iob", ".iob2", ".iobes"}
)
_LOOKED_AT = 10_000  # lines
_COLUMNS = 30  # of a line
_DISTINCT = 200  # tags
_PREFIXED = re.compile(r"[BIESLUM]-[^\W\d_]\S*")
_CAPITALS = re.compile(r"(?:[BIESLUM]-)?[A-Z][A-Z_]+")


class Content(NamedTuple):
    """What the lines of a file are.

    Attributes:
        kind: ``conll`` if they hold a word each, beside tags or other columns, else ``text``.
        words_alone: Whether each line is one word and blank lines stand between them, which is
            CoNLL without tags, or a text of very short lines.
        other: What the file is and what to do, if it is neither, such as JSON.
    """

    kind: Literal["conll", "text"]
    words_alone: bool = False
    other: tuple[str, str] | None = None


def is_conll_name(path: str | Path) -> bool:
    """Tell whether the name of a file says that it is a CoNLL file."""
    return Path(path).suffix.lower() in CONLL_NAMES


def content_of(path: str | Path, encoding: str = "utf-8") -> Content:
    """Look at the first thousands of lines of a file.

    Args:
        path: The file.
        encoding: Name of the character encoding. Bytes that are not in it are looked over.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If the path is a folder.
        ValueError: If there is no such encoding.
    """
    copy = readable_again(path)
    try:
        with copy.open(encoding=encoding, errors="replace", newline="\n") as lines:
            return content(islice(lines, _LOOKED_AT))
    except LookupError:
        decode(b"\n", str(path), encoding)  # says so
        raise


def content(lines: Iterable[str]) -> Content:
    """Tell what lines are.

    Most of them must have a tag in the same column, or all the same number of columns between tabs
    with blank lines in between. One stray tag in a text makes no CoNLL file of it, and one line
    without a tag no text of a CoNLL file.
    """
    stripped = [line.strip(" \t\r\n\ufeff") for line in lines]
    rows = [line for line in stripped if line and not line.startswith(DOCUMENT_START)]
    rows = [row for row in rows if row[0] != "#"] or rows
    if not rows:
        return Content("text")
    first = "".join(rows[:2]) if rows[0] in ("[", "{") else rows[0]
    if other := kind_of(first, labelled=False):
        return Content("text", other=other)
    cells = [row.split("\t") if "\t" in row else row.split() for row in rows]
    blocks = sum(
        bool(line) and not before for before, line in zip(["", *stripped], stripped, strict=False)
    )
    widths = {len(row) for row in cells}
    if _are_tagged(cells, widths) or (blocks > 1 and _are_columns(cells, widths)):
        return Content("conll")
    return Content("text", words_alone=widths == {1} and blocks > 1 and len(rows) >= 2 * blocks)


def _are_columns(cells: Sequence[Sequence[str]], widths: set[int]) -> bool:
    """Tell whether all lines have the same number of columns between tabs, without blanks."""
    blank = any(" " in cell for row in cells for cell in row)
    return len(widths) == 1 and max(widths) > 1 and not blank


def _are_tagged(cells: Sequence[Sequence[str]], widths: set[int]) -> bool:
    """Tell whether most lines have a tag in the same column, which is not the first."""
    outside: Counter[int] = Counter()
    prefixed: Counter[int] = Counter()
    spelt = _spellings(cells)
    for row in cells:
        for column in _tag_columns(row):
            tag = spelt.get(column, {}).get(row[column], row[column])
            outside[column] += tag == "O"
            prefixed[column] += _PREFIXED.fullmatch(tag) is not None
    for column in outside:
        o, p = outside[column], prefixed[column]
        if o + p > len(cells) / 2 and ((o and p) or p > 2):
            return True
    if len(widths) > 1 or max(widths) < 2:
        return False
    last = [row[-1] for row in cells]
    if last.count("O") == len(last):
        return len(last) > 2
    # Bare types, or few words that are all in entities.
    known = all(tag == "O" or _CAPITALS.fullmatch(tag) for tag in last)
    return known and (3 * outside[-1] >= len(last) or prefixed[-1] == len(last))


def _tag_columns(row: Sequence[str]) -> set[int]:
    """Return the columns that may hold a tag: all but the first, and the last by its name, -1."""
    return {*range(1, min(len(row), _COLUMNS)), -1} if len(row) > 1 else set()


def _spellings(cells: Sequence[Sequence[str]]) -> dict[int, dict[str, str]]:
    """Return for each column how to read what may be tags in another spelling."""
    values: dict[int, set[str]] = {}
    for row in cells:
        for column in _tag_columns(row):
            values.setdefault(column, set()).add(row[column])
    return {c: respelt(found) for c, found in values.items() if len(found) <= _DISTINCT}
