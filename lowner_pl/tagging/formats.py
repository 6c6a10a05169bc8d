"""The formats in which tagged texts are written."""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal, get_args

from lowner_pl.corpus import Entity, tags_of
from lowner_pl.tagging.inputs import Document
from lowner_pl.tagging.markup import PAGE_END, bracketed, highlighted, page_start
from lowner_pl.tagging.tagger import Words

Format = Literal["jsonl", "conll", "html", "text"]
FORMATS: tuple[Format, ...] = get_args(Format)
SUFFIXES: Mapping[str, Format] = {
    ".jsonl": "jsonl",
    ".conll": "conll",
    ".html": "html",
    ".htm": "html",
    ".txt": "text",
}
_BREAKS = re.compile(r"[\t\r\n]")


class Writer:
    """What is written before, for and after tagged texts.

    Args:
        format: ``jsonl``: an object per text, the fields of its record with ``entities``.
            ``conll``: a word with its tag per line. ``html``: a page with highlighted texts.
            ``text``: entities in brackets.
        min_confidence: Entities below this confidence are left out.
        title: Title of the page.
        language: ISO 639 code of the texts.
    """

    def __init__(
        self, format: Format, *, min_confidence: float, title: str, language: str | None
    ) -> None:
        self.format = format
        self.min_confidence = min_confidence
        self.start = page_start(title, language) if format == "html" else ""
        self.end = PAGE_END if format == "html" else ""

    def __call__(self, document: Document, words: Words) -> str:
        """Write a tagged text."""
        if self.format == "conll":
            return "".join(self._rows(words))
        found = words.tagged(self.min_confidence)
        if self.format == "jsonl":
            return _line({**document.record, "entities": [one.as_dict() for one in found]})
        marked = highlighted if self.format == "html" else bracketed
        return _encodable(marked(words.text, found)) + "\n"

    def _rows(self, words: Words) -> list[str]:
        """Write the words of each sentence with their tags."""
        rows = []
        for spans, entities in zip(words.sentences, words.entities, strict=True):
            kept: list[Entity] = [e for e, sure in entities if sure >= self.min_confidence]
            for (start, end), tag in zip(spans, tags_of(kept, len(spans)), strict=True):
                word = _BREAKS.sub(" ", words.text[start:end])
                rows.append(f"{_encodable(word)}\t{tag}\n")
            rows.append("\n")
        return rows


def _line(record: Mapping[str, Any]) -> str:
    """Write a record as a line of JSON; a lone surrogate is escaped, so that it is kept."""
    line = json.dumps(record, ensure_ascii=False, default=str)
    if not _is_encodable(line):
        line = json.dumps(record, default=str)
    return line + "\n"


def _is_encodable(text: str) -> bool:
    """Tell whether a text has no lone surrogates."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _encodable(text: str) -> str:
    """Replace lone surrogates, which no file can hold, by U+FFFD."""
    return (
        text
        if _is_encodable(text)
        else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    )
