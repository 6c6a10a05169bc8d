"""The JSON of `Label Studio <https://labelstud.io/guide/task_format>`_: a list of tasks.

A task holds the text in ``data`` and, for each annotator, an annotation whose ``result`` lists
regions: ``value: {start, end, text, labels}``, with an exclusive end. ``predictions`` are the same,
made by a model. JSON_MIN has the fields of ``data`` and a list of values in one object for each
annotation.
"""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from lowner_pl.annotation.documents import Document, State
from lowner_pl.annotation.formats.json_formats.fields import (
    SENTENCES,
    WORDS,
    read_words,
)
from lowner_pl.annotation.formats.json_formats.records import (
    Record,
    number,
    records_in,
    records_of,
    text_in,
)
from lowner_pl.annotation.formats.json_formats.regions import (
    Region,
    is_value,
    located,
    regions_of,
    takes_units,
)
from lowner_pl.annotation.notes import Notes, counted

_MIN = {"annotator", "annotation_id", "created_at", "updated_at", "lead_time"}
_GIVEN = ("annotations", "completions")  # the second is the name before version 1.0
_TASK = {"id", "data", "meta", "predictions", "drafts", *_GIVEN}


def read(path: Path, notes: Notes, *, column: str | None = None) -> Iterator[Document]:
    """Read the documents of an export as JSON or JSON_MIN, one for each annotation.

    Annotations that were cancelled and drafts are listed and left out. If one annotation of a task
    is the ground truth, the others are left out too.

    Args:
        path: The file.
        notes: Collects what is left out.
        column: The field of the text; by default ``text``, or the only text there is.
    """
    records = list(records_of(path))
    units = takes_units(
        region for where, one in records for region in _all_regions(one, where, column)
    )
    for where, record in records:
        if isinstance(record.get("data"), dict):
            yield from _task(path, where, record, notes, column, units=units)
        else:
            yield _minimal(path, where, record, notes, column, units=units)


def _task(
    path: Path,
    where: str,
    record: Record,
    notes: Notes,
    column: str | None,
    *,
    units: bool | None,
) -> Iterator[Document]:
    """Read the annotations of a task."""
    identity = record.get("id")
    where = f"{path}, task {identity}" if identity is not None else where
    data = record["data"]
    field = _field(data, where, column)
    text = text_in(data, field, where)
    words, sentences = read_words(data, text, where, notes)
    metadata = {k: v for k, v in data.items() if k not in {field, WORDS, SENTENCES}}
    metadata |= {name: record[name] for name in ("id", "meta") if record.get(name)}
    for name in record.keys() - _TASK:
        notes.left_out[f"the field {name!r}"] += 1
    state, versions = _versions(record, where, notes)
    for version in versions or [{}]:
        by = version.get("completed_by")
        document = Document(
            text,
            (),
            words,
            sentences,
            metadata,
            number(version.get("score")),
            state,
            annotator=_name(by) if state == "annotated" else None,
            key=None if identity is None and len(versions) < 2 else f"{identity or where} {text}",
            place=where,
        )
        yield located(document, regions_of(version.get("result"), where, notes), notes, units)


def _minimal(
    path: Path,
    where: str,
    record: Record,
    notes: Notes,
    column: str | None,
    *,
    units: bool | None,
) -> Document:
    """Read an annotation of JSON_MIN."""
    identity = record.get("id")
    where = f"{path}, task {identity}" if identity is not None else where
    fields = {name: value for name, value in record.items() if not _is_values(value)}
    field = _field(fields, where, column)
    text = text_in(fields, field, where)
    words, sentences = read_words(fields, text, where, notes)
    values = [value for name in record.keys() - fields.keys() for value in record[name]]
    document = Document(
        text,
        (),
        words,
        sentences,
        {k: v for k, v in fields.items() if k not in {field, WORDS, SENTENCES, *_MIN}},
        annotator=_name(record.get("annotator")),
        key=None if identity is None else f"{identity} {text}",
        place=where,
    )
    return located(document, [Region(value, None) for value in values], notes, units)


def _versions(record: Record, where: str, notes: Notes) -> tuple[State, Sequence[Record]]:
    """Choose the annotations of a task that count, or its predictions if nobody annotated it."""
    given = [one for name in _GIVEN for one in records_in(record, name, where)]
    done = [one for one in given if not one.get("was_cancelled")]
    for one in given:
        if one.get("was_cancelled"):
            _list(notes, where, "An annotation", "was cancelled", one)
    for draft in records_in(record, "drafts", where):
        _list(notes, where, "A draft", "was not submitted", draft)
    true = [one for one in done if one.get("ground_truth")]
    if len(true) == 1 and len(done) > 1:
        notes.said.append(
            f"{where}: The annotation marked as ground truth is taken, not the other "
            f"{len(done) - 1}"
        )
        done = true
    if done:
        return "annotated", done
    predictions = records_in(record, "predictions", where)
    for old in predictions[:-1]:
        _list(notes, where, "A prediction", "is older than another", old)
    return ("predicted", predictions[-1:]) if predictions else ("open", [])


def _list(notes: Notes, where: str, noun: str, what: str, version: Record) -> None:
    who = _name(version.get("completed_by"))
    by = f" of {who}" if who else ""
    result = version.get("result")
    regions = counted(len(result) if isinstance(result, list) else 0, "region")
    notes.listed.append(f"{where}: {noun}{by} {what}; it is left out with {regions}")


def _all_regions(record: Record, where: str, column: str | None) -> Iterator[tuple[str, Region]]:
    """Yield the text and the regions of all annotations of a record."""
    data = record.get("data")
    fields = data if isinstance(data, dict) else record
    texts = [fields.get(column or "text"), *fields.values()]
    text = next((value for value in texts if isinstance(value, str)), "")
    if fields is record:
        values = (value for value in record.values() if _is_values(value))
        yield from ((text, Region(one, None)) for value in values for one in value)
        return
    for name in (*_GIVEN, "predictions"):
        for version in records_in(record, name, where):
            for region in regions_of(version.get("result"), "", Notes()):
                yield text, region


def _field(data: Mapping[str, Any], where: str, column: str | None) -> str:
    """Find the field of the text."""
    if column is not None or "text" in data:
        return column or "text"
    texts = [name for name, value in data.items() if isinstance(value, str) and name not in _MIN]
    if len(texts) == 1:
        return texts[0]
    raise ValueError(
        f"{where}: The text may be in {', '.join(map(repr, texts))[:200] or 'no field at all'}. "
        "Name its field with --column."
    )


def _is_values(value: object) -> bool:
    """Tell whether a field of JSON_MIN holds the regions."""
    return isinstance(value, list) and bool(value) and all(map(is_value, value))


def _name(by: object) -> str | None:
    """Name an annotator, who is a number or a record with an address."""
    if isinstance(by, dict):
        by = by.get("email") or by.get("id")
    return None if by is None else str(by)
