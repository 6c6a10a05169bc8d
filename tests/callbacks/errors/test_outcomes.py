"""Every entity counts once, as found or as one error."""

import random

import pytest

from lowner_pl.callbacks.errors.outcomes import Kind, outcomes
from lowner_pl.corpus import Entity, entities_of, tags_of
from lowner_pl.metrics import EntityScores

Spans = list[tuple[int, int, str]]
CASES: list[tuple[Spans, Spans, list[str]]] = [
    ([(0, 2, "PER")], [(0, 2, "PER")], ["correct"]),
    ([(0, 2, "PER")], [(0, 2, "ORG")], ["wrong type"]),
    ([(0, 2, "PER")], [(1, 2, "PER")], ["wrong border"]),
    ([(0, 2, "PER")], [(1, 4, "ORG")], ["wrong border and type"]),
    ([(0, 2, "PER")], [], ["missed"]),
    ([], [(0, 2, "PER")], ["spurious"]),
    # Neighbours share no word.
    ([(0, 2, "PER")], [(2, 4, "PER")], ["missed", "spurious"]),
    # One prediction over two gold entities has one partner: the one of its type.
    ([(0, 3, "ORG"), (3, 4, "PER")], [(0, 4, "PER")], ["missed", "wrong border"]),
    # Of two with its type, the one that shares more words.
    ([(0, 1, "PER"), (1, 4, "PER")], [(0, 4, "PER")], ["missed", "wrong border"]),
    # And of two that share as many, the earlier one.
    ([(0, 2, "PER"), (2, 4, "PER")], [(0, 4, "PER")], ["wrong border", "missed"]),
    # A gold entity that is found in two parts.
    ([(0, 4, "LOC")], [(0, 1, "LOC"), (2, 4, "LOC")], ["wrong border", "spurious"]),
    # A chain: each takes the partner that is left.
    ([(0, 2, "A"), (3, 5, "A")], [(1, 4, "A"), (4, 6, "A")], ["wrong border", "wrong border"]),
]


def entities(spans: Spans) -> list[Entity]:
    return [Entity(*span) for span in spans]


@pytest.mark.parametrize(("gold", "predicted", "expected"), CASES)
def test_the_outcomes_of_pairs_worked_out_by_hand(
    gold: Spans, predicted: Spans, expected: list[str]
) -> None:
    found = outcomes(entities(gold), entities(predicted))
    assert [outcome.kind.phrase for outcome in found] == expected


def test_the_outcomes_add_up_to_the_counts_of_f1() -> None:
    random.seed(1)
    types = ("PER", "ORG", "LOC")
    scores = EntityScores(types)
    kinds: list[Kind] = []
    for _ in range(300):
        length = random.randint(1, 12)
        rows = [entities_of(random_tags(length, types)) for _ in range(2)]
        gold, predicted = (tags_of(row, length) for row in rows)
        scores.update([gold], [predicted])
        found = outcomes(*rows)
        kinds += [outcome.kind for outcome in found]
        assert sorted(e.start for o in found if (e := o.gold)) == [e.start for e in rows[0]]
        assert sorted(e.start for o in found if (e := o.predicted)) == [e.start for e in rows[1]]
    confusion = scores.confusion
    assert kinds.count(Kind.CORRECT) == confusion.diagonal()[:-1].sum()
    assert len(kinds) - kinds.count(Kind.SPURIOUS) == confusion[:-1].sum()
    assert len(kinds) - kinds.count(Kind.MISSED) == confusion[:, :-1].sum()
    assert min(kinds.count(kind) for kind in Kind) > 20


def random_tags(length: int, types: tuple[str, ...]) -> list[str]:
    tags = ["O", "O", *(f"{prefix}-{type_}" for type_ in types for prefix in "BII")]
    return [random.choice(tags) for _ in range(length)]
