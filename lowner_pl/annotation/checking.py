"""Spans that no format can hold, and spans that not every format can hold."""

from collections.abc import Iterable, Iterator
from dataclasses import replace

from lowner_pl.annotation.alignment import OnMisaligned
from lowner_pl.annotation.documents import Document, Span
from lowner_pl.annotation.notes import Notes, Problem, counted
from lowner_pl.tagging.splitting.splitter import visible


def checked(
    documents: Iterable[Document],
    notes: Notes,
    *,
    on_misaligned: OnMisaligned = "error",
    discontinuous: bool = False,
) -> Iterator[Document]:
    """Yield documents with the spans that can be written; note the others.

    Args:
        documents: The documents.
        notes: Collects the problems.
        on_misaligned: ``expand`` makes a discontinuous span whole, ``shrink`` keeps its first part.
        discontinuous: Whether the format holds discontinuous spans.
    """
    for document in documents:
        spans: list[Span] = []
        for span in document.spans:
            if (what := _fault(document, span)) is not None:
                notes.problems.append(Problem(document, span, what))
            elif span.fragments and not discontinuous:
                spans += _whole(document, span, on_misaligned, notes)
            else:
                spans.append(span)
        yield replace(document, text=visible(document.text), spans=tuple(spans))


def refuse(notes: Notes, on_misaligned: OnMisaligned) -> None:
    """Refuse the problems found, unless the user has said what to do with them.

    Raises:
        ValueError: If there are any.
    """
    if on_misaligned == "error" and notes.problems:
        others = len(notes.problems) - 1
        first = replace(notes.problems[0], done="")
        more = f", nor can {counted(others, 'other')}" if others else ""
        raise ValueError(
            f"A span can't be kept{more}: "
            f"{str(first).rstrip(': ')}. Correct the annotation, or choose --on_misaligned shrink, "
            "expand or skip."
        )


def _fault(document: Document, span: Span) -> str | None:
    """Say what makes a span unusable, to follow its text."""
    length = len(document.text)
    if not 0 <= span.start <= span.end <= length:
        return (
            f"lies outside the text of {length} characters (the text was changed, or the positions "
            "count UTF-16 units or bytes)"
        )
    if not span.type.strip():
        return "has no entity type"
    if not document.text[span.start : span.end].strip():
        return "marks no letters"
    return None


def _whole(document: Document, span: Span, on_misaligned: OnMisaligned, notes: Notes) -> list[Span]:
    """Make a discontinuous span continuous, and note it."""
    whole = {
        "expand": [Span(span.start, span.end, span.type, span.score)],
        "shrink": [Span(*span.fragments[0], span.type, span.score)],
    }.get(on_misaligned, [])
    done = f"became {document.excerpt(whole[0])}" if whole else "left out"
    notes.problems.append(Problem(document, span, "is discontinuous", done))
    return whole
