"""What all augmentations share: only new sentences come out, and every other is counted."""

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
    """Makes new tagged sentences of tagged sentences. Leaf classes say how in :meth:`propose`.

    An augmenter has no state: what comes out is a function of its options, the sentences and the
    seed. The sentences stay as they are.
    """

    name: str
    """Part of the run folder's name, such as ``labelwise``."""

    @abstractmethod
    def propose(self, sentences: Iterable[Sentence], *, seed: int) -> Iterator[Candidate]:
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
