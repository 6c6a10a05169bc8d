"""Scores of predicted entities against gold ones."""

from collections.abc import Iterable, Sequence
from itertools import chain

import torch
from seqeval.scheme import IOB2, Entities
from torch import Tensor
from torchmetrics import Metric

from lowner_pl.corpus import entities_of

Tags = Sequence[str]


class EntityScores(Metric):
    """Entity precision, recall and F1, word accuracy and confusion between entity types.

    The headline scores are strict: an entity is what IOB2 calls one (a ``B-`` and the ``I-`` of
    its type behind it; an ``I-`` that continues nothing is no entity), extracted by seqeval
    (``mode="strict", scheme=IOB2``), and counts as correct if start, end and type are right. The
    conlleval scores forgive malformed tags: an ``I-`` that continues nothing starts an entity.
    They equal seqeval's default mode and the ``conlleval`` script of CoNLL-2000, but come from
    :func:`~lowner_pl.corpus.entities_of`: seqeval's function takes scikit-learn along, a second of
    start-up. Both kinds are equal where gold and predicted tags are well-formed. A sentence of 25
    words costs 0.08 ms, most of it seqeval.

    Only integers are kept, and summed over devices: the scores are exact and do not depend on
    the number of devices or the order of the batches. A score without a denominator is 0.

    Args:
        entity_types: The entity types of the gold and the predicted tags, in the order of the
            confusion matrix. Entities of a type that the tagger does not know count as missed.

    Raises:
        ValueError: If an entity type is named twice.
    """

    is_differentiable = False
    higher_is_better = True
    full_state_update = False

    span_counts: Tensor
    conlleval_counts: Tensor
    word_counts: Tensor

    def __init__(self, entity_types: Sequence[str]) -> None:
        super().__init__()
        self.entity_types = tuple(entity_types)
        if len(set(self.entity_types)) < len(self.entity_types):
            raise ValueError(f"Entity types must be distinct, was: {self.entity_types}.")
        self._index = {name: i for i, name in enumerate(self.entity_types)}
        self._tags = ("O", *(f"{prefix}-{name}" for name in entity_types for prefix in "BI"))
        size = len(self.entity_types) + 1
        self._add_counts("span_counts", size, size)  # by gold and predicted type, last: none
        self._add_counts("conlleval_counts", 3)  # correct, gold, predicted entities
        self._add_counts("word_counts", 3)  # correct words, words, sentences
        self._confusion = self.span_counts

    def _add_counts(self, name: str, *shape: int) -> None:
        self.add_state(name, torch.zeros(shape, dtype=torch.int64), dist_reduce_fx="sum")

    def update(self, gold: Sequence[Tags], predicted: Sequence[Tags]) -> None:
        """Count the entities of a batch, which may be empty.

        Args:
            gold: IOB2 tags of each sentence.
            predicted: IOB2 tags of the same sentences.

        Raises:
            ValueError: If the two differ in length, or a tag is of no known entity type.
        """
        self._check(gold, predicted)
        size = len(self.entity_types) + 1
        spans = [[0] * size for _ in range(size)]
        pairs = zip(self._strict_spans(gold), self._strict_spans(predicted), strict=True)
        for gold_types, predicted_types in pairs:
            for span in gold_types.keys() | predicted_types.keys():
                spans[gold_types.get(span, -1)][predicted_types.get(span, -1)] += 1
        conlleval, words = [0, 0, 0], [0, 0, len(gold)]
        for gold_tags, predicted_tags in zip(gold, predicted, strict=True):
            wanted, found = set(entities_of(gold_tags)), set(entities_of(predicted_tags))
            conlleval[0] += len(wanted & found)
            conlleval[1] += len(wanted)
            conlleval[2] += len(found)
            words[0] += sum(map(str.__eq__, gold_tags, predicted_tags))
            words[1] += len(gold_tags)
        # Not in place: a state reset in inference mode could not be changed outside it.
        self.span_counts = self.span_counts + torch.tensor(spans, device=self.device)
        self.conlleval_counts = self.conlleval_counts + torch.tensor(conlleval, device=self.device)
        self.word_counts = self.word_counts + torch.tensor(words, device=self.device)

    def compute(self) -> dict[str, Tensor]:
        """Return the scores (0 to 1) and the counts.

        ``f1``, ``precision``, ``recall`` (strict, over all entities: micro), ``conlleval_f1``,
        ``conlleval_precision``, ``conlleval_recall``, ``word_accuracy``, ``f1/PER`` etc. per type
        (strict), ``macro_f1`` (mean of ``f1/…`` over the types that occur in gold or predicted
        tags), ``words``, ``sentences``, ``entities`` and ``predicted_entities``. All are float32,
        since Lightning warns when it logs integers; the counts are exact below 2²⁴.
        """
        self._confusion = self.span_counts.clone()
        spans: list[list[int]] = self.span_counts.tolist()
        correct = [row[i] for i, row in enumerate(spans[:-1])]
        gold = [sum(row) for row in spans[:-1]]
        predicted = [sum(column) for column in zip(*spans, strict=True)][:-1]
        correct_words, words, sentences = self.word_counts.tolist()
        scores = _scores(sum(correct), sum(gold), sum(predicted))
        for key, value in _scores(*self.conlleval_counts.tolist()).items():
            scores[f"conlleval_{key}"] = value
        scores["word_accuracy"] = _ratio(correct_words, words)
        occurring = []
        for name, *counts in zip(self.entity_types, correct, gold, predicted, strict=True):
            of_type = _scores(*counts)
            scores |= {f"{key}/{name}": value for key, value in of_type.items()}
            if any(counts):
                occurring.append(of_type["f1"])
        scores["macro_f1"] = _ratio(sum(occurring), len(occurring))
        scores |= {"words": words, "sentences": sentences}
        scores |= {"entities": sum(gold), "predicted_entities": sum(predicted)}
        return {
            key: torch.tensor(value, dtype=torch.float32, device=self.device)
            for key, value in scores.items()
        }

    @property
    def confusion(self) -> Tensor:
        """Number of entities by gold type (row) and predicted type (column) of the same span.

        The last column counts gold entities at whose span nothing is predicted, the last row
        predicted entities at whose span there is no gold entity. Shape ``(types + 1, types + 1)``.
        After :meth:`compute` it is the sum over all devices, before it this device's own.
        """
        return self.span_counts if self._computed is None else self._confusion

    def _check(self, gold: Sequence[Tags], predicted: Sequence[Tags]) -> None:
        if len(gold) != len(predicted):
            raise ValueError(
                f"Each sentence needs gold and predicted tags, was: {len(gold)} sentences with "
                f"gold and {len(predicted)} with predicted tags."
            )
        for gold_tags, predicted_tags in zip(gold, predicted, strict=True):
            if len(gold_tags) != len(predicted_tags):
                raise ValueError(
                    f"Each word needs a gold and a predicted tag, was: {len(gold_tags)} gold and "
                    f"{len(predicted_tags)} predicted tags in one sentence."
                )
        for tag in sorted(set(chain(*gold, *predicted)).difference(self._tags)):
            raise ValueError(
                f"Tag {tag!r} is not in the tag set {self._tags}. Add its entity type to "
                "`entity_types`: types that are gold and never predicted count as missed."
            )

    def _strict_spans(self, sentences: Sequence[Tags]) -> Iterable[dict[tuple[int, int], int]]:
        """Yield the index of the type at each entity's span, sentence by sentence."""
        extracted = Entities(sentences, scheme=IOB2).entities
        for tags, entities in zip(sentences, extracted, strict=True):
            # The type from the tag, since seqeval strips hyphens off its ends.
            yield {(e.start, e.end): self._index[tags[e.start][2:]] for e in entities}


def _scores(correct: int, gold: int, predicted: int) -> dict[str, float]:
    """Return precision, recall and their harmonic mean."""
    return {
        "f1": _ratio(2 * correct, gold + predicted),
        "precision": _ratio(correct, predicted),
        "recall": _ratio(correct, gold),
    }


def _ratio(part: float, whole: int) -> float:
    """Return ``part / whole``, 0 if there is nothing to divide by."""
    return part / whole if whole else 0.0
