"""Entity types with too few entities to learn or to score them."""

from collections import Counter
from collections.abc import Iterator, Sequence

from lowner_pl.auditing.finding import Finding, Kind, Severity, at
from lowner_pl.auditing.findings.type_names import meant_types
from lowner_pl.auditing.split import Entry, Role, Split

LEARN = 10
"""Training entities below which a type is hardly learnt."""
SCORE = 20
"""Test entities below which a score is mostly chance: one entity is five points of recall."""


def rare_types(splits: Sequence[Split]) -> Iterator[Finding]:
    """Yield the types that have too few entities in the training or the test data.

    The place is that of the first entity of the type. Types that are probably typing errors are
    left out: `mistyped_types` finds them.
    """
    counts: dict[Role, Counter[str]] = {}
    first: dict[tuple[Role, str], tuple[Entry, int, int]] = {}
    for split in splits:
        counts.setdefault(split.role, Counter())
        for entry in split.entries:
            for entity in entry.entities:
                counts[split.role][entity.type] += 1
                first.setdefault((split.role, entity.type), (entry, entity.start, entity.end))
    train = counts.get("train")
    total = sum(counts.values(), Counter())
    for type_ in sorted(total.keys() - meant_types(total).keys()):
        for role, count in counts.items():
            if role == "train" or not count[type_] or train is None or train[type_]:
                continue
            yield _at(
                first[role, type_],
                Severity.ERROR,
                f"{type_} has {_entities(count[type_])} in {role}, but none in train. It can't be "
                "learned; these entities count as missed.",
            )
        if train is not None and 0 < train[type_] < LEARN:
            yield _at(
                first["train", type_],
                Severity.WARNING,
                f"{type_} has only {_entities(train[type_])} in train, which is too few to learn "
                f"it well. About {LEARN} are the least.",
            )
        for role in ("test", "dev"):
            if train is not None and train[type_] and role in counts:
                yield from _unscored(type_, role, counts[role][type_], first)


def _unscored(
    type_: str, role: Role, count: int, first: dict[tuple[Role, str], tuple[Entry, int, int]]
) -> Iterator[Finding]:
    """Say that the score of a type will be mostly chance."""
    severity = Severity.WARNING if role == "test" else Severity.NOTE
    if not count:
        text = f"{type_} has no entity in {role}, so it isn't scored there."
        yield Finding(Kind.RARE, severity, text)
    elif count < SCORE:
        yield _at(
            first[role, type_],
            severity,
            f"{type_} has only {_entities(count)} in {role}, which is too few to score it: one "
            f"entity more or less is {100 / count:.0f} points of recall.",
        )


def _at(place: tuple[Entry, int, int], severity: Severity, text: str) -> Finding:
    """Make a finding at an entity."""
    return at(*place, Kind.RARE, severity, text)


def _entities(count: int) -> str:
    """Write a number of entities."""
    return "1 entity" if count == 1 else f"{count:,} entities"
