"""The numbers of the page, each linked to its examples."""

from collections.abc import Iterable, Sequence

from lowner_pl.callbacks.errors.outcomes import ERRORS, Kind
from lowner_pl.callbacks.errors.tally import (
    LENGTH,
    LONGEST,
    PAIR,
    TRAINING,
    TYPE,
    ErrorTally,
    Group,
    length_name,
)
from lowner_pl.corpus import Familiarity
from lowner_pl.runs.page.page import Cell, Link, Table

MOST_PAIRS = 50
"""Rows of the table of confused types."""


class Places:
    """Names of the places of the page that numbers lead to: an ``id`` per kind and group.

    Args:
        tally: What was counted.
    """

    def __init__(self, tally: ErrorTally) -> None:
        groups: dict[str, dict[str, int]] = {}
        for example in tally.examples:
            for name, value in example.groups:
                groups.setdefault(name, {}).setdefault(value, len(groups[name]))
        self._numbers = groups
        self._shown = {
            (example.outcome.kind, group) for example in tally.examples for group in example.groups
        }

    def number(self, group: Group) -> int:
        """Return the number that stands for the value of a group."""
        return self._numbers[group[0]][group[1]]

    def of(self, kind: Kind, group: Group) -> str | None:
        """Return the ``id`` of the first example of a kind in a group, if there is one."""
        if (kind, group) not in self._shown:
            return None
        return f"{kind}-{group[0]}-{self.number(group)}"


def overview(tally: ErrorTally) -> Table:
    """Show what became of all entities."""
    gold, predicted = gold_of(tally.kinds.items()), predicted_of(tally.kinds.items())
    rows: list[list[Cell]] = []
    for kind in Kind:
        count = tally.kinds[kind]
        linked = count and kind is not Kind.CORRECT
        rows.append(
            [
                kind.phrase,
                Link(f"{count:,}", str(kind)) if linked else f"{count:,}",
                "" if kind is Kind.SPURIOUS else share(count, gold),
                "" if kind is Kind.MISSED else share(count, predicted),
            ]
        )
    totals = [
        ["gold: all but spurious", f"{gold:,}", share(gold, gold), ""],
        ["predicted: all but missed", f"{predicted:,}", "", share(predicted, predicted)],
    ]
    correct = tally.kinds[Kind.CORRECT]
    note = (
        f"Recall is {correct:,} / {gold:,}, precision {correct:,} / {predicted:,}, and F1 "
        f"2 × {correct:,} / ({gold:,} + {predicted:,}) = {f1(correct, gold, predicted)} %, as in "
        "the record of the test. A number leads to its examples."
    )
    columns = ["outcome", "entities", "% of gold", "% of predicted"]
    return Table("Every entity, counted once", columns, rows, note=note, totals=totals)


def by_type(tally: ErrorTally, types: Sequence[str], places: Places) -> Table:
    """Split the numbers by type.

    Args:
        tally: What was counted.
        types: The scored types in their order.
        places: Where the examples are.
    """
    rows: list[list[Cell]] = []
    for type_ in types:
        group = (TYPE, type_)
        gold, predicted = _gold_in(tally, group), tally.predicted[type_]
        if not gold and not predicted:
            continue
        correct = tally.counts[Kind.CORRECT, group]
        scores = [share(correct, predicted), share(correct, gold), f1(correct, gold, predicted)]
        rows.append([*_numbers(type_, tally, group, places), f"{predicted:,}", *scores])
    note = (
        "An error stands in the row of its gold type, a spurious entity in that of its predicted "
        "type. The column predicted counts all predicted entities of the type."
    )
    columns = [*_columns("type"), "predicted", "precision %", "recall %", "F1 %"]
    return Table("By type", columns, rows, note=note)


def by_pair(tally: ErrorTally, places: Places) -> Table | None:
    """Count which type was taken for which, if any was."""
    pairs: dict[Group, int] = {}
    for (_, group), count in tally.counts.items():
        if group[0] == PAIR:
            pairs[group] = pairs.get(group, 0) + count
    if not pairs:
        return None
    ordered = sorted(pairs, key=lambda group: (-pairs[group], group))
    rows = [
        [group[1], *(_linked(tally, kind, group, places) for kind in (Kind.TYPE, Kind.BOTH))]
        for group in ordered[:MOST_PAIRS]
    ]
    left_out = len(ordered) - MOST_PAIRS
    note = f"{left_out:,} rarer pairs are left out." if left_out > 0 else ""
    columns = ["gold → predicted", Kind.TYPE.phrase, Kind.BOTH.phrase]
    return Table("Which type is taken for which", columns, rows, note=note)


def by_training(tally: ErrorTally, places: Places) -> Table:
    """Split the numbers by whether the entity is in the training sentences."""
    rows = [
        _with_recall(one.value, tally, (TRAINING, one.value), places)
        for one in Familiarity
        if _occurs(tally, (TRAINING, one.value))
    ]
    note = (
        "An entity is seen if exactly its words are an entity of the training sentences; upper and "
        "lower case differ. A spurious entity counts by its predicted words and type."
    )
    return Table("Seen in training, or new", [*_columns("entity"), "recall %"], rows, note=note)


def by_length(tally: ErrorTally, places: Places) -> Table:
    """Split the numbers by the number of words of the entity."""
    rows = [
        _with_recall(name, tally, (LENGTH, name), places)
        for name in map(length_name, range(1, LONGEST + 1))
        if _occurs(tally, (LENGTH, name))
    ]
    note = "The length is that of the gold entity, of a spurious one that of the predicted entity."
    return Table("By length in words", [*_columns("words"), "recall %"], rows, note=note)


def gold_of(kinds: Iterable[tuple[Kind, int]]) -> int:
    """Add up the gold entities of outcomes."""
    return sum(count for kind, count in kinds if kind is not Kind.SPURIOUS)


def predicted_of(kinds: Iterable[tuple[Kind, int]]) -> int:
    """Add up the predicted entities of outcomes."""
    return sum(count for kind, count in kinds if kind is not Kind.MISSED)


def share(part: int, whole: int) -> str:
    """Write a share in percent; empty if it is of nothing."""
    return f"{100 * part / whole:.1f}" if whole else ""


def f1(correct: int, gold: int, predicted: int) -> str:
    """Write F1 in percent: 0 if there are no entities, as in the scores of the test."""
    return f"{200 * correct / (gold + predicted):.2f}" if gold + predicted else "0.00"


def _columns(first: str) -> list[str]:
    """Name the columns of a table that is split by something."""
    return [first, "gold", Kind.CORRECT.phrase, *(kind.phrase for kind in ERRORS)]


def _numbers(name: str, tally: ErrorTally, group: Group, places: Places) -> list[Cell]:
    """Write the numbers of a group."""
    correct = tally.counts[Kind.CORRECT, group]
    errors = (_linked(tally, kind, group, places) for kind in ERRORS)
    return [name, f"{_gold_in(tally, group):,}", f"{correct:,}", *errors]


def _with_recall(name: str, tally: ErrorTally, group: Group, places: Places) -> list[Cell]:
    """Write the numbers of a group, and its recall."""
    recall = share(tally.counts[Kind.CORRECT, group], _gold_in(tally, group))
    return [*_numbers(name, tally, group, places), recall]


def _gold_in(tally: ErrorTally, group: Group) -> int:
    """Count the gold entities of a group."""
    return gold_of((kind, tally.counts[kind, group]) for kind in Kind)


def _occurs(tally: ErrorTally, group: Group) -> bool:
    """Tell whether a group has an outcome."""
    return any(tally.counts[kind, group] for kind in Kind)


def _linked(tally: ErrorTally, kind: Kind, group: Group, places: Places) -> Cell:
    """Write a number that leads to its examples."""
    text = f"{tally.counts[kind, group]:,}"
    place = places.of(kind, group)
    return text if place is None else Link(text, place)
