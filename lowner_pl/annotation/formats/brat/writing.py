"""Writing brat's folders; see :mod:`lowner_pl.annotation.formats.brat.reading`."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from lowner_pl.annotation.documents import Document, Place, Span
from lowner_pl.annotation.formats.brat.index import INDEX, index_lines
from lowner_pl.annotation.formats.brat.reading import ANNOTATION, SCORE, TEXT
from lowner_pl.annotation.formats.bundles import bundles
from lowner_pl.annotation.formats.json_formats.fields import DIGITS, rounded, word_fields
from lowner_pl.annotation.joining import joined_by_line
from lowner_pl.annotation.notes import Notes

CONFIGURATION = "annotation.conf"


def write(folder: Path, documents: Iterable[Document], notes: Notes, *, name: str) -> None:
    """Write documents as pairs, with the configuration that brat needs for their entity types.

    Args:
        folder: An empty folder.
        documents: The documents. Those of one line share a pair.
        notes: Not used: brat's folder holds everything.
        name: Beginning of the pairs' names.

    Raises:
        ValueError: If an entity type has white space, which brat can't read.
    """
    del notes
    types: dict[str, None] = {}
    index: list[str] = []
    for pair, group in bundles(documents, name):
        joined = joined_by_line(group)
        types.update(dict.fromkeys(span.type for span in joined.spans))
        (folder / f"{pair}{TEXT}").write_text(f"{joined.text}\n", encoding="utf-8", newline="\n")
        lines = "".join(_lines(joined))
        (folder / f"{pair}{ANNOTATION}").write_text(lines, encoding="utf-8", newline="\n")
        index += index_lines(pair, [(document.text, _fields(document)) for document in group])
    (folder / INDEX).write_text("".join(index), encoding="utf-8", newline="\n")
    (folder / CONFIGURATION).write_text(_configuration(list(types)), encoding="utf-8", newline="\n")


def _lines(document: Document) -> Iterator[str]:
    """Write the spans of a document, and their scores as notes that brat shows."""
    notes: list[str] = []
    for number, span in enumerate(document.spans, 1):
        if any(map(str.isspace, span.type)):
            raise ValueError(
                f"{document.name}: The entity type {span.type[:80]!r} has white space, which brat "
                "can't read. Rename it."
            )
        fragments = span.fragments or _by_line(document.text, span)
        places = ";".join(f"{start} {end}" for start, end in fragments)
        quoted = " ".join(document.text[start:end] for start, end in fragments)
        yield f"T{number}\t{span.type} {places}\t{quoted}\n"
        if span.score is not None:
            notes.append(
                f"#{len(notes) + 1}\tAnnotatorNotes T{number}\t{SCORE}{span.score:.{DIGITS}f}\n"
            )
    yield from notes


def _by_line(text: str, span: Span) -> Sequence[Place]:
    """Part a span at line ends, as brat does."""
    fragments: list[Place] = []
    start = span.start
    for line in text[span.start : span.end].split("\n"):
        if line:
            fragments.append((start, start + len(line)))
        start += len(line) + 1
    return fragments


def _fields(document: Document) -> dict[str, Any]:
    """Return what a pair can't hold."""
    fields = word_fields(document)
    if document.metadata:
        fields["metadata"] = dict(document.metadata)
    if document.score is not None:
        fields["score"] = rounded(document.score)
    return fields


def _configuration(types: Sequence[str]) -> str:
    """Write the entity types for brat."""
    return (
        "[entities]\n"
        + "".join(f"{type_}\n" for type_ in sorted(types))
        + ("\n[relations]\n\n[events]\n\n[attributes]\n")
    )
