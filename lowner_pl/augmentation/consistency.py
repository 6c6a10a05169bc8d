"""The filter of MELM: keep the candidates that a tagger of gold data tags as they are tagged."""

from collections.abc import Iterable, Iterator, Sequence

from lowner_pl.corpus import (
    AugmentationReport,
    Candidate,
    NoveltyFilter,
    SeenSentences,
    Sentence,
)

TAGS_DIFFER = "tags_differ"


def consistent(
    candidates: Iterable[Sentence],
    predicted: Iterable[Sequence[str]],
    *,
    gold: Iterable[Sentence],
    report: AugmentationReport | None = None,
) -> Iterator[Sentence]:
    """Return the candidates whose tags are all as predicted (section 2.4 of MELM), and new.

    Args:
        candidates: Tagged sentences.
        predicted: The tags that a tagger trained on the gold sentences gives each candidate.
        gold: Sentences whose words are not to come out again.
        report: Takes the counts. A sentence counts under the first reason that applies: its tags
            differ, it is a duplicate of a gold sentence, it is one of an earlier candidate kept.

    Raises:
        ValueError: If there is not one prediction for each word of each candidate.
    """
    report = AugmentationReport() if report is None else report

    def outcomes() -> Iterator[Candidate]:
        for candidate, tags in zip(candidates, predicted, strict=True):
            report.sentences_in += 1
            if len(tags) != len(candidate.words):
                raise ValueError(
                    f"Predicted tags must be one per word, was: {len(tags)} for "
                    f"{' '.join(candidate.words[:20])!r}. Tag the candidates themselves, in order."
                )
            yield candidate if tuple(tags) == candidate.tags else TAGS_DIFFER

    return NoveltyFilter(SeenSentences(gold), report).sift(outcomes())
