"""Tagging batches: tags, confidences and losses, with weights that may differ by sentence."""

from abc import abstractmethod
from collections.abc import Collection, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any, NamedTuple

from torch import Tensor

from lowner_pl.corpus import Sentence, TagSet, entities_of, queries, without_unmarked
from lowner_pl.encoding import Batch
from lowner_pl.modules.base import BaseModule
from lowner_pl.nn import Tagger, entity_confidences

Tags = tuple[str, ...]


class TaggedGroup(NamedTuple):
    """Sentences of a batch that were tagged with the same weights.

    Attributes:
        numbers: Their positions in the batch.
        sentences: The sentences.
        tags: Their predicted tags.
        batch: The encoded sentences, with their gold tags if they have any.
        emissions: Scores of each tag. Shape ``(B, W, T)``.
    """

    numbers: list[int]
    sentences: list[Sentence]
    tags: list[Tags]
    batch: Batch
    emissions: Tensor

    def place(self, tags: list[Tags]) -> None:
        """Put the tags into those of the whole batch."""
        for number, row in zip(self.numbers, self.tags, strict=True):
            tags[number] = row

    def without_unmarked(self, types: Collection[str]) -> "TaggedGroup":
        """Leave out entities that nobody could have marked in gold tags of some types only."""
        rows = zip(self.tags, self.sentences, strict=True)
        return self._replace(tags=[without_unmarked(row, s.tags or (), types) for row, s in rows])


class PredictingModule(BaseModule):
    """Module that tags batches.

    Attributes:
        entity_types: Entity types that the tagger predicts.
        tag_set: Tags of these types.
        tagger: Backbone and head.
    """

    entity_types: tuple[str, ...]
    tag_set: TagSet
    tagger: Tagger

    @abstractmethod
    def encode(self, sentences: list[Sentence], *, train: bool) -> Batch:
        """Encode sentences the way this method shows them to the backbone."""

    def tag(self, sentences: list[Sentence]) -> tuple[list[Tags], Batch, Tensor]:
        """Predict well-formed IOB2 tags; also return the batch and its emissions.

        In the batch, gold tags of types unknown to the tagger become ``O``. No tag of the tagger is
        correct there, and ``O`` is the one that lowers F1 least.
        """
        known = [sentence.restricted_to(self.entity_types) for sentence in sentences]
        batch = self.encode(known, train=False).to(self.device)
        emissions = self.tagger(batch)
        ids = self.tagger.head.decode(emissions, batch.word_mask).tolist()
        tags = [
            self.tag_set.decode(row[: len(sentence.words)])
            for row, sentence in zip(ids, sentences, strict=True)
        ]
        return tags, batch, emissions

    def tag_batch(self, batch: list[Any]) -> list[Tags]:
        """Tag a batch of the data module.

        Args:
            batch: Sentences, or episodes for methods that learn from episodes.
        """
        tags: list[Tags] = [()] * len(batch)
        for group in self.tagged_groups(batch):
            group.place(tags)
        return tags

    def tag_with_confidence(
        self, batch: list[Any], temperature: float = 1.0, losses: list[float] | None = None
    ) -> tuple[list[Tags], list[list[float]]]:
        """Tag a batch of the data module, and compute how sure the tagger is of each entity.

        Args:
            batch: Sentences, or episodes for methods that learn from episodes.
            temperature: Divides all scores; see `lowner_pl.nn.entity_confidences`.
            losses: If given, gets the loss of each sentence, summed over its words; in nats.

        Returns:
            The tags of each sentence, and the confidences of its entities, ordered by start.
        """
        tags, (confidences,) = self.tag_with_temperatures(batch, (temperature,), losses)
        return tags, confidences

    def tag_with_temperatures(
        self, batch: list[Any], temperatures: Sequence[float], losses: list[float] | None
    ) -> tuple[list[Tags], list[list[list[float]]]]:
        """Tag a batch, and compute confidences for several temperatures.

        Args:
            batch: Sentences, or episodes for methods that learn from episodes.
            temperatures: Each divides all scores in turn.
            losses: If given, gets the loss of each sentence, summed over its words; in nats.

        Returns:
            The tags of each sentence and, for each temperature and each sentence, the confidences
            of its entities, ordered by start.
        """
        tags: list[Tags] = [()] * len(batch)
        confidences: list[list[list[float]]] = [[[] for _ in batch] for _ in temperatures]
        every_loss = [0.0] * len(batch)
        for group in self.tagged_groups(batch):
            spans = [entities_of(row) for row in group.tags]
            head, mask = self.tagger.head, group.batch.word_mask
            group.place(tags)
            for found, temperature in zip(confidences, temperatures, strict=True):
                sure = entity_confidences(head, group.emissions, mask, spans, temperature)
                for number, of_row in zip(group.numbers, sure, strict=True):
                    found[number] = of_row
            if losses is not None:
                lost = head.losses(group.emissions, group.batch.tags, mask)
                for number, loss in zip(group.numbers, lost.tolist(), strict=True):
                    every_loss[number] = loss
        if losses is not None:
            losses += every_loss
        return tags, confidences

    def adaptations(
        self, batch: Sequence[Any]
    ) -> Iterator[tuple[list[int], AbstractContextManager[object]]]:
        """Yield the positions of sentences that are tagged with the same weights: here, all.

        Each group comes with a ``with`` block, for the length of which the tagger has its weights.
        """
        yield list(range(len(batch))), nullcontext()

    def tagged_groups(self, batch: Sequence[Any]) -> Iterator[TaggedGroup]:
        """Tag a batch. The tagger keeps the weights of a group until the next one is asked for."""
        sentences = queries(batch)
        for numbers, weights in self.adaptations(batch):
            with weights:
                group = [sentences[number] for number in numbers]
                yield TaggedGroup(numbers, group, *self.tag(group))
