"""What all augmentations share: only new sentences come out, and every other is counted."""

import hashlib
import warnings
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from lowner_pl.corpus import Sentence

DUPLICATE = "duplicate"
DUPLICATE_OF_SOURCE = "duplicate_of_source"
UNCHANGED = "unchanged"
NO_ENTITY = "no_entity"


@dataclass(slots=True)
class AugmentationReport:
    """What came of the sentences of an augmentation.

    Attributes:
        sentences_in: Sentences augmented, or drawn from a generator.
        sentences_out: New sentences.
        dropped: How many did not come out, by reason.
    """

    sentences_in: int = 0
    sentences_out: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

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

    def __str__(self) -> str:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in sorted(self.dropped.items()))
        return f"{self.sentences_out:,} of {self.candidates:,} new" + (
            f" ({reasons})" if reasons else ""
        )


class SeenSentences:
    """The word sequences that came by, in 16 bytes each.

    Tags do not count: the same words with other tags would teach a tagger two answers.

    Args:
        sentences: Those seen so far.
    """

    def __init__(self, sentences: Iterable[Sentence] = ()) -> None:
        self._keys = {_key(sentence.words) for sentence in sentences}

    def add(self, sentence: Sentence) -> bool:
        """Return whether the words are new, and keep them."""
        before = len(self._keys)
        self._keys.add(_key(sentence.words))
        return len(self._keys) > before

    def __contains__(self, sentence: Sentence) -> bool:
        return _key(sentence.words) in self._keys


class Augmenter(ABC):
    """Makes new tagged sentences of tagged sentences. Leaf classes say how in :meth:`propose`.

    An augmenter has no state: what comes out is a function of its options, the sentences and the
    seed. The sentences stay as they are.
    """

    name: str
    """Part of the run folder's name, such as ``labelwise``."""

    @abstractmethod
    def propose(self, sentences: Iterable[Sentence], *, seed: int) -> Iterator[Sentence | str]:
        """Yield a candidate, or the reason why there is none, for each sentence and round.

        Args:
            sentences: Tagged sentences; may be gone over more than once.
            seed: The same seed gives the same candidates.
        """

    def augment(
        self,
        sentences: Iterable[Sentence],
        *,
        seed: int,
        report: AugmentationReport | None = None,
    ) -> Iterator[Sentence]:
        """Yield new sentences, one at a time: none has the words of a given one or of another.

        Memory holds the entities and a short key of each sentence, not the sentences.

        Args:
            sentences: Tagged sentences, which are gone over several times: a list, or an object
                that reads them from disk anew.
            seed: The same seed gives the same sentences.
            report: Takes the counts.

        Raises:
            ValueError: If the sentences can be gone over only once, or hold no entity.
        """
        if iter(sentences) is sentences:
            raise ValueError(
                f"The sentences to augment must be read several times, was: a "
                f"{type(sentences).__name__}, which is used up by the first. Give a list."
            )
        return self._new(sentences, seed, AugmentationReport() if report is None else report)

    def _new(
        self, sentences: Iterable[Sentence], seed: int, report: AugmentationReport
    ) -> Iterator[Sentence]:
        """Yield the candidates that are new, and count the others."""
        source, has_entity = SeenSentences(), False
        for sentence in sentences:
            source.add(sentence)
            has_entity = has_entity or bool(sentence.entities)
            report.sentences_in += 1
        if not has_entity:
            raise ValueError(
                f"The sentences to augment must hold entities, was: {report.sentences_in:,} "
                "sentences of words tagged 'O'. Check the tag column and `type_map`."
            )
        yield from only_new(self.propose(sentences, seed=seed), source, report)


def only_new(
    candidates: Iterable[Sentence | str],
    source: SeenSentences,
    report: AugmentationReport,
    *,
    count: int | None = None,
) -> Iterator[Sentence]:
    """Yield the candidates whose words are new, and count the others.

    Args:
        candidates: Sentences, or the reasons why there is none.
        source: Sentences that are not to come out.
        report: Takes the counts.
        count: How many to yield; a warning says where there are not as many.
    """
    made, yielded = SeenSentences(), 0
    for candidate in candidates:
        if isinstance(candidate, str):
            report.dropped[candidate] += 1
        elif candidate in source:
            report.dropped[DUPLICATE_OF_SOURCE] += 1
        elif not made.add(candidate):
            report.dropped[DUPLICATE] += 1
        else:
            report.sentences_out += 1
            yielded += 1
            yield candidate
            if yielded == count:
                return
    if count is not None:
        warnings.warn(f"{count:,} sentences were wanted, was: {report}.", stacklevel=2)


def replaced(
    sentence: Sentence,
    mentions: Sequence[Sequence[str] | None],
    *,
    language: str | None,
) -> Sentence | None:
    """Return the sentence with other words for its entities, or ``None`` where none changed.

    Args:
        sentence: The sentence.
        mentions: The new words of each entity, at least 1; ``None`` keeps the words.
        language: Language of the new sentence.
    """
    words: list[str] = []
    tags: list[str] = []
    end = 0
    for entity, mention in zip(sentence.entities, mentions, strict=True):
        words += sentence.words[end : entity.start]
        tags += ["O"] * (entity.start - end)
        new = sentence.words[entity.start : entity.end] if mention is None else mention
        words += new
        tags += [f"B-{entity.type}", *[f"I-{entity.type}"] * (len(new) - 1)]
        end = entity.end
    words += sentence.words[end:]
    tags += ["O"] * (len(sentence.words) - end)
    if tuple(words) == sentence.words:
        return None
    return Sentence(tuple(words), tuple(tags), language)


def _key(words: Sequence[str]) -> bytes:
    """Return a hash of words that is the same in every process."""
    return hashlib.blake2b("\n".join(words).encode(), digest_size=16).digest()
