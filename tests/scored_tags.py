"""Random gold and predicted tags, and their scores."""

import random
from collections.abc import Sequence

from lowner_pl.metrics import EntityScores

TYPES = ("PER", "LOC", "WORK_OF_ART", "DERIV-PER", "a-b-c")
Corpus = tuple[list[list[str]], list[list[str]]]


def random_tags(generator: random.Random, length: int) -> list[str]:
    """Draw tags that are often malformed: an I- may follow anything."""
    types = generator.sample(TYPES, 2)
    choices = ["O", *(f"{prefix}-{type_}" for type_ in types for prefix in "BII")]
    return generator.choices(choices, k=length)


def random_corpus(seed: int, size: int) -> Corpus:
    """Draw gold tags, and predictions in which a third of the tags are drawn again."""
    generator = random.Random(seed)
    gold = [random_tags(generator, generator.randint(1, 12)) for _ in range(size)]
    predicted = [
        [
            new if generator.random() < 1 / 3 else old
            for old, new in zip(tags, random_tags(generator, len(tags)), strict=True)
        ]
        for tags in gold
    ]
    return gold, predicted


def scores_of(
    gold: Sequence[Sequence[str]],
    predicted: Sequence[Sequence[str]],
    types: Sequence[str] = TYPES,
) -> dict[str, float]:
    metric = EntityScores(types)
    metric.update(gold, predicted)
    return {key: value.item() for key, value in metric.compute().items()}
