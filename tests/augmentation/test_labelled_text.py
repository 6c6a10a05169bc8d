import pytest

from lowner_pl.augmentation import Token, TokenVocabulary, labelled, parsed
from lowner_pl.corpus import Sentence

ANN = Sentence(("Ann", "Lee", "met", "B-PER", "in", "Rome"), ("B-P", "I-P", "O", "O", "O", "B-L"))


def tokens(text: str) -> list[Token]:
    """Convert text to tokens; words in brackets are labels."""
    return [Token(t.strip("[]"), is_label=t.startswith("[")) for t in text.split()]


def test_a_label_precedes_each_word_of_an_entity() -> None:
    # The word "B-PER" is not a label.
    assert labelled(ANN) == tokens("[B-P] Ann [I-P] Lee met B-PER in [B-L] Rome")


def test_parsing_undoes_labelling() -> None:
    assert parsed(labelled(ANN)) == ANN
    assert parsed(labelled(ANN), language="en") == Sentence(ANN.words, ANN.tags, "en")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no_words"),
        ("[B-P]", "no_words"),
        ("Ann [B-P]", "label_without_word"),
        ("[B-P] [B-P] Ann", "label_without_word"),
        ("[B-P] Ann [B-L] [I-L] Rome", "label_without_word"),
        ("[I-P] Ann", "illegal_tags"),
        ("[B-P] Ann met [I-P] Lee", "illegal_tags"),
        ("[B-P] Ann [I-L] Rome", "illegal_tags"),
        ("[B-P] Ann [I-P] Lee [I-L] Rome", "illegal_tags"),
        ("Ann met Lee", "no_entity"),
        ("[B-P] <unk>", "unknown_words"),
        ("[B-P] <unk> <unk>", "unknown_words"),
    ],
)
def test_malformed_sequences_are_rejected_with_the_reason(text: str, reason: str) -> None:
    assert parsed(tokens(text)) == reason


def test_sentences_with_unknown_words_are_kept_or_dropped_as_requested() -> None:
    row = tokens("[B-P] <unk> left")
    assert parsed(row) == Sentence(("<unk>", "left"), ("B-P", "O"))
    assert parsed(row, unknown="drop") == "unknown_words"
    assert parsed(tokens("[B-P] Ann left"), unknown="drop") == Sentence(
        ("Ann", "left"), ("B-P", "O")
    )


def test_neighbouring_entities_of_the_same_type_stay_separate() -> None:
    sentence = parsed(tokens("[B-P] Ann [B-P] Bo [I-P] Li"))
    assert isinstance(sentence, Sentence)
    assert sentence.tags == ("B-P", "B-P", "I-P")


def test_a_vocabulary_has_all_labels_and_the_words_that_occur_twice() -> None:
    other = Sentence(("Ann", "met", "Oz", "met"), ("B-P", "O", "O", "O"))
    vocabulary = TokenVocabulary.of([ANN, other])
    assert vocabulary.words == ["Ann", "met"]
    assert vocabulary.labels == ["B-L", "B-P", "I-P"]
    assert len(vocabulary) == 2 + 3 + 2
    ids = vocabulary.encode(tokens("[B-P] Ann Rome met B-P [I-L]"))
    assert ids == [3, 5, 1, 6, 1, 1]
    assert vocabulary.decode(ids[:4]) == tokens("[B-P] Ann <unk> met")


def test_a_vocabulary_can_be_rebuilt_from_its_labels_and_words() -> None:
    one = TokenVocabulary.of([ANN, ANN])
    again = TokenVocabulary(one.labels, one.words)
    assert again.encode(labelled(ANN)) == one.encode(labelled(ANN))


@pytest.mark.parametrize(
    ("sentence", "problem"),
    [
        (Sentence(("a", "a"), ("O", "O")), "have no entities"),
        (Sentence(("a", "b"), ("B-P", "O")), "have no word that occurs twice"),
    ],
)
def test_sentences_without_a_vocabulary_are_refused(sentence: Sentence, problem: str) -> None:
    with pytest.raises(ValueError, match=f"The training sentences {problem}"):
        TokenVocabulary.of([sentence])


def test_untagged_sentences_are_refused() -> None:
    with pytest.raises(ValueError, match="'a b' has no tags, so it can't be labelled"):
        labelled(Sentence(("a", "b")))
