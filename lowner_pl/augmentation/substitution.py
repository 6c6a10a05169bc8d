"""Label-wise substitution: replacing entities by others of the same type."""

from collections.abc import Iterable, Iterator
from random import Random

from lowner_pl.augmentation.base import UNCHANGED, Augmenter, replaced
from lowner_pl.corpus import NO_ENTITY, Candidate, Sentence
from lowner_pl.runs.ranges import check_range


class LabelWiseSubstitution(Augmenter):
    """Mention replacement (`Dai and Adel, 2020 <https://arxiv.org/abs/2010.11683>`_).

    In each round, each entity of a sentence is replaced with a given probability. The replacement
    is drawn uniformly from all distinct entities of its type in the sentences, itself included.

    Args:
        probability: Probability of replacing an entity, above 0 and at most 1.
        rounds: Number of candidates per sentence, at least 1. More rounds only add sentences after
            those of fewer rounds.

    Raises:
        ValueError: If an option is out of range.
    """

    name = "labelwise"

    def __init__(self, *, probability: float = 0.3, rounds: int = 3) -> None:
        check_range("probability", probability, 0.0, 1.0, open_below=True)
        check_range("rounds", rounds, 1)
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
    """Collect the distinct entities of each type, as words, in order of appearance."""
    mentions: dict[str, dict[tuple[str, ...], None]] = {}
    for sentence in sentences:
        for entity in sentence.entities:
            words = sentence.words[entity.start : entity.end]
            mentions.setdefault(entity.type, {})[words] = None
    return {type_: list(found) for type_, found in mentions.items()}
