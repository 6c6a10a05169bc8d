"""Writing WebAnno TSV 3.3; see :mod:`lowner_pl.annotation.formats.webanno.reading`."""

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise

from lowner_pl.annotation.documents import Document, Place, Span
from lowner_pl.annotation.formats.offsets import Units
from lowner_pl.annotation.formats.webanno.header import (
    FEATURE,
    FORMAT,
    NAMED_ENTITY,
    escape_text,
    escape_value,
)
from lowner_pl.annotation.notes import Notes, Problem

VERSION = "3.3"


def write(document: Document, notes: Notes) -> Iterator[str]:
    """Write a document whose words and sentences are known, line by line.

    Spans that touch no word can't be written, which is noted.
    """
    words = document.words or ()
    units = Units(document.text)
    cells, parts = _cells(document, words, notes)
    yield f"{FORMAT}{VERSION}\n#T_SP={NAMED_ENTITY}|{FEATURE}\n\n"
    bounds = [*(document.sentences or (0,)), len(words)] if words else []
    for number, (first, last) in enumerate(pairwise(bounds), 1):
        yield "\n"
        for line in _sentence_text(document, first, last).split("\n"):
            yield f"#Text={escape_text(line)}\n"
        for index in range(first, last):
            name = f"{number}-{index - first + 1}"
            yield _row(name, words[index], document.text, units, cells[words[index], False])
            ordered = sorted(parts[index], key=lambda part: (part[0], -part[1]))
            for count, part in enumerate(ordered, 1):
                yield _row(f"{name}.{count}", part, document.text, units, cells[part, True])


def _cells(
    document: Document, words: tuple[Place, ...], notes: Notes
) -> tuple[dict[tuple[Place, bool], list[str]], dict[int, set[Place]]]:
    """Make the values of each word and of each part of a word.

    Returns:
        The values by place and by whether that is a part, and the parts of each word.
    """
    covered = [_covered(span, words) for span in document.spans]
    shared: dict[tuple[Place, bool], int] = defaultdict(int)
    for places in covered:
        for _, at, is_part in places:
            shared[at, is_part] += 1
    cells: dict[tuple[Place, bool], list[str]] = defaultdict(list)
    parts: dict[int, set[Place]] = defaultdict(set)
    number = 0
    for span, places in zip(document.spans, covered, strict=True):
        if not places:
            notes.problems.append(Problem(document, span, "holds no word"))
        value = escape_value(span.type) or "*"
        if len(places) > 1 or any(shared[at, is_part] > 1 for _, at, is_part in places):
            number += 1
            value += f"[{number}]"
        for index, at, is_part in places:
            cells[at, is_part].append(value)
            if is_part:
                parts[index].add(at)
    return cells, parts


def _covered(span: Span, words: tuple[Place, ...]) -> list[tuple[int, Place, bool]]:
    """List what a span covers: number of the word, place, and whether it is a part of the word."""
    found: list[tuple[int, Place, bool]] = []
    first = bisect_left(words, span.start, key=lambda word: word[1])
    last = bisect_right(words, span.end, key=lambda word: word[0])
    for index in range(first, last):
        start, end = words[index]
        part = max(start, span.start), min(end, span.end)
        if part == (start, end) or part[0] < part[1]:
            found.append((index, part, part != (start, end)))
    return found


def _sentence_text(document: Document, first: int, last: int) -> str:
    """Return the text of a sentence, up to white space before the next one."""
    words, text = document.words or (), document.text
    start = 0 if first == 0 and text[: words[0][0]].strip() else words[first][0]
    end = words[last][0] if last < len(words) else len(text)
    return text[start : max(words[last - 1][1], start + len(text[start:end].rstrip()))]


def _row(name: str, at: Place, text: str, units: Units, values: list[str]) -> str:
    """Write a line."""
    start, end = at
    place = f"{units.unit(start)}-{units.unit(end)}"
    return f"{name}\t{place}\t{escape_text(text[start:end])}\t{'|'.join(values) or '_'}\t\n"
