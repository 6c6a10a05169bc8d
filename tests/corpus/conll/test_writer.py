import io
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from lowner_pl.corpus import (
    ConllFormat,
    ConllWriter,
    Sentence,
    parse_conll,
    read_conll,
    write_conll,
)

SENTENCES = [
    Sentence(("Ann", "Lee"), ("B-PER", "I-PER")),
    Sentence(("#", "", "New York"), ("O", "O", "B-LOC")),
]

words = st.text(st.characters(exclude_categories=["Cs"])) | st.sampled_from(
    ["#", "# sent_id = 1", "", " ", "\u200f", "\xa0", "\u2028", "-DOCSTART-", "\ufeff", "O", "\r"]
)
tags = st.sampled_from(["O", "B-PER", "I-PER", "B-LOC"])
tagged = st.lists(st.lists(st.tuples(words, tags), min_size=1), min_size=1)


def round_trip(sentences: list[Sentence], *, labelled: bool) -> list[Sentence]:
    file = io.StringIO()
    write_conll(file, sentences)
    return parse_conll(file.getvalue().encode(), "file", ConllFormat(labelled=labelled))


def well_formed(sentence: Sentence) -> Sentence:
    """Turn an I- tag without a beginning into B-, as the reader does."""
    before, repaired = "O", []
    for tag in sentence.tags or ():
        dangles = tag[:2] == "I-" and before[2:] != tag[2:]
        repaired.append(f"B-{tag[2:]}" if dangles else tag)
        before = tag
    return sentence.with_tags(repaired)


class TestRoundTrip:
    @given(tagged)
    @example([[("\ufeff", "O")]])
    def test_tagged_sentences_read_back_equal_or_are_refused(
        self, rows: list[list[tuple[str, str]]]
    ) -> None:
        sentences = [
            well_formed(Sentence(tuple(w for w, _ in row), tuple(t for _, t in row)))
            for row in rows
        ]
        try:
            back = round_trip(sentences, labelled=True)
        except ValueError as error:
            assert "can't be written to a CoNLL file" in str(error)  # noqa: PT017
            return
        assert back == sentences

    @given(st.lists(st.lists(words, min_size=1), min_size=1))
    @example([["# newdoc"]])
    @example([["\ufeff"]])
    def test_untagged_sentences_read_back_equal_or_are_refused(self, rows: list[list[str]]) -> None:
        sentences = [Sentence(tuple(row)) for row in rows]
        try:
            back = round_trip(sentences, labelled=False)
        except ValueError as error:
            assert "can't be written to a CoNLL file" in str(error)  # noqa: PT017
            return
        assert back == sentences

    @given(st.text(st.characters(exclude_characters="\t\n\r\ufeff", exclude_categories=["Cs"])))
    def test_words_of_any_characters_read_back_equal(self, word: str) -> None:
        assume(not word.startswith("-DOCSTART-"))  # document boundaries have their own test
        sentences = [Sentence((word, "a"), ("O", "B-X"))]
        assert round_trip(sentences, labelled=True) == sentences


class TestFile:
    def test_each_line_has_a_word_a_tab_and_a_tag(self, tmp_path: Path) -> None:
        write_conll(tmp_path / "new" / "out.conll", SENTENCES)
        expected = b"Ann\tB-PER\nLee\tI-PER\n\n#\tO\n\tO\nNew York\tB-LOC\n\n"
        assert (tmp_path / "new" / "out.conll").read_bytes() == expected
        assert read_conll(tmp_path / "new" / "out.conll") == SENTENCES

    def test_predictions_are_written_to_the_last_column(self, tmp_path: Path) -> None:
        path = tmp_path / "out.conll"
        write_conll(path, SENTENCES[:1], predicted=[["B-PER", "O"]])
        assert path.read_text() == "Ann\tB-PER\tB-PER\nLee\tI-PER\tO\n\n"
        assert read_conll(path, tag_column=1) == SENTENCES[:1]

    def test_untagged_sentences_are_written_with_their_predictions_only(self) -> None:
        file = io.StringIO()
        write_conll(file, [Sentence(("New York",))], predicted=[("B-LOC",)])
        assert file.getvalue() == "New York\tB-LOC\n\n"

    def test_an_error_keeps_the_previous_file(self, tmp_path: Path) -> None:
        path = tmp_path / "out.conll"
        write_conll(path, SENTENCES)
        with pytest.raises(ValueError, match="can't be written to a CoNLL file"):
            write_conll(path, [Sentence(("a",), ("O",)), Sentence(("a\tb",), ("O",))])
        assert read_conll(path) == SENTENCES
        assert [file.name for file in tmp_path.iterdir()] == ["out.conll"]

    def test_a_full_disk_keeps_the_previous_file(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "out.conll"
        write_conll(path, SENTENCES)

        def fail(*_: Path) -> None:
            raise OSError("No space left on device")

        monkeypatch.setattr(Path, "replace", fail)
        with pytest.raises(OSError, match="No space left"):
            write_conll(path, SENTENCES[:1])
        assert read_conll(path) == SENTENCES
        assert [file.name for file in tmp_path.iterdir()] == ["out.conll"]


class TestStream:
    def test_the_file_appears_when_everything_is_written(self, tmp_path: Path) -> None:
        path = tmp_path / "out.conll"
        with ConllWriter(path) as writer:
            for sentence in SENTENCES:
                writer.write(sentence)
                assert not path.exists()
        assert read_conll(path) == SENTENCES

    def test_an_interruption_leaves_no_file(self, tmp_path: Path) -> None:
        def stopped() -> Iterator[Sentence]:
            yield SENTENCES[0]
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            write_conll(tmp_path / "out.conll", stopped())
        assert not list(tmp_path.iterdir())

    def test_sentences_are_written_one_by_one(self, tmp_path: Path) -> None:
        partials: list[int] = []

        def watched() -> Iterator[Sentence]:
            for _ in range(2_000):
                yield SENTENCES[0]
                partials.append(sum(file.stat().st_size for file in tmp_path.iterdir()))

        write_conll(tmp_path / "out.conll", watched())
        assert 0 < partials[1_000] < partials[-1]

    def test_words_that_begin_with_a_byte_order_mark_read_back_equal(self) -> None:
        for word in ("\ufeff", "\ufeffa", "\ufeff\ufeffa", "\ufeff a", "\ufeff\ufeff"):
            sentence = Sentence((word, word), ("O", "O"))
            assert round_trip([sentence] * 2, labelled=True) == [sentence] * 2


class TestBadInput:
    @pytest.mark.parametrize(
        ("word", "problem"),
        [
            ("a\tb", "contains a tab or a line end"),
            ("a\nb", "contains a tab or a line end"),
            ("a\r", "contains a tab or a line end"),
            ("-DOCSTART-", "marks the start of a document"),
            ("-DOCSTART- x", "marks the start of a document"),
        ],
    )
    def test_words_that_would_not_read_back_are_refused_by_name(
        self, word: str, problem: str
    ) -> None:
        with pytest.raises(ValueError, match=f"to a CoNLL file: it {problem}") as caught:
            write_conll(io.StringIO(), [Sentence((word,), ("O",))])
        assert repr(word) in str(caught.value)

    @pytest.mark.parametrize("word", ["", "New York"])
    def test_without_tags_empty_words_and_words_with_spaces_are_refused(self, word: str) -> None:
        with pytest.raises(ValueError, match=r"(is empty|contains a space) and has no tag"):
            write_conll(io.StringIO(), [Sentence((word,))])

    def test_a_mixture_of_tagged_and_untagged_sentences_is_refused(self) -> None:
        with pytest.raises(ValueError, match="Some sentences have tags and others have none"):
            write_conll(io.StringIO(), [SENTENCES[0], Sentence(("a",))])

    def test_missing_predictions_and_predictions_that_are_not_iob2_are_refused(self) -> None:
        with pytest.raises(ValueError, match="There are 1 predictions for 2 sentences"):
            write_conll(io.StringIO(), SENTENCES, predicted=[["O"]])
        for bad in (["O"], ["O", "PER"]):
            with pytest.raises(ValueError, match="are not one IOB2 tag for each of the 2 words"):
                write_conll(io.StringIO(), SENTENCES[:1], predicted=[bad])


def test_a_path_can_be_a_string() -> None:
    with TemporaryDirectory() as folder:
        write_conll(f"{folder}/a.conll", SENTENCES)
        assert read_conll(f"{folder}/a.conll") == SENTENCES
