"""The regions of Label Studio: labelled places, which some versions count in UTF-16 units."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from lowner_pl.annotation.documents import Document, Span
from lowner_pl.annotation.formats.json_formats.records import number, shown, whole_number
from lowner_pl.annotation.formats.offsets import from_units, has_pairs, is_at
from lowner_pl.annotation.notes import Notes, Problem


class Region(NamedTuple):
    """A labelled place.

    Attributes:
        value: Its start, end, text and labels.
        score: Confidence of the model that predicted it.
    """

    value: dict[str, Any]
    score: float | None


def is_value(value: object) -> bool:
    """Tell whether a record is a labelled place of a text."""
    return isinstance(value, dict) and {"start", "end", "labels"} <= value.keys()


def regions_of(result: object, where: str, notes: Notes) -> list[Region]:
    """Read the regions of an annotation; list relations, choices and other results."""
    regions: list[Region] = []
    for one in result if isinstance(result, list) else []:
        value = one.get("value") if isinstance(one, dict) else None
        if isinstance(value, dict) and is_value(value):
            regions.append(Region(value, number(one.get("score"))))
        elif isinstance(value, dict) and {"start", "end"} <= value.keys():
            regions.append(Region({**value, "labels": []}, None))
        else:
            kind = one.get("type", "result") if isinstance(one, dict) else "result"
            notes.listed.append(f"{where}: A {kind} is left out: {shown(one)}")
    return regions


def takes_units(regions: Iterable[tuple[str, Region]]) -> bool | None:
    """Tell whether a file counts UTF-16 units, as its quoted texts show; ``None`` if none does."""
    for text, region in regions:
        quoted, start, end = _read(region)
        if quoted and start is not None and end is not None and has_pairs(text):
            as_characters = is_at(quoted, text, (start, end))
            as_units = is_at(quoted, text, from_units(text, start, end))
            if as_characters != as_units:
                return as_units
    return None


def located(
    document: Document, regions: Sequence[Region], notes: Notes, units: bool | None
) -> Document:
    """Add regions to a document as spans whose positions count characters.

    A region that quotes its text is placed where the text is, by characters or by UTF-16 units.

    Args:
        document: The document, without spans.
        regions: The regions.
        notes: Collects the regions whose text is nowhere.
        units: Whether regions without a text count UTF-16 units; ``None`` if unknown.
    """
    spans: list[Span] = []
    for region in regions:
        quoted, start, end = _read(region)
        if start is None or end is None:
            raise ValueError(
                f"{document.place}: The region {shown(region.value)} has no start and end in "
                "characters. Only regions of plain text can be read, not of HTML or dialogues."
            )
        place, converted = (start, end), from_units(document.text, start, end)
        if converted is not None and (
            units
            if not quoted
            else not is_at(quoted, document.text, place) and is_at(quoted, document.text, converted)
        ):
            place = converted
        elif not quoted and units is None and has_pairs(document.text[:end]):
            notes.said.append(
                f"{document.place}: The positions {start}-{end} are taken to count characters; "
                "some versions of Label Studio count an emoji as two"
            )
        spans += _spans(document, region, place, quoted, notes)
    return replace(document, spans=tuple(spans))


def _spans(
    document: Document, region: Region, place: tuple[int, int], quoted: str, notes: Notes
) -> list[Span]:
    """Make a span for each label of a region; note it if its text is elsewhere."""
    labels = region.value["labels"]
    named = labels if isinstance(labels, list) else [labels]
    spans = [Span(*place, str(label), region.score) for label in named or [""]]
    inside = 0 <= place[0] <= place[1] <= len(document.text)
    if not quoted or not inside or is_at(quoted, document.text, place):
        return spans
    notes.problems += (Problem(document, span, f"should be {shown(quoted)}") for span in spans)
    return []


def _read(region: Region) -> tuple[str, int | None, int | None]:
    """Return the quoted text, the start and the end of a region."""
    quoted = region.value.get("text")
    start, end = whole_number(region.value["start"]), whole_number(region.value["end"])
    return quoted if isinstance(quoted, str) else "", start, end
