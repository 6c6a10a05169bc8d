"""The support of sentences: those of a source that are nearest to them."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from lowner_pl.corpus import Sentence
from lowner_pl.nn.retrieval.index import SentenceIndex
from lowner_pl.nn.retrieval.sentence_vectors import SentenceVectors


class Retriever:
    """Finds the K sentences of a source that are nearest to others (Wu et al., 2020, Eq. 4 to 6).

    Sentences of the same words are one text: read once, and equally near. Vectors of the source
    are computed when they are first needed.

    Args:
        source: The sentences to find.
        vectors: Gives a sentence its vector.
        k: How many to find.

    Raises:
        ValueError: If the source has fewer for one of its own sentences, which neither itself nor
            a copy of it can support.
    """

    def __init__(self, source: Sequence[Sentence], vectors: SentenceVectors, *, k: int) -> None:
        copies = max(Counter(sentence.words for sentence in source).values(), default=0)
        if k > len(source) - copies:
            raise ValueError(
                f"`k` must be at most {len(source) - copies}, was: {k}, as a training sentence is "
                f"supported by others of other words ({len(source):,} sentences, the most frequent "
                f"one {copies:,} times). Lower it, or train on more sentences."
            )
        self.vectors = vectors
        self._k = k
        self._distinct, self._texts = _distinct(source)

    def of_source(self) -> list[tuple[int, ...]]:
        """Return for each sentence of the source the numbers of those that support it, ascending.

        Neither it nor one of the same words is among them.
        """
        found = [tuple(sorted(row)) for row in self.index.others(self._k).tolist()]
        return [found[text] for text in self._texts]

    def of(self, sentences: Sequence[Sentence], *, keep: bool = True) -> list[tuple[int, ...]]:
        """Return for each of other sentences the numbers of the nearest ones, ascending.

        One of the same words is nearest to a sentence.

        Args:
            sentences: The sentences.
            keep: Whether their vectors are kept on disk.
        """
        distinct, texts = _distinct(sentences)
        if not distinct:
            return []
        nearest = self.index.nearest(self.vectors(distinct, keep=keep), self._k)
        found = [tuple(sorted(row)) for row in nearest.tolist()]
        return [found[text] for text in texts]

    @cached_property
    def index(self) -> SentenceIndex:
        """The source, to be searched."""
        return SentenceIndex(self._texts, self.vectors(self._distinct))


def _distinct(sentences: Sequence[Sentence]) -> tuple[list[Sentence], list[int]]:
    """Return the sentences of different words, and for each sentence the number of its like."""
    numbers: dict[tuple[str, ...], int] = {}
    texts = [numbers.setdefault(sentence.words, len(numbers)) for sentence in sentences]
    alike = dict(zip(texts, sentences, strict=True))  # in the order in which texts come
    return list(alike.values()), texts
