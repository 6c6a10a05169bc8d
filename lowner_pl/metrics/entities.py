"""Scores of predicted entities."""

from collections.abc import Iterable, Sequence
from itertools import chain

import torch
from seqeval.scheme import IOB2, Entities
from torch import Tensor
from torchmetrics import Metric

from lowner_pl.corpus import entities_of

Tags = Sequence[str]


class EntityScores(Metric):
    """Entity precision, recall and F1, word accuracy, and confusion between entity types.

    The main scores are strict. An entity is a ``B-`` tag with the ``I-`` tags of its type after it,
    and an ``I-`` tag without a beginning is not an entity, as seqeval extracts them with
    ``mode="strict", scheme=IOB2``. An entity is correct if its start, end and type are.

    The conlleval scores accept malformed tags: an ``I-`` tag without a beginning begins an entity.
    They equal seqeval's default mode and the ``conlleval`` script of CoNLL-2000. They are computed
    with :func:`~lowner_pl.corpus.entities_of`, since that seqeval function imports scikit-learn,
    which takes a second. For well-formed tags, both kinds of scores are equal.

    The state is integer counts, which are summed over devices. The scores are therefore exact, and
    independent of the number of devices and the order of batches. A score whose denominator is 0
    is 0. Scoring a sentence of 25 words takes 0.08 ms.

    Args:
        entity_types: The entity types of gold and predicted tags, in the order of the confusion
            matrix. Gold entities of types that the tagger doesn't know count as missed.

    Raises:
        ValueError: If an entity type is repeated.
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
            raise ValueError(f"The entity types {self.entity_types} repeat a type. List each once.")
        self._index = {name: i for i, name in enumerate(self.entity_types)}
        self._tags = ("O", *(f"{prefix}-{name}" for name in entity_types for prefix in "BI"))
        size = len(self.entity_types) + 1
        self._add_counts("span_counts", size, size)  # gold by predicted type, then "none"
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
            ValueError: If the two differ in length, or a tag has an unknown entity type.
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
        # Not in place: a state that was reset in inference mode can't be modified outside it.
        self.span_counts = self.span_counts + torch.tensor(spans, device=self.device)
        self.conlleval_counts = self.conlleval_counts + torch.tensor(conlleval, device=self.device)
        self.word_counts = self.word_counts + torch.tensor(words, device=self.device)

    def compute(self) -> dict[str, Tensor]:
        """Compute the scores, from 0 to 1, and the counts.

        * ``f1``, ``precision``, ``recall``: strict, micro-averaged over all entities
        * ``f1/PER``, ``precision/PER``, ``recall/PER`` and so on: strict, for each entity type
        * ``macro_f1``: mean of ``f1/…`` over the types that occur in gold or predicted tags
        * ``conlleval_f1``, ``conlleval_precision``, ``conlleval_recall``: conlleval
        * ``word_accuracy``: share of words with the right tag
        * ``words``, ``sentences``, ``entities``, ``predicted_entities``: counts

        All values are float32, since Lightning warns when it logs integers. Counts are exact below
        2²⁴.
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
        """Number of spans by gold type (row) and predicted type (column).

        The last column counts gold entities without a predicted entity of the same span, the last
        row predicted entities without a gold one. Shape ``(types + 1, types + 1)``. After
        :meth:`compute` the counts are summed over all devices, before it they are this device's.
        """
        return self.span_counts if self._computed is None else self._confusion

    def _check(self, gold: Sequence[Tags], predicted: Sequence[Tags]) -> None:
        if len(gold) != len(predicted):
            raise ValueError(
                f"There are gold tags for {len(gold)} sentences, but predicted tags for "
                f"{len(predicted)}. Give both for the same sentences."
            )
        for gold_tags, predicted_tags in zip(gold, predicted, strict=True):
            if len(gold_tags) != len(predicted_tags):
                raise ValueError(
                    f"A sentence has {len(gold_tags)} gold tags, but {len(predicted_tags)} "
                    "predicted tags. Every word needs one of each."
                )
        for tag in sorted(set(chain(*gold, *predicted)).difference(self._tags)):
            raise ValueError(
                f"{tag[:80]!r} is not an IOB2 tag of the types {str(self.entity_types)[:80]}. "
                "Add its type to `entity_types`; types that are never predicted count as missed."
            )

    def _strict_spans(self, sentences: Sequence[Tags]) -> Iterable[dict[tuple[int, int], int]]:
        """Yield for each sentence the spans of its entities, with the index of their type."""
        extracted = Entities(sentences, scheme=IOB2).entities
        for tags, entities in zip(sentences, extracted, strict=True):
            # The type is read from the tag, since seqeval strips hyphens from its ends.
            yield {(e.start, e.end): self._index[tags[e.start][2:]] for e in entities}


def _scores(correct: int, gold: int, predicted: int) -> dict[str, float]:
    """Compute precision, recall and F1."""
    return {
        "f1": _ratio(2 * correct, gold + predicted),
        "precision": _ratio(correct, predicted),
        "recall": _ratio(correct, gold),
    }


def _ratio(part: float, whole: int) -> float:
    """Divide, with 0 as the result if the denominator is 0."""
    return part / whole if whole else 0.0
