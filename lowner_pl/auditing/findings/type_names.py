"""Entity types that are probably typing errors, such as ``PRE`` for ``PER``."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from lowner_pl.auditing.finding import Finding, Kind, Severity, at
from lowner_pl.auditing.split import Split, entries_of
from lowner_pl.corpus.conll.spellings import near_types

RARE = 2
"""Most entities that a mistyped type has."""
TIMES = 5
"""How many times as many the type has that was meant, at least."""


class Slip(NamedTuple):
    """A type that is probably a typing error.

    Attributes:
        rare: The type.
        often: The type that was probably meant.
    """

    rare: str
    often: str


def slips(counts: Mapping[str, int]) -> list[Slip]:
    """Find rare types whose name is nearly that of a frequent type.

    Args:
        counts: Number of entities of each type.

    >>> slips({"PER": 10, "PRE": 2, "ORG": 1})
    [Slip(rare='PRE', often='PER')]
    """
    found = []
    for rare, count in counts.items():
        near = [
            type_
            for type_, number in counts.items()
            if type_ != rare and number >= TIMES * count and are_near(rare, type_)
        ]
        if 0 < count <= RARE and near:
            found.append(Slip(rare, max(near, key=lambda type_: counts[type_])))
    return found


def are_near(one: str, other: str) -> bool:
    """Tell whether two names differ only in case, or in one letter added, changed or swapped."""
    short, long = sorted((one.casefold(), other.casefold()), key=len)
    if sorted(short) == sorted(long):
        return True
    pairs = enumerate(zip(short, long, strict=False))
    start = next((place for place, (a, b) in pairs if a != b), len(short))
    more = len(long) - len(short)
    return len(long) >= 3 and more <= 1 and long[start + 1 :] == short[start + 1 - more :]


def meant_types(counts: Mapping[str, int]) -> dict[str, str]:
    """Map types that are probably typing errors, or that differ only in case, to what was meant.

    Args:
        counts: Number of entities of each type.

    >>> meant_types({"PER": 10, "PRE": 2, "Org": 1, "ORG": 3})
    {'PRE': 'PER', 'Org': 'ORG'}
    """
    meant = {slip.rare: slip.often for slip in slips(counts)}
    for group in near_types(counts):
        best = max(group, key=lambda type_: counts[type_])
        meant |= {type_: best for type_ in group if type_ != best}
    return meant


def mistyped_types(splits: Sequence[Split]) -> Iterator[Finding]:
    """Yield the entities of types that are probably typing errors, or that differ only in case."""
    counts = Counter(entity.type for entry in entries_of(splits) for entity in entry.entities)
    meant = meant_types(counts)
    if not meant:
        return
    for entry in entries_of(splits):
        for entity in entry.entities:
            if entity.type in meant:
                often = meant[entity.type]
                number = counts[entity.type]
                entities = "1 entity has" if number == 1 else f"{number:,} entities have"
                yield at(
                    entry,
                    entity.start,
                    entity.end,
                    Kind.TYPE,
                    Severity.ERROR,
                    f"{entities} the type {entity.type!r}, {counts[often]:,} have {often!r}, which "
                    "was probably meant.",
                )
