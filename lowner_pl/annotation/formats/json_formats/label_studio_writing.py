"""Writing the JSON of Label Studio, and the labelling interface that belongs to it."""

import json
from collections.abc import Iterable, Iterator
from itertools import count
from xml.sax.saxutils import quoteattr

from lowner_pl.annotation.documents import Document, Span
from lowner_pl.annotation.formats.json_formats.fields import (
    SENTENCES,
    WORDS,
    metadata_of,
    rounded,
    word_fields,
)
from lowner_pl.annotation.formats.json_formats.records import Record
from lowner_pl.annotation.notes import Notes

FROM_NAME, TO_NAME = "label", "text"
"""Names of the labels and of the text in the labelling interface, as in Label Studio's template."""
MODEL_VERSION = "lowner_pl"


def interface(types: Iterable[str]) -> str:
    """Write the labelling interface that a project needs for these entity types."""
    labels = "".join(f"<Label value={quoteattr(type_)}/>" for type_ in types)
    return (
        f'<View><Labels name="{FROM_NAME}" toName="{TO_NAME}">{labels}</Labels>'
        f'<Text name="{TO_NAME}" value="$text"/></View>'
    )


def write(documents: Iterable[Document], notes: Notes) -> Iterator[str]:
    """Write documents as a list of tasks: annotations, or predictions with their scores."""
    yield "["
    for position, document in enumerate(documents):
        yield (
            ("," if position else "")
            + "\n"
            + json.dumps(_written(document, notes, position), ensure_ascii=False)
        )
    yield "\n]\n"


def _written(document: Document, notes: Notes, position: int) -> Record:
    """Write a task."""
    metadata = metadata_of(document, notes, reserved={"text", WORDS, SENTENCES})
    task: Record = {name: metadata.pop(name) for name in ("id", "meta") if name in metadata}
    task["data"] = {"text": document.text, **word_fields(document), **metadata}
    numbers = count(1)
    result = [_region(document, span, f"{position + 1}-{next(numbers)}") for span in document.spans]
    if document.state == "annotated":
        task["annotations"] = [{"result": result}]
    elif document.state == "predicted":
        prediction: Record = {"model_version": MODEL_VERSION, "result": result}
        if document.score is not None:
            prediction["score"] = rounded(document.score)
        task["predictions"] = [prediction]
    return task


def _region(document: Document, span: Span, identity: str) -> Record:
    """Write a region."""
    region: Record = {
        "id": identity,
        "from_name": FROM_NAME,
        "to_name": TO_NAME,
        "type": "labels",
        "value": {
            "start": span.start,
            "end": span.end,
            "text": document.text[span.start : span.end],
            "labels": [span.type],
        },
    }
    if span.score is not None:
        region["score"] = rounded(span.score)
    return region
