"""Recognising files of other formats, such as JSON or CSV, that were given as CoNLL files."""

import re
from collections.abc import Sequence

from lowner_pl.corpus.conll.spellings import PREFIXED_OR_O

CONVERT = (
    "Convert it to CoNLL: one word, a tab and its tag per line, and a blank line after each "
    "sentence."
)
_COLUMN_NAMES = re.compile(
    r"tokens?|words?|form|text|tags?|labels?|ner|ne|ner[_-]tags?|entity|entities|bio|iob2?|iob_tag|"
    r"named_entity|pos|pos_tag|upos|xpos|lemma|chunk|chunk_tag|id|index|idx|#|sentence|sentence_id|"
    r"sent_id|class|type|gold|predicted"
)
_JSON = re.compile(r'\s*[\[{]\s*(?:[\[{]\s*)*(?:"[^"]*"\s*[:,\]]|[\[{]\s*$)')
_BRAT = re.compile(r"(?:[TREAMN]\d+|#\d+|\*)\t\S+ (?:\d+ \d+|\S+:\S+|[TE]\d+|T\d+ )")
_MARKUP = re.compile(r"\s*<(?:\?xml\b.*|!DOCTYPE\b.*|html\b.*|[A-Za-z][\w:.-]*(?: [\w:.-]+=.*)?>)")
_PAGE = re.compile(r"\s*<(?:[?!]|html\b)")


def other_format(line: str, *, labelled: bool) -> tuple[str, str] | None:
    """Recognise a line that no CoNLL file contains.

    Args:
        line: The first line that is not blank.
        labelled: Whether the line should have a tag. If not, more lines can pass as a word.

    Returns:
        The name of the format and what to do about it, or ``None`` for a line of a CoNLL file.
    """
    if encoding := _utf_16(line):
        return "text in UTF-16", f"Set `encoding: {encoding}`, or convert the file to UTF-8."
    if is_json(line, labelled=labelled):
        return "JSON", CONVERT
    if _BRAT.match(line):
        return "a brat annotation", CONVERT
    if line.startswith("#FORMAT=WebAnno"):
        return "WebAnno TSV", CONVERT
    if _MARKUP.fullmatch(line) and (labelled or "=" in line or _PAGE.match(line)):
        return "XML or HTML", CONVERT
    if line[0] != "#" and (separator := separator_of([line])):
        return f"a table with {separator!r} between columns", "Separate the columns by tabs."
    if "\r" in line.strip("\r"):
        return "text with the line ends of the old Mac OS", "Convert the line ends to line feeds."
    return None


def is_json(line: str, *, labelled: bool = False) -> bool:
    """Tell whether a line is JSON, or the beginning of a JSON text.

    Args:
        line: The line.
        labelled: Whether a CoNLL line would need a tag, so that a lone bracket is JSON too.
    """
    text = line.strip()
    return text in ("{", "[") if labelled and len(text) == 1 else bool(_JSON.match(text))


def separator_of(rows: Sequence[str]) -> str:
    """Find the comma, semicolon or bar that separates words and tags in most rows, or ``""``."""
    for sign in (",", ";", "|"):
        cells = [row.split(sign) for row in rows if sign in row and "\t" not in row]
        if len(cells) <= len(rows) / 2:
            continue
        last = [row[-1].strip('"') for row in cells]
        known = sum(bool(PREFIXED_OR_O.fullmatch(c)) for c in last) + is_header(cells[0])
        if known > len(rows) / 2:
            return sign
    return ""


def is_header(cells: Sequence[str]) -> bool:
    """Tell whether the cells of the first line are column names."""
    names = [cell.strip(' "').casefold() for cell in cells]
    names[:1] = [names[0].lstrip("#").strip() or names[0]] if names else []
    known = [_COLUMN_NAMES.fullmatch(name) is not None for name in names]
    return len(names) > 1 and known[-1] and sum(known) > len(known) / 2


def _utf_16(line: str) -> str:
    """Find the encoding of a UTF-16 line that was read as UTF-8, or ``""`` for any other line."""
    for encoding, letters, zeros in (
        ("utf-16-le", line[::2], line[1::2]),
        ("utf-16-be", line[1::2], line[::2]),
    ):
        if len(line) > 3 and set(zeros) == {"\0"} and "\0" not in letters:
            return encoding
    return ""
