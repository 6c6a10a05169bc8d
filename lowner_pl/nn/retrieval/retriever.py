"""Support sentences: the sentences of a source that are nearest to a given one."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property

from lowner_pl.corpus import Sentence
from lowner_pl.nn.retrieval.index import SentenceIndex
from lowner_pl.nn.retrieval.sentence_vectors import SentenceVectors


class Retriever:
    """Search for the K nearest sentences of a source (Wu et al., 2020, Eq. 4 to 6).

    Sentences with the same words are one text: they are encoded once and are equally near. The
    vectors of the source are computed when they are first needed.

    Args:
        source: The sentences to search.
        vectors: Computes sentence vectors.
        k: Number of sentences to find.

    Raises:
        ValueError: If a source sentence has fewer than ``k`` others. Neither the sentence itself
            nor a copy of it may be in its support.
    """

    def __init__(self, source: Sequence[Sentence], vectors: SentenceVectors, *, k: int) -> None:
        copies = max(Counter(sentence.words for sentence in source).values(), default=0)
        if k > len(source) - copies:
            raise ValueError(
                f"`k` is {k}, but it must be at most {len(source) - copies}: the support of a "
                f"training sentence consists of others ({len(source):,} sentences, the most "
                f"frequent one {copies:,} times). Lower it, or train on more sentences."
            )
        self.vectors = vectors
        self._k = k
        self._distinct, self._texts = _distinct(source)

    def of_source(self) -> list[tuple[int, ...]]:
        """Find the support of each source sentence, as ascending indices.

        Neither the sentence itself nor one with the same words is among them.
        """
        found = [tuple(sorted(row)) for row in self.index.others(self._k).tolist()]
        return [found[text] for text in self._texts]

    def of(self, sentences: Sequence[Sentence], *, keep: bool = True) -> list[tuple[int, ...]]:
        """Find the support of other sentences, as ascending indices into the source.

        A source sentence with the same words is the nearest one.

        Args:
            sentences: The sentences.
            keep: Whether to cache their vectors on disk.
        """
        distinct, texts = _distinct(sentences)
        if not distinct:
            return []
        nearest = self.index.nearest(self.vectors(distinct, keep=keep), self._k)
        found = [tuple(sorted(row)) for row in nearest.tolist()]
        return [found[text] for text in texts]

    @cached_property
    def index(self) -> SentenceIndex:
        """Index of the source."""
        return SentenceIndex(self._texts, self.vectors(self._distinct))


def _distinct(sentences: Sequence[Sentence]) -> tuple[list[Sentence], list[int]]:
    """Deduplicate sentences by their words; return them and the text id of each sentence."""
    numbers: dict[tuple[str, ...], int] = {}
    texts = [numbers.setdefault(sentence.words, len(numbers)) for sentence in sentences]
    examples = dict(zip(texts, sentences, strict=True))  # one sentence per text, in order
    return list(examples.values()), texts
