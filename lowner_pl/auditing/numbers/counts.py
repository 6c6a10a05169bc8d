"""Numbers of sentences, words and entities, and how new the scored entities are."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lowner_pl.auditing.split import Split
from lowner_pl.corpus import Familiarity, TrainingEntities


class Counts(NamedTuple):
    """Numbers of a split.

    Attributes:
        split: Name of the split.
        sentences: Number of sentences.
        empty: Number of sentences without entities.
        words: Number of words.
        types: Number of entities of each type.
    """

    split: str
    sentences: int
    empty: int
    words: int
    types: Counter[str]


class Novelty(NamedTuple):
    """How new the entities of a type are in a split.

    Attributes:
        split: Name of the split.
        type: The type, or ``None`` for all types.
        counts: Number of entities that are seen in training, or not.
        words: Number of new entities whose words all occur in training.
    """

    split: str
    type: str | None
    counts: Counter[Familiarity]
    words: int


def counts_of(split: Split) -> Counts:
    """Count a split."""
    return Counts(
        split.name,
        len(split.entries),
        sum(not entry.entities for entry in split.entries),
        sum(len(entry.sentence.words) for entry in split.entries),
        Counter(entity.type for entry in split.entries for entity in entry.entities),
    )


def types_of(counts: Iterable[Counts]) -> list[str]:
    """List all types, those with the most entities first."""
    total: Counter[str] = sum((one.types for one in counts), Counter())
    return [type_ for type_, _ in total.most_common()]


def novelty_of(splits: Sequence[Split]) -> list[Novelty]:
    """Count how new the entities of each scored split are, in all and by type.

    Returns:
        Nothing if there is no training data, or nothing else.
    """
    train = [split for split in splits if split.role == "train"]
    if not train:
        return []
    sentences = [entry.sentence for split in train for entry in split.entries]
    training = TrainingEntities(sentences)
    known = {word for sentence in sentences for word in sentence.words}
    found: list[Novelty] = []
    for split in splits:
        if split.role == "train":
            continue
        counts: dict[str | None, Counter[Familiarity]] = {None: Counter()}
        spelt: Counter[str | None] = Counter()
        for entry in split.entries:
            for entity in entry.entities:
                words = entry.sentence.words[entity.start : entity.end]
                one = training.familiarity(words, entity.type)
                spells = one is Familiarity.NEW and known.issuperset(words)
                for type_ in (None, entity.type):
                    counts.setdefault(type_, Counter())[one] += 1
                    spelt[type_] += spells
        rows = sorted(counts.items(), key=lambda row: (row[0] is not None, -row[1].total()))
        found += [Novelty(split.name, type_, count, spelt[type_]) for type_, count in rows]
    return found
