"""WebAnno TSV 3, which INCEpTION and WebAnno export.

`Its specification <https://webanno.github.io/webanno/releases/3.4.5/docs/user-guide.html>`_ is an
appendix of WebAnno's user guide. Each sentence is its text and a line per word: number, place, word
and a cell per layer and feature. Places count UTF-16 units. A cell holds the value
of a feature; values of a span of several words, and of spans at the same place, have a number:
``PER[1]|ORG[2]``. Spans that begin or end inside a word stand on further lines, numbered ``1-2.1``.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from lowner_pl.annotation.documents import Document, Place, Span
from lowner_pl.annotation.formats.offsets import Units, has_pairs
from lowner_pl.annotation.formats.webanno.header import (
    FORMAT,
    Column,
    columns_of,
    entity_column,
    unescape,
)
from lowner_pl.annotation.notes import Notes, counted
from lowner_pl.corpus.text import decode, place, read_bytes

TEXT = "#Text="
_NUMBER = re.compile(r"\d+-\d+(\.\d+)?")
_PLACE = re.compile(r"(\d+)-(\d+)")
_VALUES = re.compile(r"(?:[^|\\]|\\.)+", re.DOTALL)
_NUMBERED = re.compile(r"(.*)\[(\d+)\]", re.DOTALL)


class Row(NamedTuple):
    """A line of a word, or of a part of a word.

    Attributes:
        line: Its line number.
        start: First unit of its place.
        end: Unit after its place.
        word: The word.
        is_part: Whether it is a part of the word above it.
        cells: The cells of all columns.
    """

    line: int
    start: int
    end: int
    word: str
    is_part: bool
    cells: Sequence[str]


class Block(NamedTuple):
    """A sentence.

    Attributes:
        text: Its text, if the file has it.
        rows: Its lines.
    """

    text: str
    rows: list[Row]


def read(path: Path, notes: Notes, *, layer: str | None = None) -> Iterator[Document]:
    """Read a document.

    Args:
        path: The file.
        notes: Collects what is left out.
        layer: The layer of the entities, by default that of named entities.
    """
    lines = decode(read_bytes(path), str(path)).split("\n")
    if not lines[0].startswith(f"{FORMAT}3"):
        raise ValueError(
            f"{path}: The first line is {lines[0][:80]!r}, not '{FORMAT}3'. Export the document as "
            "WebAnno TSV 3."
        )
    body = next((n for n, line in enumerate(lines) if line and line[0] != "#"), len(lines))
    columns = columns_of([line for line in lines[:body] if line.startswith("#T_")])
    entities = entity_column(columns, layer, str(path))
    blocks = list(_blocks(lines, len(columns), str(path)))
    text, places = _assembled(blocks, str(path))
    words: list[Place] = []
    sentences: list[int] = []
    spans = _Spans(text)
    for block in blocks:
        sentences.append(len(words))
        for row in block.rows:
            if not row.is_part:
                words.append(places[row.line])
            spans.add(places[row.line], row.cells[entities])
    _note_others(blocks, columns, entities, str(path), notes)
    yield Document(
        text,
        tuple(spans.all()),
        tuple(words),
        tuple(sentences),
        annotator="/".join(filter(None, (path.parent.name, path.stem))),
        key=text,
        place=str(path),
    )


class _Spans:
    """The spans of a layer, of which a long one stands on several lines."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._single: list[Span] = []
        self._numbered: dict[str, Span] = {}

    def add(self, at: Place, cell: str) -> None:
        """Add the values of a cell."""
        if cell == "_":
            return
        for value in _VALUES.findall(cell):
            found = _NUMBERED.fullmatch(value)
            name = found[1] if found else value
            type_ = "" if name == "*" else unescape(name)
            if found is None:
                self._single.append(Span(*at, type_))
            else:
                old = self._numbered.get(found[2])
                start = at[0] if old is None else min(at[0], old.start)
                end = at[1] if old is None else max(at[1], old.end)
                self._numbered[found[2]] = Span(start, end, type_)

    def all(self) -> list[Span]:
        """List the spans in their order in the text."""
        return sorted(
            [*self._single, *self._numbered.values()], key=lambda span: (span.start, -span.end)
        )


def _blocks(lines: Sequence[str], columns: int, file: str) -> Iterator[Block]:
    """Yield the sentences of a file."""
    texts: list[str] = []
    rows: list[Row] = []
    for number, line in enumerate(lines, 1):
        if line.strip(" ") and line[0] != "#":
            rows.append(_row(line, columns, place(file, number), number))
            continue
        if rows:
            yield Block("\n".join(texts), rows)
            texts, rows = [], []
        if line.startswith(TEXT):
            texts.append(unescape(line.removeprefix(TEXT)))
    if rows:
        yield Block("\n".join(texts), rows)


def _row(line: str, columns: int, where: str, number: int) -> Row:
    """Read the line of a word."""
    cells = line.split("\t")
    found = _PLACE.fullmatch(cells[1]) if len(cells) > 2 else None
    kind = _NUMBER.fullmatch(cells[0])
    if found is None or kind is None or len(cells) < 3 + columns:
        raise ValueError(
            f"{where}: {line[:80]!r} is not the number, place and word of a line, with "
            f"{columns} cells after them. Export the document again."
        )
    start, end = int(found[1]), int(found[2])
    word = unescape(cells[2])
    if _units(word) != end - start and _units(cells[2]) == end - start:
        word = cells[2]  # an early version that escapes nothing
    return Row(number, start, end, word, kind[1] is not None, cells[3 : 3 + columns])


def _assembled(blocks: Sequence[Block], file: str) -> tuple[str, dict[int, Place]]:
    """Put the text together, and find the place of each line's word in characters.

    What lies between two sentences is not in the file: a line end and spaces stand for it.
    """
    parts: list[str] = []
    at = 0  # units so far
    for block in blocks:
        first = block.rows[0]
        if first.is_part:
            raise ValueError(
                f"{place(file, first.line)}: {first.word[:80]!r} is a part of a word, but no word "
                "is above it. Export the document again."
            )
        text = block.text or _joined(block.rows)
        begin = first.start - _units(text[: max(0, text.find(first.word))])
        if begin < at:
            raise ValueError(
                f"{place(file, first.line)}: {first.word[:80]!r} begins at {first.start}, inside "
                "the sentence before it. Export the document again."
            )
        gap = begin - at
        parts.append(("\n" if parts and gap else " " * (gap > 0)) + " " * (gap - 1) + text)
        at = begin + _units(text)
    whole = "".join(parts)
    units = Units(whole) if has_pairs(whole) else None
    places: dict[int, Place] = {}
    for row in (row for block in blocks for row in block.rows):
        start = row.start if units is None else units.character(row.start)
        end = row.end if units is None else units.character(row.end)
        if start is None or end is None or whole[start:end] != row.word:
            there = whole[start or 0 : end or 0]
            raise ValueError(
                f"{place(file, row.line)}: {row.word[:80]!r} should be at {row.start}-{row.end}, "
                f"but the text there is {there[:80]!r}. Places count UTF-16 units; export the "
                "document again."
            )
        places[row.line] = start, end
    return whole, places


def _joined(rows: Sequence[Row]) -> str:
    """Make the text of a sentence whose text is not in the file."""
    text, begin = "", rows[0].start
    for row in rows:
        if not row.is_part:
            text += " " * (row.start - begin - _units(text)) + row.word
    return text


def _units(text: str) -> int:
    """Count the UTF-16 units of a text."""
    return len(text) + (sum(letter > "\uffff" for letter in text) if has_pairs(text) else 0)


def _note_others(
    blocks: Sequence[Block], columns: Sequence[Column], entities: int, file: str, notes: Notes
) -> None:
    """List the annotations of all other layers and features."""
    counts = Counter(
        column.name
        for block in blocks
        for row in block.rows
        for number, (column, cell) in enumerate(zip(columns, row.cells, strict=True))
        if number != entities and cell not in ("_", "*") and not cell.startswith("*[")
    )
    notes.listed += (
        f"{file}: The layer {name} is left out, with values at {counted(count, 'word')}"
        for name, count in counts.items()
    )
