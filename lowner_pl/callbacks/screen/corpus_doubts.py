"""Warnings about data from which a tagger can't learn, or that look like a mistake."""

from collections import Counter
from collections.abc import Iterable, Sequence

from lowner_pl.auditing.findings.type_names import slips
from lowner_pl.auditing.numbers.subwords import spells_nothing
from lowner_pl.callbacks.screen.corpus_facts import SplitFacts

RARE = 2
MANY_TYPES = 20


def doubts(splits: Sequence[SplitFacts], backbone: str) -> list[str]:
    """Collect all warnings about the data.

    Args:
        splits: Training data, dev data and test sets.
        backbone: Name of the backbone.
    """
    train, dev, *_ = splits
    found = [*_spelling_doubts(splits, backbone), *_slips(splits)]
    if not dev.types:
        found.append(f"{no_dev_entities(dev)} Give `dev_path` a file that has entities.")
    return [*found, *filter(None, [misread_tags(train, dev)])]


def no_dev_entities(dev: SplitFacts) -> str:
    """Say that no dev score can be above 0."""
    return (
        f"The {dev.sentences:,} dev sentences have no entity, so dev F1 is always 0, and `best` is "
        "the first epoch."
    )


def misread_tags(train: SplitFacts, dev: SplitFacts) -> str | None:
    """Say what is suspicious about the entity types, or return ``None`` if nothing is."""
    if dev.types and not dev.types.keys() & train.types.keys():
        return (
            f"Training and dev data have no entity type in common ({_named(train.types)}; "
            f"{_named(dev.types)}). Rename types with `--data.type_map`."
        )
    rare = sum(count <= RARE for count in train.types.values())
    if len(train.types) >= MANY_TYPES and 2 * rare > len(train.types):
        return (
            f"The training data have {len(train.types):,} entity types, and {rare:,} of them have "
            f"only one or two entities ({_named(train.types)}). Perhaps the tags are in another "
            "column (`--data.tag_column`)."
        )
    return None


def spelling_doubt(split: SplitFacts, backbone: str) -> str | None:
    """Say that the vocabulary spells the words of a split badly, or return ``None`` if well."""
    return spells_nothing(split.coverage, split.name, backbone)


def _spelling_doubts(splits: Sequence[SplitFacts], backbone: str) -> list[str]:
    """Warn of badly spelt training data, or else of each other split that is badly spelt."""
    said = [spelling_doubt(split, backbone) for split in splits]
    if said[0]:
        return [said[0]]
    return [text for text in said[1:] if text]


def _slips(splits: Iterable[SplitFacts]) -> list[str]:
    """Point out rare types whose name is nearly that of a frequent type."""
    counts = sum((split.types for split in splits), Counter[str]())
    found = []
    for rare, often in slips(counts):
        entities = "1 entity" if counts[rare] == 1 else f"{counts[rare]} entities"
        found.append(
            f"The entity type {rare!r} has {entities}, {often!r} has {counts[often]:,}. If it "
            f"is a typing error, add `--data.type_map '{{{rare}: {often}}}'`."
        )
    return found


def _named(types: Counter[str]) -> str:
    """List the most frequent types."""
    names = [repr(type_[:30]) for type_, _ in types.most_common(3)]
    return ", ".join(names) + (", …" if len(types) > len(names) else "")
