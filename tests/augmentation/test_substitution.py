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


def test_mentions_are_unique_and_of_their_type() -> None:
    assert mentions_by_type([ANN, OSLO, ANN]) == {
        "P": [("Ann",), ("Bo", "Li")],
        "L": [("Rome",), ("Oslo",)],
    }


def test_a_sentence_by_hand() -> None:
    # Two P and two L: replaced for certain, the candidates of OSLO are its four combinations.
    expected = {
        ("Oslo", "and", "Ann"): ("B-L", "O", "B-P"),
        ("Oslo", "and", "Bo", "Li"): ("B-L", "O", "B-P", "I-P"),
        ("Rome", "and", "Ann"): ("B-L", "O", "B-P"),
        ("Rome", "and", "Bo", "Li"): ("B-L", "O", "B-P", "I-P"),
    }
    labelwise = LabelWiseSubstitution(probability=1.0, rounds=200)
    new = [s for s in labelwise.augment([ANN, OSLO], seed=0) if "and" in s.words]
    del expected["Oslo", "and", "Ann"]  # as given
    assert {s.words: s.tags for s in new} == expected


def test_an_entity_is_replaced_with_the_probability() -> None:
    # 400 sentences with an entity, each its own: one that is replaced stays with 1/400.
    names = [Sentence((f"n{i}", "x"), ("B-P", "O")) for i in range(400)]
    labelwise = LabelWiseSubstitution(probability=0.3, rounds=10)
    report = AugmentationReport()
    list(labelwise.augment(names, seed=1, report=report))
    changed = report.candidates - report.dropped["unchanged"]
    expected = 0.3 * 399 / 400
    deviation = sqrt(expected * (1 - expected) / 4000)
    assert report.candidates == 4000
    assert abs(changed / 4000 - expected) < 4 * deviation


def test_new_entities_are_uniform_over_the_different_ones() -> None:
    # "b" stands nine times in the corpus and is as likely as the others.
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


def test_entities_of_a_sentence_are_drawn_one_by_one() -> None:
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


def test_neighbours_of_one_type_stay_two() -> None:
    pair = Sentence(("a", "b", "c"), ("B-P", "I-P", "B-P"))
    for new in LabelWiseSubstitution(probability=1.0, rounds=20).augment([pair], seed=0):
        assert len(new.entities) == 2
        assert set(entity_words(new)) <= {("a", "b"), ("c",)}


def test_fewer_rounds_give_the_first_sentences_of_more() -> None:
    corpus = [ANN, OSLO]
    few = list(LabelWiseSubstitution(rounds=2).augment(corpus, seed=4))
    more = list(LabelWiseSubstitution(rounds=9).augment(corpus, seed=4))
    assert len(few) < len(more)
    assert more[: len(few)] == few


def test_language_is_kept_and_the_place_is_not() -> None:
    given = [Sentence((w, "x"), ("B-P", "O"), "en", ("f", 1)) for w in "ab"]
    (new, *_) = LabelWiseSubstitution(probability=1.0).augment([*given, OSLO], seed=0)
    assert (new.language, new.place) == ("en", None)


def test_a_single_sentence_has_nothing_to_give() -> None:
    report = AugmentationReport()
    assert list(LabelWiseSubstitution().augment([OSLO], seed=0, report=report)) == []
    assert str(report) == "0 of 3 new (unchanged 3)"


@pytest.mark.parametrize("probability", [0.0, -0.1, 1.1])
def test_probabilities_out_of_range_are_refused(probability: float) -> None:
    with pytest.raises(ValueError, match=f"above 0 and at most 1, was: {probability}"):
        LabelWiseSubstitution(probability=probability)


def test_no_rounds_are_refused() -> None:
    with pytest.raises(ValueError, match="`rounds` must be at least 1, was: 0"):
        LabelWiseSubstitution(rounds=0)


class Endless:
    """Many sentences that are made when they are read."""

    def __init__(self, size: int) -> None:
        self.size = size

    def __iter__(self) -> Iterator[Sentence]:
        for i in range(self.size):
            words = (f"n{i % 50}", *(f"w{i}-{j}" for j in range(20)))
            yield Sentence(words, ("B-P", *["O"] * 20))


def test_memory_holds_keys_not_sentences() -> None:
    # 4 000 sentences of 21 words are about 7 MB; two keys of each are below 1.
    tracemalloc.start()
    new = sum(1 for _ in LabelWiseSubstitution(probability=1.0).augment(Endless(4000), seed=0))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert new > 11_000
    assert peak < 3_000_000
