import json
import tracemalloc

import pytest

from lowner_pl.corpus import AugmentationReport, Candidate, NoveltyFilter, SeenSentences, Sentence


def sentence(text: str) -> Sentence:
    return Sentence(tuple(text.split()))


def test_every_candidate_is_counted_under_one_reason() -> None:
    novelty = NoveltyFilter(SeenSentences(map(sentence, ["a b", "c d", "no entity"])))
    first: list[Candidate] = [sentence("a x"), sentence("c d"), sentence("a x")]
    assert list(novelty.sift(first)) == [sentence("a x")]
    second: list[Candidate] = ["nothing_allowed", sentence("a x"), sentence("c x")]
    assert list(novelty.sift(second)) == [sentence("c x")]
    assert list(novelty.sift(["no_entity"])) == []
    assert novelty.report.as_dict() == {
        "sentences_in": 0,
        "candidates": 7,
        "sentences_out": 2,
        "dropped": {"duplicate": 2, "duplicate_of_source": 1, "no_entity": 1, "nothing_allowed": 1},
    }
    assert str(novelty.report).startswith("2 of 7 new (duplicate 2, ")


def test_the_filter_stops_after_as_many_new_sentences_as_wanted() -> None:
    novelty = NoveltyFilter(SeenSentences())
    given: list[Candidate] = [sentence("a"), "endless", sentence("b"), sentence("c")]
    candidates = iter(given)
    assert list(novelty.sift(candidates, most=2)) == [sentence("a"), sentence("b")]
    assert next(candidates) == sentence("c")
    assert novelty.report.candidates == 3


def test_word_boundaries_count_when_sentences_are_compared() -> None:
    novelty = NoveltyFilter(SeenSentences([sentence("a b")]))
    new = [Sentence(("ab",)), Sentence(("a b",))]
    assert list(novelty.sift(new)) == new


def test_other_tags_do_not_make_a_sentence_new() -> None:
    seen = SeenSentences([Sentence(("a",), ("O",))])
    assert Sentence(("a",), ("B-X",)) in seen
    assert not seen.add(Sentence(("a",), ("B-X",)))
    assert seen.add(Sentence(("b",), ("B-X",)))


def test_seen_sentences_behave_like_a_set() -> None:
    # Every third of the 9,000 sentences is a repetition; the table grows four times on the way.
    seen, known = SeenSentences(), set()
    for number in range(9_000):
        key = number - 1 if number % 3 == 2 else number
        assert seen.add(sentence(f"a {key}")) == (key not in known)
        known.add(key)
    assert all((sentence(f"a {key}") in seen) == (key in known) for key in range(10_000))


def test_a_seen_sentence_costs_fewer_than_24_bytes() -> None:
    tracemalloc.start()
    seen = SeenSentences(sentence(f"some words of sentence {number}") for number in range(20_000))
    size = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    assert sentence("some words of sentence 19999") in seen
    assert size < 24 * 20_000


def test_a_remembered_sentence_is_not_new_and_not_counted() -> None:
    novelty = NoveltyFilter(SeenSentences())
    novelty.remember(sentence("a x"))
    assert novelty.report == AugmentationReport()
    assert list(novelty.sift([sentence("a x")])) == []
    assert novelty.report.dropped == {"duplicate": 1}


def test_a_report_restored_from_json_continues_counting() -> None:
    report = AugmentationReport(sentences_in=3, sentences_out=2)
    report.take_back("held_out")
    again = AugmentationReport.of(json.loads(json.dumps(report.as_dict())))
    assert again == report
    list(NoveltyFilter(SeenSentences(), again).sift([sentence("a"), "held_out"]))
    assert again.as_dict() == {
        "sentences_in": 3,
        "candidates": 4,
        "sentences_out": 2,
        "dropped": {"held_out": 2},
    }


@pytest.mark.parametrize("sentences", [0, 3])
def test_a_corpus_without_entities_is_refused(sentences: int) -> None:
    novelty = NoveltyFilter(SeenSentences(), AugmentationReport(sentences_in=sentences))
    list(novelty.sift(["no_entity"] * sentences))
    with pytest.raises(ValueError, match=f"no entities in the {sentences} sentences to augment"):
        novelty.report.check()


def test_dropping_all_candidates_is_no_error_if_some_sentence_has_entities() -> None:
    novelty = NoveltyFilter(SeenSentences())
    list(novelty.sift(["no_entity", "nothing_allowed"]))
    novelty.report.check()
