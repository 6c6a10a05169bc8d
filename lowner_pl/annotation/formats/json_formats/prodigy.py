"""The JSON lines of `Prodigy <https://prodigy.ai/docs/api-interfaces>`_.

A record holds ``text``, ``spans`` with ``start``, ``end`` and ``label``, and ``tokens`` with the
places of the words. ``token_end`` is the last word of a span, while ``end`` is exclusive. Whoever
annotated it gave the ``answer`` *accept*, *reject* or *ignore*.
"""

import json
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from lowner_pl.annotation.documents import Document, Place, Span, State
from lowner_pl.annotation.formats.json_formats.fields import (
    SENTENCES,
    metadata_of,
    read_sentences,
    rounded,
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
from lowner_pl.annotation.formats.offsets import is_at
from lowner_pl.annotation.notes import Notes, Problem, counted

_ANNOTATOR = ("_annotator_id", "_session_id")
_OWN = {"_input_hash", "_task_hash", "_view_id", "_timestamp", "_is_binary", *_ANNOTATOR}
_KNOWN = {"spans", "tokens", "meta", "answer", "relations", SENTENCES, *_OWN}


def read(path: Path, notes: Notes, *, column: str | None = None) -> Iterator[Document]:
    """Read the documents of an export by ``prodigy db-out``.

    Rejected and ignored records are listed and left out. A record with scores but without an
    answer holds suggestions that nobody has confirmed.

    Args:
        path: The file.
        notes: Collects what is left out.
        column: The field of the text, by default ``text``.
    """
    field = column or "text"
    for where, record in records_of(path):
        text = text_in(record, field, where)
        raw = records_in(record, "spans", where)
        if (answer := record.get("answer", "accept")) != "accept":
            notes.listed.append(
                f"{where}: The text was answered with {shown(answer)}; it is left out with "
                f"{counted(len(raw), 'span')}: {shown(text)}"
            )
            continue
        for relation in records_in(record, "relations", where):
            notes.listed.append(f"{where}: A relation is left out: {shown(relation)}")
        words = _words(record, text, where)
        meta = record.get("meta") if isinstance(record.get("meta"), dict) else {}
        metadata = {
            **(meta or {}),
            **{k: v for k, v in record.items() if k not in {*_KNOWN, field}},
        }
        score = number(metadata.get("score"))
        if score is not None:
            del metadata["score"]
        annotator = next((str(record[name]) for name in _ANNOTATOR if record.get(name)), None)
        key = None if annotator is None else f"{record.get('_input_hash', '')} {text}"
        document = Document(
            text,
            words=words,
            sentences=read_sentences(record) if words else (),
            metadata=metadata,
            score=score,
            state=_state(record, score),
            annotator=annotator,
            key=key,
            place=where,
        )
        yield _with_spans(document, raw, notes)


def write(documents: Iterable[Document], notes: Notes) -> Iterator[str]:
    """Write documents as the lines of a file that Prodigy reads.

    Annotated documents are accepted; suggestions wait for an answer.
    """
    for document in documents:
        record: dict[str, Any] = {"text": document.text}
        if document.words is not None:
            record["tokens"] = _tokens(document.text, document.words)
            record[SENTENCES] = list(document.sentences)
        record["spans"] = [_written(span, document.words) for span in document.spans]
        meta = metadata_of(document, notes, reserved={"score"})
        if document.score is not None:
            meta["score"] = rounded(document.score)
        if meta:
            record["meta"] = meta
        if document.state == "annotated":
            record["answer"] = "accept"
        yield json.dumps(record, ensure_ascii=False) + "\n"


def _state(record: Record, score: float | None) -> State:
    """Tell a suggestion, which has a score and no answer, from an annotated text."""
    scored = score is not None or any("score" in span for span in record.get("spans") or [])
    return "predicted" if scored and "answer" not in record else "annotated"


def _words(record: Record, text: str, where: str) -> tuple[Place, ...] | None:
    """Read the places of the words. White space that spaCy counts as words is dropped."""
    tokens = records_in(record, "tokens", where)
    if not tokens:
        return () if "tokens" in record and not text.strip() else None
    words: list[Place] = []
    for token in tokens:
        start, end = whole_number(token.get("start")), whole_number(token.get("end"))
        if start is None or end is None:
            raise ValueError(f"{where}: The token {shown(token)} has no start and end. Correct it.")
        if SENTENCES in record or not text[start:end].isspace():
            words.append((start, end))
    return tuple(words)


def _with_spans(document: Document, raw: list[Record], notes: Notes) -> Document:
    """Add the spans of a record; note those whose text is elsewhere."""
    spans: list[Span] = []
    for value in raw:
        start, end = whole_number(value.get("start")), whole_number(value.get("end"))
        if start is None or end is None:
            raise ValueError(
                f"{document.place}: The span {shown(value)} has no start and end. Correct it."
            )
        span = Span(start, end, str(value.get("label") or ""), number(value.get("score")))
        quoted = value.get("text")
        if (
            isinstance(quoted, str)
            and end <= len(document.text)
            and not is_at(quoted, document.text, (start, end))
        ):
            notes.problems.append(Problem(document, span, f"should be {shown(quoted)}"))
        else:
            spans.append(span)
    return replace(document, spans=tuple(spans))


def _tokens(text: str, words: tuple[Place, ...]) -> list[dict[str, Any]]:
    return [
        {
            "text": text[start:end],
            "start": start,
            "end": end,
            "id": number_,
            "ws": text[end : end + 1].isspace(),
        }
        for number_, (start, end) in enumerate(words)
    ]


def _written(span: Span, words: tuple[Place, ...] | None) -> dict[str, Any]:
    """Write a span, with the numbers of its words if it begins and ends where words do."""
    record: dict[str, Any] = {"start": span.start, "end": span.end}
    if words is not None:
        first = bisect_left(words, span.start, key=lambda word: word[0])
        last = bisect_right(words, span.end, key=lambda word: word[1]) - 1
        if first <= last and words[first][0] == span.start and words[last][1] == span.end:
            record |= {"token_start": first, "token_end": last}
    record["label"] = span.type
    if span.score is not None:
        record["score"] = rounded(span.score)
    return record
