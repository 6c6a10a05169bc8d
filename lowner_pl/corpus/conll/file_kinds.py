"""What a file is that is no CoNLL file, as its lines show."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import islice
from typing import NamedTuple

from lowner_pl.corpus.conll.spellings import PREFIXED_OR_O, shown

_LOOKED_AT = 10_000  # lines of a file
_NAMES = re.compile(
    r"tokens?|words?|form|text|tags?|labels?|ner|ne|ner[_-]tags?|entity|entities|bio|iob2?|iob_tag|"
    r"named_entity|pos|pos_tag|upos|xpos|lemma|chunk|chunk_tag|id|index|idx|#|sentence|sentence_id|"
    r"sent_id|class|type|gold|predicted"
)
_JSON = re.compile(r'\s*[\[{]\s*(?:[\[{]\s*)*(?:"[^"]*"\s*[:,\]]|[\[{]\s*$)')
_BRAT = re.compile(r"(?:[TREAMN]\d+|#\d+|\*)\t\S+ (?:\d+ \d+|\S+:\S+|[TE]\d+|T\d+ )")
_MARKUP = re.compile(r"\s*<(?:\?xml\b.*|!DOCTYPE\b.*|html\b.*|[A-Za-z][\w:.-]*(?: [\w:.-]+=.*)?>)")
_PAGE = re.compile(r"\s*<(?:[?!]|html\b)")
_INDEX = re.compile(r"(?:[A-Za-z]{1,8}[-_.]?)?\d[\d\W_]*")
_HAS_LETTER = re.compile(r"[^\W\d_]")
_CONVERT = (
    "Convert the file to CoNLL: a word, a tab and a tag a line, a blank line after each sentence."
)


def kind_of(line: str, *, labelled: bool) -> tuple[str, str] | None:
    """Return what a line is, if no CoNLL file has it, and what to do.

    Args:
        line: The first line with something in it.
        labelled: Whether the line should have a tag; without, more may be a word.
    """
    if code := _utf_16(line):
        was = f"{shown(line)}, which is text in UTF-16"
        return was, f"Set `encoding: {code}`, or convert the file to UTF-8."
    if _is_json(line, labelled=labelled):
        kind = "JSON"
    elif _BRAT.match(line):
        kind = "an annotation of brat"
    elif line.startswith("#FORMAT=WebAnno"):
        kind = "WebAnno's TSV"
    elif _MARKUP.fullmatch(line) and (labelled or "=" in line or _PAGE.match(line)):
        kind = "XML or HTML"
    elif line[0] != "#" and (separator := _separator_of([line])):
        was = f"{shown(line)}, with {separator!r} between columns"
        return was, "Put tabs between the columns instead."
    elif "\r" in line.strip("\r"):
        was = f"{shown(line)}, with line ends of the old Mac OS"
        return was, "End the lines with line feeds."
    else:
        return None
    return f"{shown(line)}, which is {kind}", _CONVERT


def is_header(cells: Sequence[str]) -> bool:
    """Tell whether the columns of the first line are names of columns."""
    names = [cell.strip(' "').casefold() for cell in cells]
    names[:1] = [names[0].lstrip("#").strip() or names[0]] if names else []
    known = [_NAMES.fullmatch(name) is not None for name in names]
    return len(names) > 1 and known[-1] and sum(known) > len(known) / 2


def is_index(words: Sequence[str]) -> bool:
    """Tell whether all words are numbers, or a letter or two and a number."""
    return all(map(_INDEX.fullmatch, words))


class Advice(NamedTuple):
    """What the whole of a file says of its columns.

    Attributes:
        columns: How many most lines have.
        word: Column that most likely holds the words, if it can be told.
        tags: Columns of tags.
        separator: What parts the columns, if it is no tab and no blank.
        is_json: Whether the file is JSON.
    """

    columns: int
    word: int | None
    tags: tuple[int, ...]
    separator: str
    is_json: bool

    def remedy(self, word_column: int, tag: int) -> str | None:
        """Return what would read the file, if it is something else than what was tried."""
        if self.is_json:
            return f"The file is JSON. {_CONVERT}"
        if self.separator:
            return f"{self.separator!r} stands between the columns of this file: put tabs there."
        tags = [column for column in self.tags if column != self.word]
        held, options = [], []
        if self.word is not None and self.word != word_column:
            held.append(f"column {self.word} holds words")
            options.append(f"`word_column: {self.word}`")
        if tags and tag not in tags:
            held.append(f"column {tags[0]} holds tags")
            options.append(f"`tag_column: {tags[0]}`")
        if not options:
            return None
        return f"Counted from 0, {' and '.join(held)}: set {' and '.join(options)}."


def advice(lines: Iterable[str], *, comments: bool) -> Advice:
    """Return what the lines of a file, up to some thousands, say of its columns.

    Args:
        lines: The lines.
        comments: Whether lines that begin with ``#`` may be comments.
    """
    rows = [
        line.strip(" ")
        for line in islice(lines, _LOOKED_AT)
        if line.strip(" \t") and line[:10] != "-DOCSTART-"
    ]
    if comments:
        rows = [row for row in rows if row[0] != "#"] or rows
    is_json = bool(_JSON.match("".join(rows[:2])))
    separator = _separator_of(rows)
    tabs = sum("\t" in row for row in rows) > len(rows) / 2
    table = [row.rstrip("\t").split("\t") if tabs else row.split() for row in rows]
    counts = Counter(map(len, table))
    count = counts.most_common(1)[0][0] if counts else 0
    if table and is_header(table[0]):
        del table[0]
    columns = list(zip(*(row for row in table[:1000] if len(row) == count), strict=True))
    # Words are of letters, mostly, and of many kinds; tags are of few.
    tags = tuple(number for number, column in enumerate(columns) if _are_tags(column))
    word = next(
        (n for n, column in enumerate(columns) if n not in tags and _are_words(column)), None
    )
    return Advice(count, word, tags, separator, is_json)


def _utf_16(line: str) -> str:
    """Return the encoding of a line of UTF-16 that was read as UTF-8, or ''."""
    for code, letters, zeros in (
        ("utf-16-le", line[::2], line[1::2]),
        ("utf-16-be", line[1::2], line[::2]),
    ):
        if len(line) > 3 and set(zeros) == {"\0"} and "\0" not in letters:
            return code
    return ""


def _is_json(line: str, *, labelled: bool) -> bool:
    """Tell whether a line is JSON, or begins a text in JSON."""
    text = line.strip()
    return text in ("{", "[") if labelled and len(text) == 1 else bool(_JSON.match(text))


def _separator_of(rows: Sequence[str]) -> str:
    """Return the sign that parts most rows into words and tags, or ''."""
    for sign in (",", ";", "|"):
        cells = [row.split(sign) for row in rows if sign in row and "\t" not in row]
        if len(cells) <= len(rows) / 2:
            continue
        last = [row[-1].strip('"') for row in cells]
        known = sum(bool(PREFIXED_OR_O.fullmatch(c)) for c in last) + is_header(cells[0])
        if known > len(rows) / 2:
            return sign
    return ""


def _are_tags(cells: Sequence[str]) -> bool:
    return any(c != "O" for c in cells) and all(map(PREFIXED_OR_O.fullmatch, cells))


def _are_words(cells: Sequence[str]) -> bool:
    lettered = sum(bool(_HAS_LETTER.search(cell)) for cell in cells)
    return (
        lettered > len(cells) / 2
        and (len(set(cells)) > 1 or len(cells) < 3)
        and not is_index(cells)
    )
