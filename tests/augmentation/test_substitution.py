import tracemalloc
from collections import Counter
from collections.abc import Iterator
from math import sqrt

import pytest

from lowner_pl.augmentation import LabelWiseSubstitution
from lowner_pl.augmentation.substitution import mentions_by_type
from lowner_pl.corpus import AugmentationReport, Sentence

ANN = Sentence(("Ann", "met", "Bo", "Li", "in", "Rome"), ("B-P", "O", "B-P", "I-P", "O", "B-L"))
OSLO = Sentence(("Oslo", "and", "Ann"), ("B-L", "O", "B-P"))


def entity_words(sentence: Sentence) -> list[tuple[str, ...]]:
    return [sentence.words[e.start : e.end] for e in sentence.entities]


def test_the_mentions_of_a_type_are_distinct() -> None:
    assert mentions_by_type([ANN, OSLO, ANN]) == {
        "P": [("Ann",), ("Bo", "Li")],
        "L": [("Rome",), ("Oslo",)],
    }


def test_the_candidates_of_a_sentence_are_those_worked_out_by_hand() -> None:
    # Two P and two L, always replaced: OSLO has four combinations as candidates.
    expected = {
        ("Oslo", "and", "Ann"): ("B-L", "O", "B-P"),
        ("Oslo", "and", "Bo", "Li"): ("B-L", "O", "B-P", "I-P"),
        ("Rome", "and", "Ann"): ("B-L", "O", "B-P"),
        ("Rome", "and", "Bo", "Li"): ("B-L", "O", "B-P", "I-P"),
    }
    labelwise = LabelWiseSubstitution(probability=1.0, rounds=200)
    new = [s for s in labelwise.augment([ANN, OSLO], seed=0) if "and" in s.words]
    del expected["Oslo", "and", "Ann"]  # the sentence itself
    assert {s.words: s.tags for s in new} == expected


def test_an_entity_is_replaced_with_the_given_probability() -> None:
    # 400 sentences with distinct entities: a replacement is the entity itself with 1/400.
    names = [Sentence((f"n{i}", "x"), ("B-P", "O")) for i in range(400)]
    labelwise = LabelWiseSubstitution(probability=0.3, rounds=10)
    report = AugmentationReport()
    list(labelwise.augment(names, seed=1, report=report))
    changed = report.candidates - report.dropped["unchanged"]
    expected = 0.3 * 399 / 400
    deviation = sqrt(expected * (1 - expected) / 4000)
    assert report.candidates == 4000
    assert abs(changed / 4000 - expected) < 4 * deviation


def test_new_entities_are_drawn_uniformly_from_the_distinct_ones() -> None:
    # "b" occurs nine times in the corpus, and is as likely as the others.
    words = ["a", *"b" * 9, "c", "d"]
    corpus = [Sentence((w, f"x{i}"), ("B-P", "O")) for i, w in enumerate(words)]
    labelwise = LabelWiseSubstitution(probability=1.0, rounds=400)
    drawn = [
        c.words[0] if isinstance(c, Sentence) else corpus[i % len(corpus)].words[0]
        for i, c in enumerate(labelwise.propose(corpus, seed=2))
    ]
    counts = Counter(drawn)
    chi_square = sum((counts[w] - 1200) ** 2 / 1200 for w in "abcd")
    assert sum(counts.values()) == 4800
    assert chi_square < 16.27  # 3 degrees of freedom, p = 0.001


def test_the_entities_of_a_sentence_are_drawn_independently() -> None:
    pairs = Sentence(("a", "b"), ("B-P", "B-P"))
    labelwise = LabelWiseSubstitution(probability=0.5, rounds=400)
    found = Counter(
        c.words if isinstance(c, Sentence) else pairs.words
        for c in labelwise.propose([pairs], seed=0)
    )
    # Each keeps its word with 3/4: (a b) 9/16, (a a) and (b b) 3/16, (b a) 1/16 of 400.
    assert set(found) == {("a", "b"), ("a", "a"), ("b", "b"), ("b", "a")}
    expected = {("a", "b"): 225, ("a", "a"): 75, ("b", "b"): 75, ("b", "a"): 25}
    assert sum((found[key] - n) ** 2 / n for key, n in expected.items()) < 16.27


def test_neighbouring_entities_of_the_same_type_stay_separate() -> None:
    pair = Sentence(("a", "b", "c"), ("B-P", "I-P", "B-P"))
    for new in LabelWiseSubstitution(probability=1.0, rounds=20).augment([pair], seed=0):
        assert len(new.entities) == 2
        assert set(entity_words(new)) <= {("a", "b"), ("c",)}


def test_more_rounds_only_add_sentences_at_the_end() -> None:
    corpus = [ANN, OSLO]
    few = list(LabelWiseSubstitution(rounds=2).augment(corpus, seed=4))
    more = list(LabelWiseSubstitution(rounds=9).augment(corpus, seed=4))
    assert len(few) < len(more)
    assert more[: len(few)] == few


def test_new_sentences_keep_the_language_but_have_no_place() -> None:
    given = [Sentence((w, "x"), ("B-P", "O"), "en", ("f", 1)) for w in "ab"]
    (new, *_) = LabelWiseSubstitution(probability=1.0).augment([*given, OSLO], seed=0)
    assert (new.language, new.place) == ("en", None)


def test_a_single_sentence_gives_no_new_sentence() -> None:
    report = AugmentationReport()
    assert list(LabelWiseSubstitution().augment([OSLO], seed=0, report=report)) == []
    assert str(report) == "0 of 3 new (unchanged 3)"


@pytest.mark.parametrize("probability", [0.0, -0.1, 1.1])
def test_probabilities_out_of_range_are_refused(probability: float) -> None:
    with pytest.raises(ValueError, match=f"`probability` is {probability}, but it must be above 0"):
        LabelWiseSubstitution(probability=probability)


def test_zero_rounds_are_refused() -> None:
    with pytest.raises(ValueError, match="`rounds` is 0, but it must be at least 1"):
        LabelWiseSubstitution(rounds=0)


class ManySentences:
    """Many sentences that are created while they are iterated."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __iter__(self) -> Iterator[Sentence]:
        for i in range(self.size):
            words = (f"n{i % 50}", *(f"w{i}-{j}" for j in range(20)))
            yield Sentence(words, ("B-P", *["O"] * 20))


def test_memory_holds_keys_and_not_the_sentences() -> None:
    # 4,000 sentences of 21 words take about 7 MB; two keys for each take less than 1 MB.
    tracemalloc.start()
    new = sum(
        1 for _ in LabelWiseSubstitution(probability=1.0).augment(ManySentences(4000), seed=0)
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert new > 11_000
    assert peak < 3_000_000
