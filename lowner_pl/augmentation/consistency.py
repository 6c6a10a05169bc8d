"""MELM's filter: keep the candidates whose tags a tagger trained on gold data confirms."""

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
    """Yield the new candidates whose tags all equal the predicted ones (MELM, section 2.4).

    Args:
        candidates: Tagged sentences.
        predicted: The tags that a tagger trained on the gold sentences gives each candidate.
        gold: Sentences whose words must not be generated again.
        report: Counts to fill in. A dropped sentence counts under the first reason that applies:
            its tags differ, it repeats a gold sentence, or it repeats a kept candidate.

    Raises:
        ValueError: If there is not exactly one prediction for each word of each candidate.
    """
    report = AugmentationReport() if report is None else report

    def outcomes() -> Iterator[Candidate]:
        for candidate, tags in zip(candidates, predicted, strict=True):
            report.sentences_in += 1
            if len(tags) != len(candidate.words):
                raise ValueError(
                    f"There are {len(tags)} predicted tags for the {len(candidate.words)} words of "
                    f"{candidate.excerpt}. Predict the tags of these candidates, in their order."
                )
            yield candidate if tuple(tags) == candidate.tags else TAGS_DIFFER

    return NoveltyFilter(SeenSentences(gold), report).sift(outcomes())
