"""What became of each entity: found, or one of five errors. Every entity counts once."""

from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import NamedTuple

from lowner_pl.corpus import Entity


class Kind(StrEnum):
    """What became of an entity. The values name places of the page."""

    CORRECT = "correct"
    TYPE = "type"
    BORDER = "border"
    BOTH = "both"
    MISSED = "missed"
    SPURIOUS = "spurious"

    @property
    def phrase(self) -> str:
        """The words for it on the page."""
        return PHRASES[self]


PHRASES = {
    Kind.CORRECT: "correct",
    Kind.TYPE: "wrong type",
    Kind.BORDER: "wrong border",
    Kind.BOTH: "wrong border and type",
    Kind.MISSED: "missed",
    Kind.SPURIOUS: "spurious",
}
ERRORS = tuple(kind for kind in Kind if kind is not Kind.CORRECT)


class Outcome(NamedTuple):
    """What became of a gold entity, of a predicted one, or of a pair of both.

    Attributes:
        kind: What became of it.
        gold: The gold entity; ``None`` if the predicted one is spurious.
        predicted: The predicted entity; ``None`` if the gold one was missed.
    """

    kind: Kind
    gold: Entity | None
    predicted: Entity | None

    @property
    def entity(self) -> Entity:
        """The gold entity, or the spurious one."""
        entity = self.gold or self.predicted
        assert entity is not None
        return entity


def outcomes(gold: Sequence[Entity], predicted: Sequence[Entity]) -> list[Outcome]:
    """Pair the gold and predicted entities of a sentence, and name the error of each.

    A gold and a predicted entity that share a word may be paired, each with one other at most.
    Pairs of the same type come first, then those that share more words, then those that begin
    earlier. A pair is correct, or has a wrong type, a wrong border or both. A gold entity without
    a partner is missed, a predicted one spurious.

    Each entity is in exactly one outcome, so the outcomes add up to the counts of the strict F1:
    the gold entities are all outcomes but the spurious ones, the predicted ones all but the missed.

    Args:
        gold: The gold entities, ordered by start, without overlaps.
        predicted: The predicted entities, ordered by start, without overlaps.

    Returns:
        The outcomes, ordered by the first word of gold or predicted entity.

    >>> [str(one.kind) for one in outcomes([Entity(0, 2, "PER")], [Entity(1, 2, "PER")])]
    ['border']
    """
    partners: dict[Entity, Entity] = {}
    taken: set[Entity] = set()
    for wanted, found in sorted(_overlapping(gold, predicted), key=_rank):
        if wanted not in partners and found not in taken:
            partners[wanted] = found
            taken.add(found)
    every = [_outcome(wanted, partners.get(wanted)) for wanted in gold]
    every += [Outcome(Kind.SPURIOUS, None, found) for found in predicted if found not in taken]
    return sorted(every, key=_place)


def _overlapping(
    gold: Sequence[Entity], predicted: Sequence[Entity]
) -> Iterator[tuple[Entity, Entity]]:
    """Yield the gold and predicted entities that share words, in one pass over both."""
    one = other = 0
    while one < len(gold) and other < len(predicted):
        wanted, found = gold[one], predicted[other]
        if wanted.start < found.end and found.start < wanted.end:
            yield wanted, found
        if wanted.end <= found.end:
            one += 1
        else:
            other += 1


def _rank(pair: tuple[Entity, Entity]) -> tuple[bool, int, int, int]:
    """Sort the pair that is taken first to the front."""
    wanted, found = pair
    shared = min(wanted.end, found.end) - max(wanted.start, found.start)
    return wanted.type != found.type, -shared, wanted.start, found.start


def _outcome(gold: Entity, predicted: Entity | None) -> Outcome:
    """Name what became of a gold entity."""
    if predicted is None:
        return Outcome(Kind.MISSED, gold, None)
    same_span = (gold.start, gold.end) == (predicted.start, predicted.end)
    if gold.type == predicted.type:
        return Outcome(Kind.CORRECT if same_span else Kind.BORDER, gold, predicted)
    return Outcome(Kind.TYPE if same_span else Kind.BOTH, gold, predicted)


def _place(outcome: Outcome) -> int:
    """Find the first word of an outcome."""
    return min(entity.start for entity in (outcome.gold, outcome.predicted) if entity)
