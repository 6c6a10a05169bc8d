import pytest

from lowner_pl.corpus import GenerationReport, NoveltyFilter, Sentence


def sentence(text: str) -> Sentence:
    return Sentence(tuple(text.split()))


def test_every_candidate_is_counted_under_one_reason() -> None:
    novelty = NoveltyFilter([sentence("a b"), sentence("c d"), sentence("no entity")])
    assert novelty.sift([sentence("a x"), sentence("c d"), sentence("a x")]) == [sentence("a x")]
    assert novelty.sift([None, sentence("a x"), sentence("c x")]) == [sentence("c x")]
    assert novelty.sift([]) == []
    assert novelty.report == GenerationReport(
        sentences_in=3,
        without_entity=1,
        candidates=6,
        nothing_allowed=1,
        same_as_gold=1,
        duplicates=2,
        sentences_out=2,
    )


def test_words_are_told_from_their_letters() -> None:
    novelty = NoveltyFilter([sentence("a b")])
    assert novelty.sift([Sentence(("ab",)), Sentence(("a b",))]) != []
    assert novelty.report.same_as_gold == 0


def test_what_was_generated_before_is_not_new() -> None:
    novelty = NoveltyFilter([])
    novelty.remember(sentence("a x"))
    assert novelty.sift([sentence("a x")]) == []
    assert novelty.report.duplicates == 1


@pytest.mark.parametrize("sentences", [0, 3])
def test_a_corpus_without_entities_is_refused(sentences: int) -> None:
    novelty = NoveltyFilter([])
    for _ in range(sentences):
        novelty.sift([])
    with pytest.raises(ValueError, match=rf"must hold entities, was: none in {sentences} sentenc"):
        novelty.report.check()
