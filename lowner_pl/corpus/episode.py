"""The episode: a sentence to tag, and those that a tagger adapts to for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from lowner_pl.corpus.sentence import Sentence


@dataclass(frozen=True, slots=True)
class Episode:
    """A task: sentences to adapt to, and the one to tag then (Wu et al., 2020, Eq. 4).

    Args:
        support: At least one sentence, in the order of the corpus, so that the same support is the
            same tuple.
        query: The sentence to tag.
        number: Of the query in its split, from 0; seeds of masks follow from it.

    Raises:
        ValueError: If there is no support, or ``number`` is negative.
    """

    support: tuple[Sentence, ...]
    query: Sentence
    number: int

    def __post_init__(self) -> None:
        if not self.support:
            raise ValueError("An episode needs at least 1 sentence of support, was: 0.")
        if self.number < 0:
            raise ValueError(f"The number of an episode must be at least 0, was: {self.number}.")

    def to(self, device: object) -> Self:  # noqa: ARG002
        """Return the episode itself, as `Sentence.to`."""
        return self


def queries(batch: Sequence[Sentence | Episode]) -> list[Sentence]:
    """Return the sentences of a batch that are tagged: its own, or the queries of its episodes."""
    return [item.query if isinstance(item, Episode) else item for item in batch]
