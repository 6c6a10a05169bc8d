import pickle
from dataclasses import FrozenInstanceError

import pytest

from lowner_pl.corpus import Entity, Sentence, count_types


def test_a_sentence_knows_its_entities() -> None:
    sentence = Sentence(("New", "York", "sleeps"), ("B-LOC", "I-LOC", "O"), "en")
    assert sentence.entities == (Entity(0, 2, "LOC"),)


def test_a_sentence_stays_on_the_host() -> None:
    sentence = Sentence(("a",))
    assert sentence.to("cuda:0") is sentence


def test_a_sentence_is_immutable_hashable_and_goes_to_other_processes() -> None:
    sentence = Sentence(("a",), ("O",), "en", ("file", 3))
    with pytest.raises(FrozenInstanceError):
        sentence.language = "de"  # type: ignore[misc]
    assert pickle.loads(pickle.dumps(sentence)) == sentence
    assert len({sentence, Sentence(("a",), ("O",), "en")}) == 1


def test_the_place_in_a_file_is_no_part_of_equality() -> None:
    assert Sentence(("a",), place=("file", 3)) == Sentence(("a",))


def test_other_tags_keep_the_rest() -> None:
    sentence = Sentence(("a",), ("O",), "en", ("file", 3)).with_tags(["B-PER"])
    assert sentence == Sentence(("a",), ("B-PER",), "en")
    assert sentence.place == ("file", 3)
    assert sentence.with_tags(None).tags is None


def test_empty_and_blank_words_are_legal() -> None:
    assert Sentence(("", "\u200f", "New York"), ("O", "B-X", "I-X")).words[0] == ""


def test_a_sentence_without_words_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1 word, was: 0"):
        Sentence(())


def test_tags_of_another_length_are_refused() -> None:
    with pytest.raises(ValueError, match="one tag per word, was: 1 tags for 2 words in 'a b'"):
        Sentence(("a", "b"), ("O",))


@pytest.mark.parametrize("tag", ["PER", "E-PER", "B-", "I", "", "b-PER", "B-\tX", "B- X", "o"])
def test_tags_that_are_not_iob2_are_refused(tag: str) -> None:
    with pytest.raises(ValueError, match="A tag must be 'O', 'B-<type>' or 'I-<type>', was"):
        Sentence(("a",), (tag,))


def test_other_entity_types_become_outside() -> None:
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


def test_entities_need_tags() -> None:
    with pytest.raises(ValueError, match="needs tags to have entities, was: 'a' without tags"):
        _ = Sentence(("a",)).entities
