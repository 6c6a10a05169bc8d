"""The part of a sentence that the page shows, with its gold and predicted entities."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lowner_pl.callbacks.errors.outcomes import Kind, Outcome
from lowner_pl.corpus import Entity, Sentence
from lowner_pl.runs.page.text import shortened

CONTEXT = 12
"""Words before and after the entities of an example."""
MOST_WORDS = 120
"""Words that are shown of a sentence."""


class Marked(NamedTuple):
    """An entity in an excerpt.

    Attributes:
        start: Position of its first word in the excerpt.
        end: Position after its last word in the excerpt.
        type: Its type.
        right: Whether it is correct.
        chosen: Whether the example is about it.
    """

    start: int
    end: int
    type: str
    right: bool
    chosen: bool


class Excerpt(NamedTuple):
    """Words of a sentence with their entities.

    Attributes:
        words: The words. Those of more than `MOST_LETTERS` characters are cut.
        gold: The gold entities, ordered by start.
        predicted: The predicted entities, ordered by start.
        before: Number of words of the sentence before them.
        after: Number of words after them.
        language: Language of the sentence, if known.
        place: Name of the file and number of the sentence's first line, if known.
    """

    words: tuple[str, ...]
    gold: tuple[Marked, ...]
    predicted: tuple[Marked, ...]
    before: int
    after: int
    language: str | None
    place: tuple[str, int] | None


def excerpt(sentence: Sentence, every: Sequence[Outcome], chosen: Outcome | None = None) -> Excerpt:
    """Cut out the part of a sentence to show.

    Args:
        sentence: The sentence.
        every: What became of its entities.
        chosen: The outcome to show, with `CONTEXT` words on each side; ``None`` for the whole
            sentence. At most `MOST_WORDS` words are shown: of a longer sentence those around its
            first error, of a longer entity its first ones.
    """
    length = len(sentence.words)
    start, end = 0, length
    if chosen is not None:
        both = [entity for entity in chosen[1:] if entity is not None]
        start = max(min(entity.start for entity in both) - CONTEXT, 0)
        end = min(max(entity.end for entity in both) + CONTEXT, length)
    elif length > MOST_WORDS:
        wrong = (one.entity.start for one in every if one.kind is not Kind.CORRECT)
        start = min(max(next(wrong, 0) - CONTEXT, 0), length - MOST_WORDS)
    end = min(end, start + MOST_WORDS)
    place = sentence.place
    return Excerpt(
        tuple(map(shortened, sentence.words[start:end])),
        _marked(((one.gold, one) for one in every), chosen, start, end),
        _marked(((one.predicted, one) for one in every), chosen, start, end),
        start,
        length - end,
        sentence.language,
        None if place is None else (place[0].replace("\\", "/").rpartition("/")[2], place[1]),
    )


def _marked(
    entities: Iterable[tuple[Entity | None, Outcome]], chosen: Outcome | None, start: int, end: int
) -> tuple[Marked, ...]:
    """Move entities into an excerpt, and drop those outside it."""
    inside = (
        Marked(
            max(entity.start, start) - start,
            min(entity.end, end) - start,
            entity.type,
            outcome.kind is Kind.CORRECT,
            outcome is chosen,
        )
        for entity, outcome in entities
        if entity is not None and entity.start < end and entity.end > start
    )
    return tuple(sorted(inside))
