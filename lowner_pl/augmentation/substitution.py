"""Entities replaced by others of their type."""

from collections.abc import Iterable, Iterator
from random import Random

from lowner_pl.augmentation.base import UNCHANGED, Augmenter, replaced
from lowner_pl.corpus import NO_ENTITY, Candidate, Sentence


class LabelWiseSubstitution(Augmenter):
    """Mention replacement (`Dai and Adel, 2020 <https://arxiv.org/abs/2010.11683>`_).

    In each round, each entity of a sentence is replaced with some probability, by one drawn
    uniformly from the different entities of its type in the sentences, itself among them.

    Args:
        probability: Of replacing an entity, above 0 and at most 1.
        rounds: Candidates made of each sentence, at least 1. The sentences of fewer rounds are
            the first of those of more.

    Raises:
        ValueError: If an option is out of its range.
    """

    name = "labelwise"

    def __init__(self, *, probability: float = 0.3, rounds: int = 3) -> None:
        if not 0.0 < probability <= 1.0:
            raise ValueError(f"`probability` must be above 0 and at most 1, was: {probability}.")
        if rounds < 1:
            raise ValueError(f"`rounds` must be at least 1, was: {rounds}.")
        self.probability = probability
        self.rounds = rounds

    def propose(self, sentences: Iterable[Sentence], *, seed: int) -> Iterator[Candidate]:
        """Yield a candidate for each round and sentence."""
        mentions = mentions_by_type(sentences)
        random = Random(seed)
        for _ in range(self.rounds):
            for sentence in sentences:
                entities = sentence.entities
                drawn = [
                    random.choice(mentions[entity.type])
                    if random.random() < self.probability
                    else None
                    for entity in entities
                ]
                new = replaced(sentence, drawn, language=sentence.language)
                yield new or (UNCHANGED if entities else NO_ENTITY)


def mentions_by_type(sentences: Iterable[Sentence]) -> dict[str, list[tuple[str, ...]]]:
    """Return the different entities of each type, as their words, in order of appearance."""
    mentions: dict[str, dict[tuple[str, ...], None]] = {}
    for sentence in sentences:
        for entity in sentence.entities:
            words = sentence.words[entity.start : entity.end]
            mentions.setdefault(entity.type, {})[words] = None
    return {type_: list(found) for type_, found in mentions.items()}
