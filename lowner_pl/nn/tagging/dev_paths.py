"""Scores, gold tags and entities of a validation, kept to fit the temperature of confidences."""

from typing import NamedTuple

from torch import Tensor

from lowner_pl.corpus import Entity
from lowner_pl.nn.tagging.heads import Chain, Head

MOST_WORDS = 20_000


class DevPath(NamedTuple):
    """The scores of a sentence, its gold tags and the entities that were predicted.

    Attributes:
        emissions: Scores of each tag. Shape ``(L, T)``.
        tags: Ids of the gold tags. Length L.
        entities: The predicted entities.
        chain: The head's scores besides the emissions.
    """

    emissions: Tensor
    tags: list[int]
    entities: list[Entity]
    chain: Chain


class DevPaths:
    """Scores, gold tags and entities of the running validation, on their device until used."""

    def __init__(self) -> None:
        self._batches: list[tuple[Tensor, Tensor, Tensor, list[list[Entity]], Chain]] = []

    def clear(self) -> None:
        """Forget all sentences."""
        self._batches = []

    def add(
        self,
        head: Head,
        emissions: Tensor,
        tags: Tensor,
        mask: Tensor,
        entities: list[list[Entity]],
    ) -> None:
        """Keep the sentences of a batch.

        Args:
            head: The head that computed the emissions, with the weights that it used.
            emissions: Scores of each tag. Shape ``(B, W, T)``.
            tags: Gold tag ids. Shape ``(B, W)``.
            mask: ``True`` on real words. Shape ``(B, W)``.
            entities: The predicted entities of each sentence. Length B.
        """
        chain = Chain(*(part.detach().clone() for part in head.chain()))
        self._batches.append((emissions.detach(), tags, mask, entities, chain))

    def sentences(self, most_words: int = MOST_WORDS) -> list[DevPath]:
        """Return the sentences, or evenly spaced ones if they have too many words.

        Args:
            most_words: Number of words that should suffice, at least 1.
        """
        lengths = [mask.sum(1).tolist() for _, _, mask, _, _ in self._batches]
        step = max(1, -(-sum(map(sum, lengths)) // most_words))
        paths, number = [], 0
        for batch, of_batch in zip(self._batches, lengths, strict=True):
            emissions, tags, _, entities, chain = batch
            rows = range(-number % step, len(of_batch), step)
            number += len(of_batch)
            scores, ids = emissions[list(rows)].float().cpu(), tags[list(rows)].tolist()
            on_cpu = Chain(*(part.float().cpu() for part in chain))
            for row, path, its in zip(rows, scores, ids, strict=True):
                length = of_batch[row]
                paths.append(DevPath(path[:length].clone(), its[:length], entities[row], on_cpu))
        return paths
