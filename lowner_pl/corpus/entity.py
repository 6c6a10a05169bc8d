"""Entities, and their two-way relation with IOB2 tags."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

_IOB2 = re.compile(r"O|[BI]-\S+(?: \S+)*")


@dataclass(frozen=True, slots=True)
class Entity:
    """A typed span of words.

    Args:
        start: Position of the first word, from 0.
        end: Position after the last word.
        type: Entity type such as ``PER``.

    Raises:
        ValueError: If the span is empty or starts before the sentence.
    """

    start: int
    end: int
    type: str

    def __post_init__(self) -> None:
        if not 0 <= self.start < self.end:
            raise ValueError(
                f"An entity needs 0 <= start < end, was: start {self.start} and end {self.end}."
            )


@lru_cache(maxsize=4096)
def is_iob2(tag: str) -> bool:
    """Tell whether a tag is ``O``, ``B-<type>`` or ``I-<type>``."""
    return _IOB2.fullmatch(tag) is not None


def entities_of(tags: Sequence[str]) -> tuple[Entity, ...]:
    """Return the entities of IOB2 tags, ordered by start.

    An ``I-`` tag that continues nothing begins an entity, as conlleval has it.
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
    """Return the IOB2 tags of a sentence of ``length`` words.

    Raises:
        ValueError: If an entity leaves the sentence or overlaps another one.
    """
    tags = ["O"] * length
    for entity in entities:
        if entity.end > length:
            raise ValueError(f"An entity must end within {length} words, was: {entity}.")
        if any(tag != "O" for tag in tags[entity.start : entity.end]):
            raise ValueError(f"An entity must not overlap another one, was: {entity}.")
        tags[entity.start] = f"B-{entity.type}"
        tags[entity.start + 1 : entity.end] = [f"I-{entity.type}"] * (entity.end - entity.start - 1)
    return tuple(tags)
