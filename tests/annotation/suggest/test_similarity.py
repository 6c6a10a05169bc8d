import pytest

from lowner_pl.annotation.suggest.similarity import KnownSentences, folded

LONG = ["the", "governor", "of", "Lagos", "opened", "the", "new", "market", "on", "Monday"]


def test_case_punctuation_digits_and_splitting_do_not_matter() -> None:
    known = KnownSentences([["Nairobi", "'s", "Airport", ":", "2", "flights", "in", "1958", "."]])
    assert known.resembles(["nairobi's", "airport", "4", "flights", "in", "2019"])
    assert not known.resembles(["nairobi's", "airport", "four", "flights", "in", "2019"])


def test_a_sentence_with_one_word_of_ten_replaced_is_a_near_duplicate() -> None:
    # Nine different words and nine pairs. One replaced word leaves 8 words and 7 pairs: 15/18.
    # Two that are not neighbours leave 7 and 5: 12/18.
    known = KnownSentences([LONG])
    assert len(set(LONG)) == 9
    assert known.resembles([*LONG[:3], "Kano", *LONG[4:]])
    assert not known.resembles([*LONG[:3], "Kano", *LONG[4:7], "bridge", *LONG[8:]])


def test_a_part_is_a_near_duplicate_of_the_whole_but_not_the_other_way_round() -> None:
    assert KnownSentences([LONG]).resembles(LONG[:5])
    assert not KnownSentences([LONG[:5]]).resembles(LONG)


def test_parts_of_different_known_sentences_do_not_add_up() -> None:
    known = KnownSentences([LONG[:5], LONG[5:]])
    assert not known.resembles(LONG)
    known.add(LONG)
    assert known.resembles(LONG)


def test_the_order_of_words_matters() -> None:
    assert not KnownSentences([["a", "b", "c", "d"]]).resembles(["d", "c", "b", "a"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (["北京", "很", "大"], ["北", "京", "很", "大"]),
        (["ภาษาไทย", "ดี"], ["ภาษา", "ไทยดี"]),
    ],
)
def test_scripts_without_spaces_are_compared_by_character(one: list[str], other: list[str]) -> None:
    assert KnownSentences([one]).resembles(other)
    assert not KnownSentences([one]).resembles(["上海", "小", "กขค"])


def test_marks_belong_to_their_letters() -> None:
    assert folded(["हिन्दी", "e\u0301té"]) == ("हिन्दी", "e\u0301té")


def test_punctuation_alone_is_compared_as_it_is() -> None:
    known = KnownSentences([["…", "!"]])
    assert known.resembles(["…", "!"])
    assert not known.resembles(["?"])
    assert not KnownSentences().resembles(["?"])


def test_four_fifths_are_enough() -> None:
    # Three words and two pairs, of which the pair "b c" is missing.
    assert KnownSentences([["a", "b", "x", "c"]]).resembles(["a", "b", "c"])
