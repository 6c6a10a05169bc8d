"""Near duplicates: sentences that say almost what another one says."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

import regex

from lowner_pl.corpus import Sentence

ENOUGH = 0.8
"""Share of a sentence that is in another one, from which it counts as a near duplicate."""

# A character of a script without spaces, or a run of letters, marks and digits.
_PARTS = regex.compile(
    r"[\p{Han}\p{Hiragana}\p{Katakana}\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]\p{M}*|[\p{L}\p{M}\p{N}]+"
)
_DIGIT = re.compile(r"\d")
Shingle = tuple[str, ...]


def folded(words: Sequence[str]) -> tuple[str, ...]:
    """Reduce a sentence to what near duplicates share.

    Case and punctuation are dropped, all digits are the same, and it does not matter how the words
    were split. A sentence of punctuation alone stays as it is.

    >>> folded(["Nairobi's", "airport", "opened", "in", "1958", "."])
    ('nairobi', 's', 'airport', 'opened', 'in', '0000')
    """
    text = _DIGIT.sub("0", " ".join(words).casefold())
    return tuple(_PARTS.findall(text)) or tuple(words)


class KnownSentences:
    r"""Sentences that others are compared with.

    A sentence is a near duplicate if at least 80 % of its folded words and pairs of neighbouring
    words are in one known sentence: the containment of
    `Broder (1997) <https://doi.org/10.1109/SEQUEN.1997.666900>`_,

    .. math:: \frac{|A \cap B|}{|A|}

    for the sets :math:`A` of the sentence and :math:`B` of the known one. In a sentence of more
    than eight different words, one may be another; a part of a known sentence is a near duplicate
    of it, too. The comparison is exact: an index leads from words to sentences.

    Args:
        sentences: The words of sentences to begin with.
    """

    def __init__(self, sentences: Iterable[Sequence[str]] = ()) -> None:
        self._with: dict[Shingle, list[int]] = {}
        self._size = 0
        for words in sentences:
            self.add(words)

    def __len__(self) -> int:
        return self._size

    def add(self, words: Sequence[str]) -> None:
        """Add a sentence."""
        for shingle in _shingles(folded(words)):
            self._with.setdefault(shingle, []).append(self._size)
        self._size += 1

    def resembles(self, words: Sequence[str]) -> bool:
        """Tell whether a sentence is a near duplicate of a known one."""
        shingles = _shingles(folded(words))
        shared = Counter(at for one in shingles for at in self._with.get(one, ()))
        return max(shared.values(), default=0) >= ENOUGH * len(shingles)


class NoveltyCheck:
    """Accepts sentences of a pool that resemble no known one, and then knows them.

    Args:
        pool: The sentences to choose from.
        annotated: Sentences that are known from the beginning.

    Attributes:
        near_duplicates: Number of sentences that were not accepted; see `KnownSentences`.
    """

    def __init__(self, pool: Sequence[Sentence], annotated: Iterable[Sentence] = ()) -> None:
        self._pool = pool
        self._known = KnownSentences(sentence.words for sentence in annotated)
        self.near_duplicates = 0

    def __call__(self, place: int) -> bool:
        """Tell whether a sentence of the pool is new."""
        words = self._pool[place].words
        if self._known.resembles(words):
            self.near_duplicates += 1
            return False
        self._known.add(words)
        return True


def _shingles(words: Sequence[str]) -> set[Shingle]:
    """Collect the words of a sentence and the pairs of neighbours."""

    def all_of_them() -> Iterator[Shingle]:
        yield from ((word,) for word in words)
        yield from pairwise(words)

    return set(all_of_them())
