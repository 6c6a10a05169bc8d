"""What a file to predict is, as its name and its lines show: CoNLL or raw text."""

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import Literal, NamedTuple

from lowner_pl.corpus.conll_lines import DOCUMENT_START
from lowner_pl.corpus.text import readable_again

CONLL_NAMES = frozenset(
    {".conll", ".conllu", ".conllx", ".bio", ".bioes", ".iob", ".iob2", ".iobes"}
)
_LOOKED_AT = 10_000  # lines
_COLUMNS = 30  # of a line
_PREFIXED = re.compile(r"[BIESLUM]-[^\W\d_]\S*")
_CAPITALS = re.compile(r"(?:[BIESLUM]-)?[A-Z][A-Z_]+")


class Content(NamedTuple):
    """What the lines of a file are.

    Attributes:
        kind: ``conll`` if they hold a word each, beside tags or other columns, else ``text``.
        words_alone: Whether each line is one word and blank lines stand between them, which is
            CoNLL without tags, or a text of very short lines.
        is_json: Whether the file is JSON, or has JSON in its lines.
    """

    kind: Literal["conll", "text"]
    words_alone: bool = False
    is_json: bool = False


def is_conll_name(path: str | Path) -> bool:
    """Tell whether the name of a file says that it is a CoNLL file."""
    return Path(path).suffix.lower() in CONLL_NAMES


def content_of(path: str | Path) -> Content:
    """Look at the first thousands of lines of a file, in any encoding that spells tags in ASCII.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If the path is a folder.
    """
    with readable_again(path).open(encoding="utf-8", errors="replace", newline="\n") as lines:
        return content(islice(lines, _LOOKED_AT))


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
    if _is_json(rows):
        return Content("text", is_json=True)
    cells = [row.split("\t") if "\t" in row else row.split() for row in rows]
    blocks = sum(
        bool(line) and not before for before, line in zip(["", *stripped], stripped, strict=False)
    )
    widths = {len(row) for row in cells}
    if _are_tagged(cells, widths) or (blocks > 1 and _are_columns(cells, widths)):
        return Content("conll")
    return Content("text", words_alone=widths == {1} and blocks > 1 and len(rows) >= 2 * blocks)


def _is_json(rows: Sequence[str]) -> bool:
    """Tell whether the first line is a JSON object or list, or begins one."""
    if rows[0] in ("{", "["):
        return len(rows) > 1 and rows[1][0] in '"{['
    if rows[0][0] not in "{[":
        return False
    try:
        value = json.loads(rows[0].rstrip(","))
    except (ValueError, RecursionError):
        return False
    return bool(value) and (isinstance(value, dict) or isinstance(value[0], (dict, list, str)))


def _are_columns(cells: Sequence[Sequence[str]], widths: set[int]) -> bool:
    """Tell whether all lines have the same number of columns between tabs, without blanks."""
    blank = any(" " in cell for row in cells for cell in row)
    return len(widths) == 1 and max(widths) > 1 and not blank


def _are_tagged(cells: Sequence[Sequence[str]], widths: set[int]) -> bool:
    """Tell whether most lines have a tag in the same column, which is not the first."""
    outside: Counter[int] = Counter()
    prefixed: Counter[int] = Counter()
    for row in cells:
        columns = {*range(1, min(len(row), _COLUMNS)), -1} if len(row) > 1 else set()
        for column in columns:
            outside[column] += row[column] == "O"
            prefixed[column] += _PREFIXED.fullmatch(row[column]) is not None
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
