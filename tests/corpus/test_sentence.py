import pickle
from dataclasses import FrozenInstanceError

import pytest

from lowner_pl.corpus import Entity, Sentence, count_types


def test_a_sentence_knows_its_entities() -> None:
    sentence = Sentence(("New", "York", "sleeps"), ("B-LOC", "I-LOC", "O"), "en")
    assert sentence.entities == (Entity(0, 2, "LOC"),)


def test_moving_a_sentence_to_a_device_returns_the_sentence_itself() -> None:
    sentence = Sentence(("a",))
    assert sentence.to("cuda:0") is sentence


def test_a_sentence_is_immutable_hashable_and_picklable() -> None:
    sentence = Sentence(("a",), ("O",), "en", ("file", 3))
    with pytest.raises(FrozenInstanceError):
        sentence.language = "de"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(sentence)) == sentence
    assert len({sentence, Sentence(("a",), ("O",), "en")}) == 1


def test_sentences_from_different_places_can_be_equal() -> None:
    assert Sentence(("a",), place=("file", 3)) == Sentence(("a",))


def test_replacing_tags_keeps_words_language_and_place() -> None:
    sentence = Sentence(("a",), ("O",), "en", ("file", 3)).with_tags(["B-PER"])
    assert sentence == Sentence(("a",), ("B-PER",), "en")
    assert sentence.place == ("file", 3)
    assert sentence.with_tags(None).tags is None


def test_words_may_be_empty_or_contain_spaces() -> None:
    assert Sentence(("", "\u200f", "New York"), ("O", "B-X", "I-X")).words[0] == ""


def test_a_sentence_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="has no words"):
        Sentence(())


def test_a_missing_tag_is_refused() -> None:
    with pytest.raises(ValueError, match="'a b' has 2 words but 1 tags"):
        Sentence(("a", "b"), ("O",))


@pytest.mark.parametrize("tag", ["PER", "E-PER", "B-", "I", "", "b-PER", "B-\tX", "B- X", "o"])
def test_tags_that_are_not_iob2_are_refused(tag: str) -> None:
    with pytest.raises(ValueError, match="is not an IOB2 tag"):
        Sentence(("a",), (tag,))


def test_restricting_to_types_turns_other_entities_into_outside_words() -> None:
    sentence = Sentence(("a", "b", "c", "d"), ("B-X", "I-X", "B-Y-Z", "O"), "sw", ("f", 3))
    assert sentence.restricted_to(["Y-Z"]) == sentence.with_tags(("O", "O", "B-Y-Z", "O"))
    assert sentence.restricted_to(["Y-Z"]).place == ("f", 3)
    assert sentence.restricted_to(["X", "Y-Z"]) is sentence
    assert sentence.restricted_to(()).tags == ("O",) * 4
    assert Sentence(("a",)).restricted_to(["X"]) == Sentence(("a",))


def test_entities_are_counted_by_type() -> None:
    sentences = [Sentence(("a", "b"), ("B-Y", "B-X")), Sentence(("a", "b"), ("B-Y", "I-Y"))]
    assert list(count_types(sentences).items()) == [("X", 1), ("Y", 2)]
    assert count_types(sentences, without=["Y"]) == {"X": 1}


def test_asking_an_untagged_sentence_for_entities_is_an_error() -> None:
    with pytest.raises(ValueError, match="'a' has no tags"):
        _ = Sentence(("a",)).entities
