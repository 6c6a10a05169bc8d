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
    """Turn an I- tag that continues nothing into B-, as every reader does."""
    before, repaired = "O", []
    for tag in sentence.tags or ():
        dangles = tag[:2] == "I-" and before[2:] != tag[2:]
        repaired.append(f"B-{tag[2:]}" if dangles else tag)
        before = tag
    return sentence.with_tags(repaired)


class TestRoundTrip:
    @given(tagged)
    @example([[("\ufeff", "O")]])
    def test_what_was_written_reads_back_equal_or_was_refused(
        self, rows: list[list[tuple[str, str]]]
    ) -> None:
        sentences = [
            well_formed(Sentence(tuple(w for w, _ in row), tuple(t for _, t in row)))
            for row in rows
        ]
        try:
            back = round_trip(sentences, labelled=True)
        except ValueError as error:
            assert "A word in a CoNLL file must" in str(error)  # noqa: PT017
            return
        assert back == sentences

    @given(st.lists(st.lists(words, min_size=1), min_size=1))
    @example([["# newdoc"]])
    @example([["\ufeff"]])
    def test_so_do_sentences_without_tags(self, rows: list[list[str]]) -> None:
        sentences = [Sentence(tuple(row)) for row in rows]
        try:
            back = round_trip(sentences, labelled=False)
        except ValueError as error:
            assert "A word in a CoNLL file must" in str(error)  # noqa: PT017
            return
        assert back == sentences

    @given(st.text(st.characters(exclude_characters="\t\n\r\ufeff", exclude_categories=["Cs"])))
    def test_hardly_a_word_is_refused(self, word: str) -> None:
        assume(not word.startswith("-DOCSTART-"))  # the boundary of documents: a test of its own
        sentences = [Sentence((word, "a"), ("O", "B-X"))]
        assert round_trip(sentences, labelled=True) == sentences


class TestFile:
    def test_the_file_has_a_word_a_tab_and_a_tag_a_line(self, tmp_path: Path) -> None:
        write_conll(tmp_path / "new" / "out.conll", SENTENCES)
        expected = b"Ann\tB-PER\nLee\tI-PER\n\n#\tO\n\tO\nNew York\tB-LOC\n\n"
        assert (tmp_path / "new" / "out.conll").read_bytes() == expected
        assert read_conll(tmp_path / "new" / "out.conll") == SENTENCES

    def test_predictions_are_the_last_column(self, tmp_path: Path) -> None:
        path = tmp_path / "out.conll"
        write_conll(path, SENTENCES[:1], predicted=[["B-PER", "O"]])
        assert path.read_text() == "Ann\tB-PER\tB-PER\nLee\tI-PER\tO\n\n"
        assert read_conll(path, tag_column=1) == SENTENCES[:1]

    def test_predictions_alone_are_the_tags_of_untagged_sentences(self) -> None:
        file = io.StringIO()
        write_conll(file, [Sentence(("New York",))], predicted=[("B-LOC",)])
        assert file.getvalue() == "New York\tB-LOC\n\n"

    def test_a_file_appears_whole_or_not_at_all(self, tmp_path: Path) -> None:
        path = tmp_path / "out.conll"
        write_conll(path, SENTENCES)
        with pytest.raises(ValueError, match="A word in a CoNLL file must"):
            write_conll(path, [Sentence(("a",), ("O",)), Sentence(("a\tb",), ("O",))])
        assert read_conll(path) == SENTENCES
        assert [file.name for file in tmp_path.iterdir()] == ["out.conll"]

    def test_a_failed_write_leaves_the_old_file_and_no_other(
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
    def test_a_file_appears_when_all_is_written(self, tmp_path: Path) -> None:
        path = tmp_path / "out.conll"
        with ConllWriter(path) as writer:
            for sentence in SENTENCES:
                writer.write(sentence)
                assert not path.exists()
        assert read_conll(path) == SENTENCES

    def test_an_error_in_between_leaves_nothing(self, tmp_path: Path) -> None:
        def stopped() -> Iterator[Sentence]:
            yield SENTENCES[0]
            raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            write_conll(tmp_path / "out.conll", stopped())
        assert not list(tmp_path.iterdir())

    def test_sentences_are_written_as_they_come(self, tmp_path: Path) -> None:
        partials: list[int] = []

        def watched() -> Iterator[Sentence]:
            for _ in range(2_000):
                yield SENTENCES[0]
                partials.append(sum(file.stat().st_size for file in tmp_path.iterdir()))

        write_conll(tmp_path / "out.conll", watched())
        assert 0 < partials[1_000] < partials[-1]

    def test_only_the_file_begins_with_a_mark_of_its_bytes(self) -> None:
        for word in ("\ufeff", "\ufeffa", "\ufeff\ufeffa", "\ufeff a", "\ufeff\ufeff"):
            sentence = Sentence((word, word), ("O", "O"))
            assert round_trip([sentence] * 2, labelled=True) == [sentence] * 2


class TestBadInput:
    @pytest.mark.parametrize(
        ("word", "condition"),
        [
            ("a\tb", "have no tab and no line end"),
            ("a\nb", "have no tab and no line end"),
            ("a\r", "have no tab and no line end"),
            ("-DOCSTART-", "be no document boundary"),
            ("-DOCSTART- x", "be no document boundary"),
        ],
    )
    def test_words_that_would_not_read_back_are_named(self, word: str, condition: str) -> None:
        with pytest.raises(ValueError, match=rf"A word in a CoNLL file must {condition}") as caught:
            write_conll(io.StringIO(), [Sentence((word,), ("O",))])
        assert repr(word) in str(caught.value)

    @pytest.mark.parametrize("word", ["", "New York"])
    def test_words_alone_in_their_line_have_no_blanks(self, word: str) -> None:
        with pytest.raises(ValueError, match="be neither empty nor hold blanks"):
            write_conll(io.StringIO(), [Sentence((word,))])

    def test_a_file_has_tags_or_has_none(self) -> None:
        with pytest.raises(ValueError, match="must all have tags or all have none, was: both"):
            write_conll(io.StringIO(), [SENTENCES[0], Sentence(("a",))])

    def test_predictions_must_fit(self) -> None:
        with pytest.raises(ValueError, match="must be one per sentence, was: 1 for 2"):
            write_conll(io.StringIO(), SENTENCES, predicted=[["O"]])
        for bad in (["O"], ["O", "PER"]):
            with pytest.raises(ValueError, match="must be IOB2, one for each of the 2 words"):
                write_conll(io.StringIO(), SENTENCES[:1], predicted=[bad])


def test_a_temporary_folder_is_enough() -> None:
    with TemporaryDirectory() as folder:
        write_conll(f"{folder}/a.conll", SENTENCES)
        assert read_conll(f"{folder}/a.conll") == SENTENCES
