"""The base class of augmentations: it passes on new sentences only, and counts the others."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence

from lowner_pl.corpus import (
    AugmentationReport,
    Candidate,
    NoveltyFilter,
    SeenSentences,
    Sentence,
)

UNCHANGED = "unchanged"


class Augmenter(ABC):
    """A method that makes new tagged sentences. Subclasses implement :meth:`propose`.

    An augmenter has no state: the new sentences depend only on its options, the given sentences
    and the seed. The given sentences are not changed.
    """

    name: str
    """Name of the method in run folders, such as ``labelwise``."""

    @abstractmethod
    def propose(self, sentences: Iterable[Sentence], *, seed: int) -> Iterator[Candidate]:
        """Yield a candidate, or the reason why there is none, for each sentence and round.

        Args:
            sentences: Tagged sentences. They may be iterated several times.
            seed: The same seed gives the same candidates.
        """

    def augment(
        self,
        sentences: Iterable[Sentence],
        *,
        seed: int,
        report: AugmentationReport | None = None,
    ) -> Iterator[Sentence]:
        """Yield new sentences one by one. None has the same words as a given or earlier sentence.

        The entities and a short key of each sentence are kept in memory, but not the sentences.

        Args:
            sentences: Tagged sentences that can be iterated several times: a list, or an object
                that reads them from disk each time.
            seed: The same seed gives the same sentences.
            report: Counts to fill in.

        Raises:
            ValueError: If the sentences can be iterated only once or have no entities.
        """
        if iter(sentences) is sentences:
            raise ValueError(
                f"A {type(sentences).__name__} can be iterated only once, but augmenting needs to "
                "read the sentences several times. Give a list."
            )
        return self._new(sentences, seed, AugmentationReport() if report is None else report)

    def _new(
        self, sentences: Iterable[Sentence], seed: int, report: AugmentationReport
    ) -> Iterator[Sentence]:
        """Yield the new candidates, and count the others."""
        source = SeenSentences()
        for sentence in sentences:
            source.add(sentence)
            report.sentences_in += 1
        yield from NoveltyFilter(source, report).sift(self.propose(sentences, seed=seed))
        report.check()


def replaced(
    sentence: Sentence,
    mentions: Sequence[Sequence[str] | None],
    *,
    language: str | None,
) -> Sentence | None:
    """Replace the words of a sentence's entities. If no word changes, return ``None``.

    Args:
        sentence: The sentence.
        mentions: The new words of each entity, at least 1. ``None`` keeps the words.
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
