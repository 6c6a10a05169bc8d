"""Keeping only new sentences of an augmentation, and counting why the others were dropped."""

from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TypedDict

from lowner_pl.corpus.sentence import Sentence

Candidate = Sentence | str
"""A generated sentence, or the reason why none was generated."""
DUPLICATE = "duplicate"
DUPLICATE_OF_SOURCE = "duplicate_of_source"
NO_ENTITY = "no_entity"


class AugmentationCounts(TypedDict):
    """An :class:`AugmentationReport` as it is written to JSON files."""

    sentences_in: int
    candidates: int
    sentences_out: int
    dropped: dict[str, int]


@dataclass(slots=True)
class AugmentationReport:
    """The counts of an augmentation.

    Attributes:
        sentences_in: Number of sentences to augment.
        sentences_out: Number of new sentences.
        dropped: Number of dropped candidates by reason.
    """

    sentences_in: int = 0
    sentences_out: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    @classmethod
    def of(cls, counts: AugmentationCounts) -> "AugmentationReport":
        """Restore a report from the counts that :meth:`as_dict` returned."""
        return cls(counts["sentences_in"], counts["sentences_out"], Counter(counts["dropped"]))

    @property
    def candidates(self) -> int:
        """Number of candidates: one per sentence and round."""
        return self.sentences_out + self.dropped.total()

    def take_back(self, reason: str) -> None:
        """Count a sentence as dropped after it was counted as new."""
        self.sentences_out -= 1
        self.dropped[reason] += 1

    def as_dict(self) -> AugmentationCounts:
        """Return the counts as values for JSON."""
        return {
            "sentences_in": self.sentences_in,
            "candidates": self.candidates,
            "sentences_out": self.sentences_out,
            "dropped": dict(sorted(self.dropped.items())),
        }

    def check(self) -> None:
        """Make sure that the sentences had entities.

        Raises:
            ValueError: If no sentence has an entity.
        """
        if self.dropped[NO_ENTITY] == self.candidates:
            raise ValueError(
                f"There are no entities in the {self.sentences_in:,} sentences to augment. Check "
                "the tag column and `type_map`."
            )

    def __str__(self) -> str:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(self.dropped.items()))
        return f"{self.sentences_out:,} of {self.candidates:,} new" + (
            f" ({reasons})" if reasons else ""
        )


class SeenSentences:
    """A set of sentences that compares words only, in little memory.

    Tags are ignored: the same words with other tags would teach a tagger two answers. The set is a
    hash table of 8-byte fingerprints, 12 to 24 bytes per sentence. 500,000 sentences take about
    8 MB; the chance that a new sentence among 300,000 is mistaken for a seen one is 1 in 400
    million.

    Args:
        sentences: Sentences to begin with; iterated once.
    """

    def __init__(self, sentences: Iterable[Sentence] = ()) -> None:
        self._table = array("Q", bytes(8 * 1024))  # 0 marks an empty slot
        self._count = 0
        for sentence in sentences:
            self.add(sentence)

    def add(self, sentence: Sentence) -> bool:
        """Add a sentence, and tell whether its words are new."""
        key = _key(sentence)
        slot = self._slot(key)
        if self._table[slot]:
            return False
        self._table[slot] = key
        self._count += 1
        if 3 * self._count > 2 * len(self._table):
            self._grow()
        return True

    def __contains__(self, sentence: Sentence) -> bool:
        return bool(self._table[self._slot(_key(sentence))])

    def _slot(self, key: int) -> int:
        """Find the slot of a fingerprint, or the empty slot where it would go."""
        table, mask = self._table, len(self._table) - 1  # the length is a power of two
        slot = key & mask
        while table[slot] not in (0, key):
            slot = (slot + 1) & mask
        return slot

    def _grow(self) -> None:
        """Double the table."""
        before = self._table
        self._table = array("Q", bytes(2 * 8 * len(before)))
        for key in before:
            if key:
                self._table[self._slot(key)] = key


class NoveltyFilter:
    """A filter that passes on candidates with new words, and counts the others.

    Args:
        source: Sentences that must not be generated again.
        report: Counts to continue; a new report by default.
    """

    def __init__(self, source: SeenSentences, report: AugmentationReport | None = None) -> None:
        self.report = AugmentationReport() if report is None else report
        self._source = source
        self._made = SeenSentences()

    def sift(
        self, candidates: Iterable[Candidate], *, most: int | None = None
    ) -> Iterator[Sentence]:
        """Yield the candidates whose words are new.

        Args:
            candidates: Sentences, or the reasons why there is none. They are taken one by one.
            most: Stop after this many new sentences, without looking at further candidates.
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
        """Treat a sentence as already generated, without counting it."""
        self._made.add(sentence)


def fingerprint(sentences: Iterable[Sentence]) -> str:
    """Compute a hash of words, tags and languages in their order: 32 hexadecimal digits."""
    digest = blake2b(digest_size=16)
    for sentence in sentences:
        digest.update(repr((sentence.words, sentence.tags, sentence.language)).encode())
    return digest.hexdigest()


def _key(sentence: Sentence) -> int:
    """Compute an 8-byte fingerprint of the words: never 0, and the same in every process."""
    digest = blake2b("\n".join(sentence.words).encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big") or 1
