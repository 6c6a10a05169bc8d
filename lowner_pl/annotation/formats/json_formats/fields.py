"""Fields that several JSON formats share: the words that we write, metadata and scores."""

from collections.abc import Collection, Mapping
from typing import Any

from lowner_pl.annotation.documents import Document, Place
from lowner_pl.annotation.joining import find_words, words_of
from lowner_pl.annotation.notes import Notes

WORDS, SENTENCES = "words", "sentences"
"""Fields beside the text, with the words of a corpus and the first word of each sentence."""
DIGITS = 4  # of a written score
SUGGESTED = ("suggestion", "strategy", "suggestion_score", "reason", "source")
"""Metadata that `suggest` writes."""


def word_fields(document: Document) -> dict[str, Any]:
    """Write the words of a document as fields; none if it is not split."""
    if document.words is None:
        return {}
    fields: dict[str, Any] = {WORDS: words_of(document)}
    if document.sentences != (0,):
        fields[SENTENCES] = list(document.sentences)
    return fields


def read_words(
    record: Mapping[str, Any], text: str, where: str, notes: Notes
) -> tuple[tuple[Place, ...] | None, tuple[int, ...]]:
    """Read the words and sentences of a document from its fields, if it has them.

    Words that are not those of the text are left out, which is noted.
    """
    words = record.get(WORDS)
    if not isinstance(words, list) or not all(isinstance(word, str) for word in words):
        return None, ()
    places = find_words(words, text)
    if places is None:
        notes.listed.append(
            f"{where}: The field {WORDS!r} does not hold the words of the text, which was changed: "
            "the text is split anew"
        )
        return None, ()
    return places, read_sentences(record) or ((0,) if words else ())


def read_sentences(record: Mapping[str, Any]) -> tuple[int, ...]:
    """Read the first word of each sentence; nothing if the record does not have them."""
    sentences = record.get(SENTENCES)
    if isinstance(sentences, list) and all(isinstance(first, int) for first in sentences):
        return tuple(sentences)
    return ()


def rounded(score: float) -> float:
    """Round a score for a file."""
    return round(score, DIGITS)


def metadata_of(
    document: Document, notes: Notes, *, reserved: Collection[str] = ()
) -> dict[str, Any]:
    """Return the metadata that can stand in fields of these names; note those that can't."""
    for name in document.metadata:
        if name in reserved:
            notes.left_out[f"the field {name!r}, whose name has another meaning there"] += 1
    return {name: value for name, value in document.metadata.items() if name not in reserved}


def note_all_left_out(document: Document, notes: Notes, *, spans: bool) -> None:
    """Note that metadata and scores of a document are left out.

    What `suggest` wrote is not noted: it was for choosing the sentence, not part of it.

    Args:
        document: The document.
        notes: Collects what is left out.
        spans: Whether the scores of the spans are left out too.
    """
    ours = SUGGESTED if {*SUGGESTED[:2]} <= document.metadata.keys() else ()
    for name in document.metadata:
        if name not in ours:
            notes.left_out[f"the field {name!r}"] += 1
    if document.score is not None and not ours:
        notes.left_out["the score of the text"] += 1
    if spans and any(span.score is not None for span in document.spans):
        notes.left_out["the scores of spans"] += 1
