"""The JSON lines of `doccano <https://doccano.github.io/doccano/>`_.

A record holds ``text`` and ``label``, a list of ``[start, end, type]``. A project with relations is
exported with ``entities`` and ``relations`` instead, older versions wrote ``labels``, ``entities``
or ``annotations``. Positions count characters; the end is exclusive. All other fields are metadata,
which doccano keeps and exports again.
"""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from lowner_pl.annotation.documents import Document, Span
from lowner_pl.annotation.formats.json_formats.fields import (
    SENTENCES,
    WORDS,
    metadata_of,
    read_words,
    rounded,
    word_fields,
)
from lowner_pl.annotation.formats.json_formats.records import (
    Record,
    number,
    records_in,
    records_of,
    shown,
    text_in,
    whole_number,
)
from lowner_pl.annotation.notes import Notes

SPANS = ("label", "labels", "entities", "annotations")
"""Fields that may hold the spans."""
_KNOWN = {*SPANS, WORDS, SENTENCES, "relations", "score"}


def read(path: Path, notes: Notes, *, column: str | None = None) -> Iterator[Document]:
    """Read the documents of an export.

    Args:
        path: The file.
        notes: Collects what is left out.
        column: The field of the text, by default ``text``.
    """
    for where, record in records_of(path):
        field = column or ("data" if "text" not in record and "data" in record else "text")
        text = text_in(record, field, where)
        words, sentences = read_words(record, text, where, notes)
        for relation in records_in(record, "relations", where):
            notes.listed.append(f"{where}: A relation is left out: {shown(relation)}")
        versions = _versions(record, where)
        for user, spans in versions.items():
            yield Document(
                text,
                tuple(spans),
                words,
                sentences,
                {name: value for name, value in record.items() if name not in {*_KNOWN, field}},
                score=number(record.get("score")),
                annotator=user or path.stem,
                key=text if len(versions) < 2 else f"{where} {text}",
                place=where,
            )


def write(documents: Iterable[Document], notes: Notes) -> Iterator[str]:
    """Write documents as the lines of a file that doccano imports."""
    for document in documents:
        record: dict[str, Any] = {
            "text": document.text,
            "label": [[span.start, span.end, span.type] for span in document.spans],
            **metadata_of(document, notes, reserved={*_KNOWN, "text"}),
            **word_fields(document),
        }
        if document.score is not None:
            record["score"] = rounded(document.score)
        if any(span.score is not None for span in document.spans):
            notes.left_out["the scores of spans"] += 1
        yield json.dumps(record, ensure_ascii=False) + "\n"


def _versions(record: Record, where: str) -> Mapping[str, list[Span]]:
    """Read the spans of each annotator; only the oldest exports name the annotators."""
    field = next((name for name in SPANS if record.get(name)), None)
    found: dict[str, list[Span]] = defaultdict(list)
    if field is None:
        return {"": []}
    values = record[field]
    if not isinstance(values, list):
        raise ValueError(
            f"{where}: The field {field!r} is {shown(values)}, but it must be a list such as "
            '[[0, 5, "PER"]]. Export a project for sequence labelling.'
        )
    for value in values:
        user = str(value.get("user") or "") if isinstance(value, dict) else ""
        found[user].append(_span(value, where))
    return found


def _span(value: object, where: str) -> Span:
    """Read one span, of whichever version of doccano."""
    match value:
        case [start, end, type_]:
            pass
        case {"start_offset": start, "end_offset": end, "label": type_}:
            if not isinstance(type_, str):
                raise ValueError(
                    f"{where}: The label of {shown(value)} is a number, not a name. Export the "
                    "project as 'JSONL (Text Labels)'."
                )
        case _:
            raise ValueError(
                f'{where}: {shown(value)} is not a span such as [0, 5, "PER"]. Export a project '
                "for sequence labelling."
            )
    first, last = whole_number(start), whole_number(end)
    if first is None or last is None or not isinstance(type_, str):
        raise ValueError(
            f'{where}: {shown(value)} has no start, end and label, such as [0, 5, "PER"]. Correct '
            "the record."
        )
    return Span(first, last, type_)
