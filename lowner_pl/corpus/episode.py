"""Episodes of meta-learning: a sentence to tag, and sentences to adapt to before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from lowner_pl.corpus.sentence import Sentence


@dataclass(frozen=True, slots=True)
class Episode:
    """Sentences to adapt to, and the sentence to tag afterwards (Wu et al., 2020, eq. 4).

    Args:
        support: The sentences to adapt to, at least one. They are in corpus order, so that equal
            supports are equal tuples.
        query: The sentence to tag.
        number: Position of the query in its split, counting from 0. Mask seeds derive from it.

    Raises:
        ValueError: If ``support`` is empty or ``number`` is negative.
    """

    support: tuple[Sentence, ...]
    query: Sentence
    number: int

    def __post_init__(self) -> None:
        if not self.support:
            raise ValueError("The episode has no support. It needs at least one sentence.")
        if self.number < 0:
            raise ValueError(f"The number of the episode is {self.number}; it can't be negative.")

    def to(self, device: object) -> Self:  # noqa: ARG002
        """Return the episode itself: text stays on the host when Lightning moves a batch."""
        return self


def queries(batch: Sequence[Sentence | Episode]) -> list[Sentence]:
    """Return the sentences of a batch to tag: plain sentences, and the queries of episodes."""
    return [item.query if isinstance(item, Episode) else item for item in batch]
