"""Which made sentences are new, with a count of every reason to drop one."""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any

from lowner_pl.corpus.sentence import Sentence

Candidate = Sentence | str
"""A made sentence, or the reason why there is none."""
DUPLICATE = "duplicate"
DUPLICATE_OF_SOURCE = "duplicate_of_source"
NO_ENTITY = "no_entity"


@dataclass(slots=True)
class AugmentationReport:
    """What came of the sentences of an augmentation.

    Attributes:
        sentences_in: Sentences to make new ones of.
        sentences_out: New sentences.
        dropped: How many candidates did not come out, by reason.
    """

    sentences_in: int = 0
    sentences_out: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, counts: Mapping[str, Any]) -> "AugmentationReport":
        """Return the report that :meth:`as_dict` made the counts of."""
        return cls(counts["sentences_in"], counts["sentences_out"], Counter(counts["dropped"]))

    @property
    def candidates(self) -> int:
        """All that could have come out: one for each sentence and round."""
        return self.sentences_out + self.dropped.total()

    def take_back(self, reason: str) -> None:
        """Count a sentence that came out as one that was dropped later."""
        self.sentences_out -= 1
        self.dropped[reason] += 1

    def as_dict(self) -> dict[str, int | dict[str, int]]:
        """Return the counts as JSON has them."""
        return {
            "sentences_in": self.sentences_in,
            "candidates": self.candidates,
            "sentences_out": self.sentences_out,
            "dropped": dict(sorted(self.dropped.items())),
        }

    def check(self) -> None:
        """Make sure that there was something to replace.

        Raises:
            ValueError: If no sentence has an entity.
        """
        if self.dropped[NO_ENTITY] == self.candidates:
            raise ValueError(
                f"The sentences to augment must hold entities, was: none in "
                f"{self.sentences_in:,} sentences. Check the tag column and `type_map`."
            )

    def __str__(self) -> str:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(self.dropped.items()))
        return f"{self.sentences_out:,} of {self.candidates:,} new" + (
            f" ({reasons})" if reasons else ""
        )


class SeenSentences:
    """The word sequences that came by.

    Tags do not count: the same words with other tags would teach a tagger two answers. Of each
    sentence it keeps a fingerprint of 8 bytes, in a table of 12 to 24 bytes a sentence: about 8
    megabytes for 500,000, and a chance of 1 in 400 million that a new one among 300,000 is taken
    for another.

    Args:
        sentences: Those seen so far, read once.
    """

    def __init__(self, sentences: Iterable[Sentence] = ()) -> None:
        self._table = array("Q", bytes(8 * 1024))  # 0 where nothing is
        self._count = 0
        for sentence in sentences:
            self.add(sentence)

    def add(self, sentence: Sentence) -> bool:
        """Return whether the words are new, and keep them."""
        key = _key(sentence)
        place = self._place(key)
        if self._table[place]:
            return False
        self._table[place] = key
        self._count += 1
        if 3 * self._count > 2 * len(self._table):
            self._grow()
        return True

    def __contains__(self, sentence: Sentence) -> bool:
        return bool(self._table[self._place(_key(sentence))])

    def _place(self, key: int) -> int:
        """Return where a fingerprint stands, or would."""
        table, most = self._table, len(self._table) - 1  # its length is a power of two
        place = key & most
        while table[place] not in (0, key):
            place = (place + 1) & most
        return place

    def _grow(self) -> None:
        """Make the table twice as long."""
        before = self._table
        self._table = array("Q", bytes(2 * 8 * len(before)))
        for key in before:
            if key:
                self._table[self._place(key)] = key


class NoveltyFilter:
    """Lets the candidates through whose words nothing before had, and counts the others.

    Args:
        source: Sentences that are not to come out.
        report: Takes the counts, and may have some already.
    """

    def __init__(self, source: SeenSentences, report: AugmentationReport | None = None) -> None:
        self.report = AugmentationReport() if report is None else report
        self._source = source
        self._made = SeenSentences()

    def sift(
        self, candidates: Iterable[Candidate], *, most: int | None = None
    ) -> Iterator[Sentence]:
        """Yield the new ones among candidates, as they are asked for.

        Args:
            candidates: Sentences, or the reasons why there is none.
            most: How many to yield at most; what comes behind them is not looked at.
        """
        yielded = 0
        for candidate in candidates:
            if isinstance(candidate, str):
                self.report.dropped[candidate] += 1
            elif candidate in self._source:
                self.report.dropped[DUPLICATE_OF_SOURCE] += 1
            elif not self._made.add(candidate):
                self.report.dropped[DUPLICATE] += 1
            else:
                self.report.sentences_out += 1
                yielded += 1
                yield candidate
                if yielded == most:
                    return

    def remember(self, sentence: Sentence) -> None:
        """Take a sentence as made before, without counting it."""
        self._made.add(sentence)


def fingerprint(sentences: Iterable[Sentence]) -> str:
    """Return a hash of words, tags and languages, 32 hexadecimal digits; order counts."""
    digest = blake2b(digest_size=16)
    for sentence in sentences:
        digest.update(repr((sentence.words, sentence.tags, sentence.language)).encode())
    return digest.hexdigest()


def _key(sentence: Sentence) -> int:
    """Return a number of 8 bytes, not 0, for the words of a sentence; the same in every process."""
    digest = blake2b("\n".join(sentence.words).encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big") or 1
