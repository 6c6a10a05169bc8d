"""Which made sentences are new, with a count of every reason to drop one."""

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
    sentence it keeps 8 bytes: for 300,000 about 30 megabytes, and a chance of 1 in 400 million that
    any new one is taken for another.

    Args:
        sentences: Those seen so far, read once.
    """

    def __init__(self, sentences: Iterable[Sentence] = ()) -> None:
        self._keys = {_key(sentence) for sentence in sentences}

    def add(self, sentence: Sentence) -> bool:
        """Return whether the words are new, and keep them."""
        before = len(self._keys)
        self._keys.add(_key(sentence))
        return len(self._keys) > before

    def __contains__(self, sentence: Sentence) -> bool:
        return _key(sentence) in self._keys


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
    """Return 8 bytes that stand for the words of a sentence, the same in every process."""
    digest = blake2b("\n".join(sentence.words).encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")
