import pytest

from lowner_pl.annotation.documents import Document, Span
from lowner_pl.annotation.joining import (
    document_of,
    find_words,
    join_words,
    joined_by_line,
    words_of,
)
from lowner_pl.corpus import Sentence


@pytest.mark.parametrize(
    ("words", "text"),
    [
        (["Ada", ",", "Nyeri"], "Ada , Nyeri"),
        (["在", "2008", "年", "Go", "。"], "在 2008 年 Go 。"),
        (["กรุงเทพ", "มหานคร"], "กรุงเทพมหานคร"),
        (["မြန်မာ", "နိုင်ငံ", "။"], "မြန်မာနိုင်ငံ။"),
        (["東京", "タワー", "、", "서울", "시"], "東京タワー、 서울 시"),
        (["", "a", " "], " a  "),
        ([], ""),
    ],
)
def test_words_are_joined_as_their_script_is_written(words: list[str], text: str) -> None:
    joined, places = join_words(words)
    assert joined == text
    assert [text[start:end] for start, end in places] == words
    assert find_words(words, text) == places


def test_words_are_found_in_texts_that_others_joined() -> None:
    assert find_words(["Ada", ",", "b"], " Ada,\n\u3000b ") == ((1, 4), (4, 5), (7, 8))
    assert find_words(["Ada"], "Ada b") is None
    assert find_words(["Ada", "c"], "Ada b c") is None


def test_a_sentence_becomes_a_document() -> None:
    sentence = Sentence(("Ada", "B", "left"), ("B-PER", "B-PER", "O"), place=("a.conll", 3))
    document = document_of(sentence)
    assert document == Document(
        "Ada B left",
        (Span(0, 3, "PER"), Span(4, 5, "PER")),
        ((0, 3), (4, 5), (6, 10)),
        (0,),
    )
    assert (document.place, words_of(document)) == ("a.conll, line 3", ["Ada", "B", "left"])
    assert document_of(Sentence(("Ada",))).state == "open"


def test_documents_are_joined_by_line() -> None:
    one = Document("a b", (Span(2, 3, "X"),), ((0, 1), (2, 3)), (0,))
    two = Document("c", (Span(0, 1, "Y", 0.5, ((0, 1),)),), ((0, 1),), (0,))
    assert joined_by_line([one, two]) == Document(
        "a b\nc",
        (Span(2, 3, "X"), Span(4, 5, "Y", 0.5, ((4, 5),))),
        ((0, 1), (2, 3), (4, 5)),
        (0, 2),
    )


@pytest.mark.parametrize(
    ("words", "sentences", "message"),
    [
        (((0, 2), (1, 3)), (), "overlaps the word before it, or lies outside the text of 3"),
        (((0, 4),), (), "The word at 0 to 4"),
        (((0, 1),), (1,), r"begin at the words \(1,\), but there are 1 words"),
        (((0, 1), (1, 2)), (0, 0), r"begin at the words \(0, 0\)"),
    ],
)
def test_impossible_words_are_refused(
    words: tuple[tuple[int, int], ...], sentences: tuple[int, ...], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        Document("abc", (), words, sentences)
