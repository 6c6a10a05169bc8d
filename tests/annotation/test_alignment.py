import pytest

from lowner_pl.annotation.alignment import OnMisaligned, sentences_of
from lowner_pl.annotation.documents import Document, Span
from lowner_pl.annotation.notes import Notes
from lowner_pl.tagging.splitting.splitter import Splitter

TEXT = "Wangari Maathai was born in Nyeri."


def aligned(
    document: Document, on_misaligned: OnMisaligned = "skip"
) -> tuple[list[list[str]], list[str]]:
    """Return the tagged words of each sentence as ``word/tag``, and what was noted."""
    notes = Notes()
    found = list(sentences_of(document, Splitter(), on_misaligned, notes))
    rows = [
        [f"{w}/{t}" if t != "O" else w for w, t in zip(s.words, s.tags or (), strict=True)]
        for s in found
    ]
    return rows, [line.partition(": ")[2] for line in notes.lines()]


def entities(*spans: Span, on_misaligned: OnMisaligned = "skip") -> tuple[list[str], list[str]]:
    """Return the tagged words of the text that are in entities, and what was noted."""
    (row,), notes = aligned(Document(TEXT, spans, place="a"), on_misaligned)
    return [word for word in row if "/" in word], notes


def test_whole_words_become_tags_whatever_white_space_was_marked() -> None:
    expected: tuple[list[str], list[str]] = ["Wangari/B-PER", "Maathai/I-PER", "Nyeri/B-LOC"], []
    assert entities(Span(0, 15, "PER"), Span(28, 33, "LOC")) == expected
    assert entities(Span(0, 16, "PER"), Span(27, 33, "LOC")) == expected


@pytest.mark.parametrize(
    ("on_misaligned", "words", "done"),
    [
        ("skip", [], "left out"),
        ("error", [], "left out"),
        ("shrink", ["Maathai/B-PER"], "shrunk to 'Maathai'"),
        ("expand", ["Wangari/B-PER", "Maathai/I-PER"], "expanded to 'Wangari Maathai'"),
    ],
)
def test_spans_that_cut_words(on_misaligned: OnMisaligned, words: list[str], done: str) -> None:
    found, notes = entities(Span(3, 15, "PER"), on_misaligned=on_misaligned)
    assert found == words
    assert notes == [f"PER at 3-15, 'gari Maathai', cuts 'Wangari': {done}"]


def test_a_span_inside_one_word_can_only_grow() -> None:
    said = "PER at 1-4, 'ang', is only a part of 'Wangari': "
    assert entities(Span(1, 4, "PER"), on_misaligned="shrink") == ([], [f"{said}left out"])
    assert entities(Span(1, 4, "PER"), on_misaligned="expand") == (
        ["Wangari/B-PER"],
        [f"{said}expanded to 'Wangari'"],
    )


def test_of_overlapping_spans_the_longest_stays() -> None:
    found, notes = entities(
        Span(8, 15, "PER"),
        Span(0, 15, "PER"),
        Span(0, 15, "ORG"),
        Span(8, 19, "X"),
        Span(0, 15, "PER"),
    )
    assert found == ["Wangari/B-PER", "Maathai/I-PER"]
    assert notes == [
        "ORG at 0-15, 'Wangari Maathai', is also PER: left out",
        "X at 8-19, 'Maathai was', overlaps PER 'Wangari Maathai': left out",
        "PER at 8-15, 'Maathai', lies inside PER 'Wangari Maathai': left out",
        "spans that are marked twice (1)",
    ]


def test_a_span_of_white_space_holds_no_word() -> None:
    assert entities(Span(7, 8, "PER"))[1] == ["PER at 7-8, ' ', holds no word: left out"]


def test_neighbours_of_one_type_stay_two_entities() -> None:
    document = Document("Ada Ben", (Span(0, 3, "PER"), Span(4, 7, "PER")))
    assert aligned(document) == ([["Ada/B-PER", "Ben/B-PER"]], [])


def test_no_sentence_ends_inside_an_entity() -> None:
    text = "She wrote Why? Because. He read it."
    document = Document(text, (Span(10, 22, "WORK"),), place="a")
    rows, notes = aligned(document)
    assert rows == [
        ["She", "wrote", "Why/B-WORK", "?/I-WORK", "Because/I-WORK", "."],
        ["He", "read", "it", "."],
    ]
    assert notes == ["A sentence would end inside an entity, at 15: it goes on instead"]
    assert len(aligned(Document(text))[0]) == 3


def test_sentences_of_the_input_are_joined_too() -> None:
    document = Document("a b c", (Span(2, 5, "X"),), ((0, 1), (2, 3), (4, 5)), (0, 1, 2), place="a")
    assert aligned(document) == (
        [["a"], ["b/B-X", "c/I-X"]],
        ["A sentence would end inside an entity, 1 time: it goes on instead"],
    )


def test_words_of_the_input_are_kept_and_long_texts_split_into_sentences() -> None:
    text = "Jean-Luc left. He came."
    words = ((0, 4), (4, 5), (5, 8), (9, 13), (13, 14), (15, 17), (18, 22), (22, 23))
    rows, _ = aligned(Document(text, (Span(0, 8, "PER"),), words))
    assert rows == [
        ["Jean/B-PER", "-/I-PER", "Luc/I-PER", "left", "."],
        ["He", "came", "."],
    ]
    rows, _ = aligned(Document(text, (), words, (0,)))
    assert len(rows) == 1


def test_a_text_without_words_becomes_no_sentence() -> None:
    assert aligned(Document(" \n")) == ([], ["texts without words (1)"])


def test_letters_beside_the_words_are_not_lost_silently() -> None:
    document = Document("a-b", (Span(0, 3, "X"),), ((1, 2),), (0,), place="a")
    assert aligned(document, "expand") == (
        [["-/B-X"]],
        ["X at 0-3, 'a-b', begins or ends beside the words: expanded to '-'"],
    )
