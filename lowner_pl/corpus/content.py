"""Deciding whether a file is CoNLL or raw text, by its name and its lines."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

from lowner_pl.corpus.conll.columns import DOCUMENT_START
from lowner_pl.corpus.conll.other_formats import other_format
from lowner_pl.corpus.conll.spellings import respelt
from lowner_pl.corpus.text import decode, readable_again

CONLL_NAMES = frozenset(
    {".conll", ".conllu", ".conllx", ".bio", ".bioes", ".iob", ".iob2", ".iobes"}
)
_MAX_LINES = 10_000  # lines to look at
_MAX_COLUMNS = 30  # columns to look at
_MAX_TAGS = 200  # distinct tags that a column may have
_PREFIXED = re.compile(r"[BIESLUM]-[^\W\d_]\S*")
_CAPITALS = re.compile(r"(?:[BIESLUM]-)?[A-Z][A-Z_]+")


class Content(NamedTuple):
    """What the lines of a file look like.

    Attributes:
        kind: ``conll`` if each line is a word with a tag or other columns, else ``text``.
        words_alone: Whether each line is a single word and blank lines separate groups of them.
            This may be CoNLL without tags, or a text of very short lines.
        other: If the file is of another format, such as JSON: its name and what to do about it.
    """

    kind: Literal["conll", "text"]
    words_alone: bool = False
    other: tuple[str, str] | None = None


def is_conll_name(path: str | Path) -> bool:
    """Tell whether a file has the name of a CoNLL file."""
    return Path(path).suffix.lower() in CONLL_NAMES


def content_of(path: str | Path, encoding: str = "utf-8") -> Content:
    """Tell what a file contains, from its first 10,000 lines.

    Args:
        path: The file.
        encoding: Name of the character encoding. Bytes that are not in it are ignored here.

    Raises:
        FileNotFoundError: If the file does not exist.
        IsADirectoryError: If the path is a folder.
        ValueError: If the encoding is unknown.
    """
    copy = readable_again(path)
    try:
        with copy.open(encoding=encoding, errors="replace", newline="\n") as lines:
            return content(islice(lines, _MAX_LINES))
    except LookupError:
        decode(b"\n", str(path), encoding)  # raises an error that names the encoding
        raise


def content(lines: Iterable[str]) -> Content:
    """Tell whether lines are CoNLL, raw text or another format.

    Lines are CoNLL if most of them have a tag in the same column, or if all of them have the same
    number of tab-separated columns and there are blank lines between. A stray tag in a text does
    not make it CoNLL, and a missing tag in a CoNLL file does not make it text.
    """
    stripped = [line.strip(" \t\r\n\ufeff") for line in lines]
    rows = [line for line in stripped if line and not line.startswith(DOCUMENT_START)]
    rows = [row for row in rows if row[0] != "#"] or rows
    if not rows:
        return Content("text")
    first = "".join(rows[:2]) if rows[0] in ("[", "{") else rows[0]
    if other := other_format(first, labelled=False):
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
    """Tell whether all lines have the same number of columns, and no cell contains a space."""
    has_space = any(" " in cell for row in cells for cell in row)
    return len(widths) == 1 and max(widths) > 1 and not has_space


def _are_tagged(cells: Sequence[Sequence[str]], widths: set[int]) -> bool:
    """Tell whether most lines have a tag in the same column, other than the first."""
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
    # Types without prefixes, or a few words that all belong to entities.
    known = all(tag == "O" or _CAPITALS.fullmatch(tag) for tag in last)
    return known and (3 * outside[-1] >= len(last) or prefixed[-1] == len(last))


def _tag_columns(row: Sequence[str]) -> set[int]:
    """Return the columns that may hold a tag: all but the first; the last one also as -1."""
    return {*range(1, min(len(row), _MAX_COLUMNS)), -1} if len(row) > 1 else set()


def _spellings(cells: Sequence[Sequence[str]]) -> dict[int, dict[str, str]]:
    """Find for each column how to read tags in another spelling."""
    values: dict[int, set[str]] = {}
    for row in cells:
        for column in _tag_columns(row):
            values.setdefault(column, set()).add(row[column])
    return {c: respelt(found) for c, found in values.items() if len(found) <= _MAX_TAGS}
