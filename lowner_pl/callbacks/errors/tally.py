"""Counts of a test's errors, some examples of each, and the sentences with the highest loss."""

import heapq
from collections import Counter
from collections.abc import Iterable, Sequence
from math import inf, isfinite
from typing import NamedTuple

from lowner_pl.callbacks.errors.excerpt import Excerpt, excerpt
from lowner_pl.callbacks.errors.outcomes import ERRORS, Kind, Outcome, outcomes
from lowner_pl.corpus import Sentence, TrainingEntities, entities_of

EXAMPLES = 20
"""Examples that are kept of each number."""
PAIR_EXAMPLES = 5
"""Examples that are kept of each pair of gold and predicted type."""
WORST = 50
"""Sentences that are kept for their high loss."""
LONGEST = 5
"""Entities of this many words or more are counted together."""

TYPE, TRAINING, LENGTH, PAIR = "of", "seen", "length", "pair"
"""What numbers are split by. The values name places of the page."""
Group = tuple[str, str]
"""What a number is split by, and the value: ``("length", "2")``."""


class Example(NamedTuple):
    """An error with the words around it.

    Attributes:
        number: Number of the sentence in the test set, from 0.
        outcome: The error.
        groups: The numbers that count it.
        excerpt: The words around it.
    """

    number: int
    outcome: Outcome
    groups: tuple[Group, ...]
    excerpt: Excerpt


class WorstSentence(NamedTuple):
    """A sentence with a high loss. Sentences are ordered by it; earlier ones win ties.

    Attributes:
        loss: The loss per word in nats; infinite if it is no number.
        rank: Minus the number of the sentence in the test set, from 0.
        errors: Number of errors.
        words: Number of words.
        excerpt: The sentence, or a part of it.
    """

    loss: float
    rank: int
    errors: int
    words: int
    excerpt: Excerpt


class ErrorTally:
    """What is kept of a test. Its size does not grow with the test set.

    Args:
        examples: Examples to keep of each number.
        pair_examples: Examples to keep of each pair of gold and predicted type.
        worst: Sentences to keep for their high loss.

    Attributes:
        sentences: Number of sentences.
        words: Number of words.
        loss: Sum of the losses of all sentences, in nats.
        kinds: Number of outcomes of each kind.
        counts: Number of outcomes of each kind in each group.
        predicted: Number of predicted entities of each type.
        examples: The first errors of each kind and group.
        worst: The sentences with the highest loss per word, as a heap.
    """

    def __init__(
        self,
        examples: int = EXAMPLES,
        pair_examples: int = PAIR_EXAMPLES,
        worst: int = WORST,
    ) -> None:
        self._most = {TYPE: examples, TRAINING: examples, LENGTH: examples, PAIR: pair_examples}
        self._most_worst = worst
        self.sentences = self.words = 0
        self.loss = 0.0
        self.kinds: Counter[Kind] = Counter()
        self.counts: Counter[tuple[Kind, Group]] = Counter()
        self.predicted: Counter[str] = Counter()
        self.examples: list[Example] = []
        self.worst: list[WorstSentence] = []

    def add(
        self,
        number: int,
        sentence: Sentence,
        tags: Sequence[str],
        loss: float,
        training: TrainingEntities | None = None,
    ) -> None:
        """Count the entities of a sentence.

        Args:
            number: Number of the sentence in the test set, from 0.
            sentence: The sentence with its gold tags, which are well-formed.
            tags: The predicted tags, which are well-formed.
            loss: Loss of the sentence in nats, summed over its words.
            training: The entities of the training sentences, if they are known.
        """
        words = len(sentence.words)
        self.sentences += 1
        self.words += words
        self.loss += loss
        predicted = entities_of(tags)
        every = outcomes(sentence.entities, predicted)
        self.predicted.update(entity.type for entity in predicted)
        for outcome in every:
            groups = _groups(sentence, outcome, training)
            wanted = self._wanted(outcome.kind, groups, self.counts)
            self.kinds[outcome.kind] += 1
            self.counts.update((outcome.kind, group) for group in groups)
            if wanted:
                shown = excerpt(sentence, every, outcome)
                self.examples.append(Example(number, outcome, groups, shown))
        per_word = loss / words if isfinite(loss) else inf
        if len(self.worst) < self._most_worst or (per_word, -number) > self.worst[0][:2]:
            errors = sum(outcome.kind in ERRORS for outcome in every)
            shown = excerpt(sentence, every)
            self._keep(WorstSentence(per_word, -number, errors, words, shown))

    def add_all(self, others: Iterable["ErrorTally"]) -> None:
        """Add what other devices counted. The result is that of one device.

        Each keeps the first errors of each kind and group, so the first of all are among them.
        """
        found = list(self.examples)
        for other in others:
            self.sentences += other.sentences
            self.words += other.words
            self.loss += other.loss
            self.kinds.update(other.kinds)
            self.counts.update(other.counts)
            self.predicted.update(other.predicted)
            found += other.examples
            for sentence in other.worst:
                self._keep(sentence)
        self.examples = []
        seen: Counter[tuple[Kind, Group]] = Counter()
        for example in sorted(found, key=lambda example: example.number):
            kind = example.outcome.kind
            if self._wanted(kind, example.groups, seen):
                self.examples.append(example)
            seen.update((kind, group) for group in example.groups)

    def _wanted(
        self, kind: Kind, groups: Iterable[Group], counts: Counter[tuple[Kind, Group]]
    ) -> bool:
        """Tell whether an error is among the first of one of its groups."""
        if kind is Kind.CORRECT:
            return False
        return any(counts[kind, group] < self._most[group[0]] for group in groups)

    def _keep(self, sentence: WorstSentence) -> None:
        """Keep a sentence if it is among those with the highest loss."""
        if len(self.worst) < self._most_worst:
            heapq.heappush(self.worst, sentence)
        else:
            heapq.heappushpop(self.worst, sentence)


def _groups(
    sentence: Sentence, outcome: Outcome, training: TrainingEntities | None
) -> tuple[Group, ...]:
    """List what an outcome is counted under."""
    entity = outcome.entity
    groups = [(TYPE, entity.type), (LENGTH, length_name(entity.end - entity.start))]
    if training is not None:
        words = sentence.words[entity.start : entity.end]
        groups.append((TRAINING, training.familiarity(words, entity.type).value))
    if outcome.kind in (Kind.TYPE, Kind.BOTH):
        groups.append((PAIR, pair_name(outcome)))
    return tuple(groups)


def length_name(words: int) -> str:
    """Name the group of entities with this number of words.

    >>> length_name(1), length_name(7)
    ('1', '5 or more')
    """
    return str(words) if words < LONGEST else f"{LONGEST} or more"


def pair_name(outcome: Outcome) -> str:
    """Name the types of a gold and a predicted entity."""
    assert outcome.gold is not None
    assert outcome.predicted is not None
    return f"{outcome.gold.type} → {outcome.predicted.type}"
