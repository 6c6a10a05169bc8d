"""`brat's standoff format <https://brat.nlplab.org/standoff.html>`_: pairs of .txt and .ann files.

A line ``T1<TAB>PER 0 5<TAB>Nyeri`` of the .ann file marks a span; positions count characters, and
the end is exclusive. ``0 5;8 12`` is a discontinuous span, which brat also writes where a span goes
over a line end. We add ``documents.jsonl``, which brat ignores: what the pairs can't hold, such as
words and metadata.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from lowner_pl.annotation.documents import Document, Place, Span
from lowner_pl.annotation.formats.brat.index import Part, parts_of
from lowner_pl.annotation.formats.json_formats.fields import read_words
from lowner_pl.annotation.formats.json_formats.records import number, shown
from lowner_pl.annotation.formats.offsets import from_units, is_at
from lowner_pl.annotation.joining import moved
from lowner_pl.annotation.notes import Notes, Problem
from lowner_pl.corpus.text import decode, place, read_bytes

TEXT, ANNOTATION = ".txt", ".ann"
SCORE = "score "
_SPAN = re.compile(r"(\S+) (\d+ \d+(?:;\d+ \d+)*)")
_KINDS = {"R": "relation", "*": "equivalence", "E": "event", "A": "attribute", "M": "attribute"}
_KINDS |= {"N": "normalisation", "#": "note"}


def read(path: Path, notes: Notes) -> Iterator[Document]:
    """Read the documents of a folder, or of one .ann file, in the order of their names.

    Relations, attributes, events and notes are listed and left out.
    """
    folder, files = (
        (path, sorted(path.glob(f"**/*{ANNOTATION}")))
        if path.is_dir()
        else (
            path.parent,
            [path],
        )
    )
    parts = parts_of(folder)
    for file in files:
        text_file = file.with_suffix(TEXT)
        if not text_file.is_file():
            raise FileNotFoundError(
                f"{file} has no text: there is no '{text_file.name}' beside it. Put it there."
            )
        text = decode(read_bytes(text_file), str(text_file))
        name = file.relative_to(folder).with_suffix("").as_posix()
        document = Document(text, annotator=str(file.parent), key=text, place=str(file))
        document = _with_spans(document, decode(read_bytes(file), str(file)), notes)
        known = parts.get(name)
        if known is None:
            yield document
        elif not all(text[part.start :].startswith(part.text) for part in known):
            notes.said.append(
                f"{file}: The text was changed since it was written, so its words and metadata in "
                "documents.jsonl are not used"
            )
            yield document
        else:
            yield from _in_parts(document, known, notes)


def _in_parts(document: Document, parts: list[Part], notes: Notes) -> Iterator[Document]:
    """Part a text into the documents that it was made of."""
    for part in parts:
        end = part.start + len(part.text)
        inside = (s for s in document.spans if part.start <= s.start and s.end <= end)
        words, sentences = read_words(part.record, part.text, document.place, notes)
        yield Document(
            part.text,
            tuple(moved(span, -part.start) for span in inside),
            words,
            sentences,
            part.record.get("metadata") or {},
            number(part.record.get("score")),
            annotator=document.annotator,
            key=f"{part.line} {document.key}",
            place=document.place if len(parts) == 1 else place(document.place, part.line),
        )
    for span in document.spans:
        if not any(p.start <= span.start and span.end <= p.start + len(p.text) for p in parts):
            notes.problems.append(Problem(document, span, "goes over a line end between sentences"))


def _with_spans(document: Document, lines: str, notes: Notes) -> Document:
    """Add the spans of an .ann file."""
    rows = [
        (number_, line.split("\t"))
        for number_, line in enumerate(lines.split("\n"), 1)
        if line.strip()
    ]
    triggers = {
        cells[1].split(":")[1].split(" ")[0]
        for _, cells in rows
        if cells[0].startswith("E") and len(cells) > 1 and ":" in cells[1]
    }
    scores = _scores(cells for _, cells in rows)
    spans: list[Span] = []
    for line, cells in rows:
        kind = _KINDS.get(cells[0][:1])
        where = place(document.place, line)
        if cells[0].startswith("T") and cells[0] not in triggers:
            spans += _span(document, cells, where, scores.get(cells[0]), notes)
        elif cells[0].startswith("T"):
            notes.listed.append(f"{where}: The trigger of an event is left out: {shown(cells)}")
        elif kind is None:
            raise ValueError(
                f"{where}: {' '.join(cells)[:80]!r} is no annotation of brat. Correct the line."
            )
        elif not _is_score(cells):
            notes.listed.append(f"{where}: One {kind} is left out: {shown(cells)}")
    return replace(document, spans=tuple(spans))


def _scores(rows: Iterator[list[str]]) -> dict[str, float]:
    """Read the scores that we wrote as notes on spans."""
    return {
        cells[1].split(" ")[1]: float(cells[2].removeprefix(SCORE))
        for cells in rows
        if _is_score(cells)
    }


def _is_score(cells: list[str]) -> bool:
    return (
        cells[0].startswith("#")
        and len(cells) == 3
        and re.fullmatch(r"AnnotatorNotes T\d+", cells[1]) is not None
        and re.fullmatch(rf"{SCORE}[01]\.\d+", cells[2]) is not None
    )


def _span(
    document: Document, cells: list[str], where: str, score: float | None, notes: Notes
) -> list[Span]:
    """Read a span. Its text tells whether its places count characters or UTF-16 units."""
    found = _SPAN.fullmatch(cells[1]) if len(cells) > 1 else None
    if found is None:
        raise ValueError(
            f"{where}: {' '.join(cells)[:80]!r} has no type, start and end, as in 'PER 0 5'. "
            "Correct the line."
        )
    fragments: list[Place] = []
    for fragment in found[2].split(";"):
        start, end = fragment.split(" ")
        fragments.append((int(start), int(end)))
    quoted = "\t".join(cells[2:])
    if quoted and not _are_at(quoted, document.text, fragments):
        converted = [from_units(document.text, *fragment) for fragment in fragments]
        whole = [fragment for fragment in converted if fragment is not None]
        inside = fragments[-1][1] <= len(document.text)
        if len(whole) == len(fragments) and _are_at(quoted, document.text, whole):
            fragments = whole
        elif inside:
            span = Span(fragments[0][0], fragments[-1][1], found[1])
            notes.problems.append(
                Problem(replace(document, place=where), span, f"should be {shown(quoted)}")
            )
            return []
    return [_merged(document.text, fragments, found[1], score)]


def _are_at(quoted: str, text: str, fragments: list[Place]) -> bool:
    """Tell whether fragments of a text are the quoted words."""
    if not all(0 <= start <= end <= len(text) for start, end in fragments):
        return False
    there = " ".join(text[start:end] for start, end in fragments)
    return is_at(quoted, there, (0, len(there)))


def _merged(text: str, fragments: list[Place], type_: str, score: float | None) -> Span:
    """Make a span; only white space between fragments makes it a continuous one."""
    start, end = fragments[0][0], fragments[-1][1]
    gaps = pairwise(fragments)
    is_whole = all(not text[before[1] : after[0]].strip() for before, after in gaps)
    return Span(start, end, type_, score, () if is_whole else tuple(fragments))
