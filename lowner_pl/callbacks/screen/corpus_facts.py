"""What can be known of a corpus before training: counts, and what makes training pointless."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from lowner_pl.corpus import Sentence

SAMPLED = 2000  # sentences of which subwords are counted
MANY_SUBWORDS = 4.0
UNSPELT_SHARE = 0.1
RARE, FREQUENT = 2, 10
MANY_TYPES = 20


class SplitFacts(NamedTuple):
    """Counts of a split.

    Attributes:
        name: Its name.
        sentences: Number of sentences.
        words: Number of words; ``None`` where they are not counted.
        types: Entities of each type.
        coverage: How the backbone spells a sample of its words; ``None`` without a backbone.
    """

    name: str
    sentences: int
    words: int | None
    types: Counter[str]
    coverage: Any


def corpus_facts(data: Any, module: Any) -> list[SplitFacts]:
    """Count what the splits of a corpus hold: training, dev, then each test set.

    Args:
        data: The data module.
        module: The method.
    """
    splits = [("train", data.sentences("train")), ("dev", data.sentences("dev"))]
    if data.read_tests() is not None:
        tests = data.test_sets()
        names = [f"test {name}" for name in data.test_names] if len(tests) > 1 else ["test"]
        splits += zip(names, tests, strict=True)
    return [_split_facts(name, sentences, module) for name, sentences in splits]


def text_facts(data: Any, module: Any) -> list[SplitFacts]:
    """Count the lines of raw text, in training and held out, and measure how they are spelt.

    Args:
        data: The data module.
        module: The method.
    """
    train, dev = data.sizes()
    held_out = data.sentences("dev")
    samples = {"train": (train, data.sample(min(train, SAMPLED))), "dev": (dev, _sample(held_out))}
    return [
        SplitFacts(name, lines, None, Counter(), _coverage(module, sample))
        for name, (lines, sample) in samples.items()
    ]


def _split_facts(name: str, sentences: Sequence[Sentence], module: Any) -> SplitFacts:
    """Count what a split holds."""
    return SplitFacts(
        name,
        len(sentences),
        sum(len(sentence.words) for sentence in sentences),
        Counter(entity.type for sentence in sentences for entity in sentence.entities),
        _coverage(module, _sample(sentences)),
    )


def _sample(sentences: Sequence[Sentence]) -> Sequence[Sentence]:
    """Choose at most `SAMPLED` sentences, evenly."""
    return sentences[:: max(1, -(-len(sentences) // SAMPLED))]


def _coverage(module: Any, sentences: Sequence[Sentence]) -> Any:
    """Measure how a method's backbone spells sentences."""
    return module.coverage(word for sentence in sentences for word in sentence.words)


def doubts(splits: Sequence[SplitFacts], backbone: str) -> list[str]:
    """Say what in the data will keep a tagger from learning, or looks like a slip.

    Args:
        splits: Training, dev and test data.
        backbone: Name of the backbone.
    """
    train, dev, *_ = splits
    found = [*_spelling_doubts(splits, backbone), *_slips(splits)]
    if not dev.types:
        found.append(f"{no_dev_entities(dev)} Give `dev_path` sentences with entities.")
    return [*found, *filter(None, [misread_tags(train, dev)])]


def no_dev_entities(dev: SplitFacts) -> str:
    """Say that no dev score can be above 0."""
    return (
        f"The {dev.sentences:,} dev sentences have no entity, so dev F1 is 0 whatever is learnt, "
        "and `best` is the first epoch."
    )


def misread_tags(train: SplitFacts, dev: SplitFacts) -> str | None:
    """Say what in the entity types looks as if the tags were misread, ``None`` if nothing does."""
    if dev.types and not dev.types.keys() & train.types.keys():
        return (
            f"Training and dev data have no entity type in common ({_named(train.types)}; "
            f"{_named(dev.types)}). Rename types with `--data.type_map`."
        )
    rare = sum(count <= RARE for count in train.types.values())
    if len(train.types) >= MANY_TYPES and 2 * rare > len(train.types):
        return (
            f"The training data have {len(train.types):,} entity types, {rare:,} of them with one "
            f"or two entities ({_named(train.types)}): the tags may stand in another column "
            "(`--data.tag_column`)."
        )
    return None


def spells_nothing(split: SplitFacts, backbone: str) -> str | None:
    """Say that the vocabulary does not spell the words of a split, ``None`` if it does."""
    coverage = split.coverage
    if coverage is None or not coverage.words:
        return None
    data = f"the words in the {'training' if split.name == 'train' else split.name} data"
    unknown, pieces = coverage.unknown / coverage.words, coverage.bytes / coverage.words
    if unknown >= UNSPELT_SHARE:
        return (
            f"The vocabulary of the backbone {backbone!r} does not know {unknown:.0%} of {data}: "
            f"the tagger reads {coverage.unknown_token} instead of them. Choose a backbone that "
            "knows their script."
        )
    many = coverage.per_word > MANY_SUBWORDS
    if not many and pieces < UNSPELT_SHARE:
        return None
    how = (
        f", {pieces:.0%} of them at least partly by single bytes" if pieces >= UNSPELT_SHARE else ""
    )
    return (
        f"The backbone {backbone!r} spells {data} in {coverage.per_word:.1f} subwords each on "
        f"average{how}: it has hardly read this language. Choose a backbone that has; more "
        "training does not make up for it."
    )


def _spelling_doubts(splits: Sequence[SplitFacts], backbone: str) -> list[str]:
    """Say which split the vocabulary does not spell: of train and dev the first, and each test."""
    said = [spells_nothing(split, backbone) for split in splits]
    if said[0]:
        return [said[0]]
    return [text for text in said[1:] if text]


def _slips(splits: Iterable[SplitFacts]) -> list[str]:
    """Point out types with one or two entities beside a frequent one of nearly the same name."""
    counts = sum((split.types for split in splits), Counter[str]())
    found = []
    for rare, count in counts.items():
        near = [t for t in counts if counts[t] >= FREQUENT and t != rare and _are_near(rare, t)]
        if count <= RARE and near:
            often = max(near, key=counts.__getitem__)
            entities = "1 entity" if count == 1 else f"{count} entities"
            found.append(
                f"The entity type {rare!r} has {entities}, {often!r} has {counts[often]:,}. If "
                f"that is a slip: `--data.type_map '{{{rare}: {often}}}'`."
            )
    return found


def _are_near(one: str, other: str) -> bool:
    """Tell whether two names differ in case, or in one letter more, less, changed or swapped."""
    short, long = sorted((one.casefold(), other.casefold()), key=len)
    if sorted(short) == sorted(long):
        return True
    pairs = enumerate(zip(short, long, strict=False))
    start = next((place for place, (a, b) in pairs if a != b), len(short))
    more = len(long) - len(short)
    return len(long) >= 3 and more <= 1 and long[start + 1 :] == short[start + 1 - more :]


def _named(types: Counter[str]) -> str:
    """List the most frequent types."""
    names = [repr(type_[:30]) for type_, _ in types.most_common(3)]
    return ", ".join(names) + (", …" if len(types) > len(names) else "")
