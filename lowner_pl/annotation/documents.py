"""Annotated documents: a text, the spans that were marked in it, and its words if known."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Literal

Place = tuple[int, int]
"""Start and end of a part of a text, in characters as Python counts them; the end is exclusive."""
State = Literal["annotated", "predicted", "open"]


@dataclass(frozen=True, slots=True)
class Span:
    """A part of a text that has an entity type.

    Spans of one document may overlap, and need not begin or end where words do.

    Args:
        start: Position of the first character, counting from 0.
        end: Position after the last character.
        type: Entity type such as ``PER``; empty if the annotator chose none.
        score: Confidence of a tagger, from 0 to 1; ``None`` where a person marked the span.
        fragments: The parts of a discontinuous span, in order; empty for all others.
    """

    start: int
    end: int
    type: str
    score: float | None = None
    fragments: tuple[Place, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A text with its annotation.

    Args:
        text: The text.
        spans: The marked parts, in any order.
        words: Places of the words in their order, or ``None`` if the text is not split yet.
        sentences: Number of the first word of each sentence, counting from 0; empty if unknown.
        metadata: What else is known of the text, in values that JSON has.
        score: How sure a tagger is of the whole text; tools sort by it.
        state: ``annotated`` by a person, ``predicted`` by a tagger and not confirmed, or still
            ``open``. Only annotated documents become a corpus.
        annotator: Who annotated it, if several people may have done so.
        key: The same for all annotations of one text; ``None`` if there is only one.
        place: File and line, or the like, for messages. Not compared by ``==``.

    Raises:
        ValueError: If the words are not in order or lie outside the text, or a sentence begins at
            no word.
    """

    text: str
    spans: tuple[Span, ...] = ()
    words: tuple[Place, ...] | None = None
    sentences: tuple[int, ...] = ()
    metadata: Mapping[str, Any] = field(default_factory=dict)
    score: float | None = None
    state: State = "annotated"
    annotator: str | None = None
    key: str | None = None
    place: str = field(default="", compare=False)

    def __post_init__(self) -> None:
        at = 0
        for start, end in self.words or ():
            if not at <= start <= end <= len(self.text):
                raise ValueError(
                    f"{self.name}: The word at {start} to {end} overlaps the word before it, or "
                    f"lies outside the text of {len(self.text)} characters. List the words in "
                    "their order."
                )
            at = end
        starts = (-1, *self.sentences, len(self.words or ()))
        if self.sentences and (self.sentences[0] != 0 or any(a >= b for a, b in pairwise(starts))):
            raise ValueError(
                f"{self.name}: The sentences begin at the words {str(self.sentences)[:80]}, but "
                f"there are {len(self.words or ())} words. The first sentence begins at word 0, "
                "and each later one at a later word."
            )

    @property
    def name(self) -> str:
        """The place of the document, or the beginning of its text in quotes."""
        return self.place or repr(self.text if len(self.text) <= 40 else f"{self.text[:40]}…")

    def excerpt(self, span: Span) -> str:
        """Quote the text of a span for a message; at most 60 characters."""
        text = self.text[max(0, span.start) : max(0, span.end)]
        return repr(text if len(text) <= 60 else f"{text[:60]}…")
