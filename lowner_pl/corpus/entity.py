"""Entities, and their conversion from and to IOB2 tags."""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_IOB2 = re.compile(r"O|[BI]-\S+(?: \S+)*")


@dataclass(frozen=True, slots=True)
class Entity:
    """A typed span of words.

    Args:
        start: Position of the first word, counting from 0.
        end: Position after the last word.
        type: Entity type such as ``PER``.

    Raises:
        ValueError: If the span is empty or ``start`` is negative.
    """

    start: int
    end: int
    type: str

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(
                f"An entity can't span the words {self.start} to {self.end}. It needs "
                "0 <= start < end."
            )


@lru_cache(maxsize=4096)
def is_iob2(tag: str) -> bool:
    """Tell whether a tag is ``O``, ``B-<type>`` or ``I-<type>``."""
    return _IOB2.fullmatch(tag) is not None


def entities_of(tags: Sequence[str]) -> tuple[Entity, ...]:
    """Extract the entities from IOB2 tags, ordered by start.

    An ``I-`` tag that does not continue an entity of its type begins one, as in conlleval.
    """
    entities: list[Entity] = []
    start, type_ = 0, ""
    for position, tag in enumerate(tags):
        if type_ and tag != f"I-{type_}":
            entities.append(Entity(start, position, type_))
            type_ = ""
        if not type_ and tag != "O":
            start, type_ = position, tag[2:]
    if type_:
        entities.append(Entity(start, len(tags), type_))
    return tuple(entities)


def tags_of(entities: Iterable[Entity], length: int) -> tuple[str, ...]:
    """Write entities as the IOB2 tags of a sentence.

    Args:
        entities: The entities, in any order.
        length: Number of words of the sentence.

    Raises:
        ValueError: If an entity ends after the sentence or overlaps another one.
    """
    tags = ["O"] * length
    for entity in entities:
        if entity.end > length:
            raise ValueError(f"{entity} ends after the sentence, which has {length} words.")
        if any(tag != "O" for tag in tags[entity.start : entity.end]):
            raise ValueError(f"{entity} overlaps another entity. Keep one of them.")
        tags[entity.start] = f"B-{entity.type}"
        tags[entity.start + 1 : entity.end] = [f"I-{entity.type}"] * (entity.end - entity.start - 1)
    return tuple(tags)


def without_unmarked(
    tags: Sequence[str], gold: Sequence[str], types: Collection[str]
) -> tuple[str, ...]:
    """Leave out predicted entities that nobody could have marked in the gold tags.

    They are of a type that the gold tags are not annotated with, and overlap none of its entities.

    >>> without_unmarked(("B-DATE", "O", "B-DATE"), ("O", "O", "B-LOC"), ["LOC"])
    ('O', 'O', 'B-DATE')
    >>> without_unmarked(("B-DATE", "I-DATE"), ("O", "B-LOC"), ["LOC"])
    ('B-DATE', 'I-DATE')
    >>> without_unmarked(("B-DATE", "I-DATE"), ("O", "O"), ["LOC"])
    ('O', 'O')

    Args:
        tags: The predicted tags of a sentence.
        gold: Its gold tags.
        types: The types that the gold tags are annotated with.
    """
    kept = list(tags)
    for entity in entities_of(tags):
        place = slice(entity.start, entity.end)
        if entity.type not in types and all(tag == "O" for tag in gold[place]):
            kept[place] = ["O"] * (entity.end - entity.start)
    return tuple(kept)
