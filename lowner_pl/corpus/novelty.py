"""Which generated sentences are new, with a count of every reason to drop one."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b

from lowner_pl.corpus.sentence import Sentence


@dataclass
class GenerationReport:
    """What became of the sentences to generate from.

    Every sentence with an entity gives one candidate a round, and every candidate is counted once:
    as new, or under the reason that it was dropped for.

    Attributes:
        sentences_in: Sentences to generate from.
        without_entity: Those among them in which there is nothing to replace.
        candidates: Rounds times the others.
        nothing_allowed: Candidates of sentences in whose entities no subword may be replaced.
        same_as_gold: Candidates with the words of a sentence of the corpus.
        duplicates: Candidates with the words of an earlier one.
        sentences_out: New sentences.
    """

    sentences_in: int = 0
    without_entity: int = 0
    candidates: int = 0
    nothing_allowed: int = 0
    same_as_gold: int = 0
    duplicates: int = 0
    sentences_out: int = 0

    def record(self) -> dict[str, int]:
        """Return the counts as plain values."""
        return asdict(self)

    def check(self) -> None:
        """Make sure that there was something to generate from.

        Raises:
            ValueError: If no sentence has an entity.
        """
        if self.sentences_in == self.without_entity:
            raise ValueError(
                f"Sentences to generate from must hold entities, was: none in "
                f"{self.sentences_in:,} sentences. Check the file and its tag column."
            )


class NoveltyFilter:
    """Lets the candidates through whose words nothing before had.

    It remembers 8 bytes for each sentence of the corpus and each new one, not the sentence: for
    300,000 of them about 30 megabytes, and a chance of 1 in 400 million that any new sentence is
    taken for another.

    Args:
        gold: The corpus, read once.
        report: Counts to go on from.
    """

    def __init__(self, gold: Iterable[Sentence], report: GenerationReport | None = None) -> None:
        self.report = report or GenerationReport()
        self._gold = {_key(sentence) for sentence in gold}
        self._new: set[int] = set()

    def sift(self, candidates: Sequence[Sentence | None]) -> list[Sentence]:
        """Return the new ones among the candidates of one sentence, and count all.

        Args:
            candidates: One a round, ``None`` where nothing could be replaced; empty for a sentence
                without entities.
        """
        self.report.sentences_in += 1
        self.report.without_entity += not candidates
        self.report.candidates += len(candidates)
        kept = []
        for candidate in candidates:
            if candidate is None:
                self.report.nothing_allowed += 1
            elif (key := _key(candidate)) in self._gold:
                self.report.same_as_gold += 1
            elif key in self._new:
                self.report.duplicates += 1
            else:
                self.report.sentences_out += 1
                self._new.add(key)
                kept.append(candidate)
        return kept

    def remember(self, sentence: Sentence) -> None:
        """Take a sentence as generated before, without counting it."""
        self._new.add(_key(sentence))


def _key(sentence: Sentence) -> int:
    """Return 8 bytes that stand for the words of a sentence."""
    digest = blake2b("\n".join(sentence.words).encode("utf-8", "surrogatepass"), digest_size=8)
    return int.from_bytes(digest.digest(), "big")
