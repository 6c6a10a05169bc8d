import time
import tracemalloc
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from lowner_pl.corpus import ConllFile, ConllFormat, Scheme, Sentence, parse_conll, read_conll

HERE = "folder/file.conll"


def parse(text: str, language: str | None = None, **form: object) -> list[Sentence]:
    read = parse_conll(text.encode(), HERE, ConllFormat(**form), language=language)  # type: ignore[arg-type]
    assert streamed(text.encode(), language, **form) == read
    return read


def streamed(data: bytes, language: str | None = None, **form: object) -> list[Sentence]:
    """Return the sentences of a file with these bytes, having gone through it twice."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file.conll"
        path.write_bytes(data)
        file = ConllFile(path, ConllFormat(**form), language=language)  # type: ignore[arg-type]
        sentences = list(file)
        assert list(file) == sentences
        assert len(file) == len(sentences)
        assert all(s.place and s.place[0] == str(path) for s in sentences)
    return sentences


ANN_IN_ROME = [
    Sentence(("Ann", "Lee", "left"), ("B-PER", "I-PER", "O")),
    Sentence(("Rome", "#"), ("B-LOC", "O")),
]


class TestFormats:
    @pytest.mark.parametrize(
        "text",
        [
            "Ann\tB-PER\nLee\tI-PER\nleft\tO\n\nRome\tB-LOC\n#\tO\n\n",
            "Ann B-PER\nLee I-PER\nleft O\n\nRome B-LOC\n# O\n",  # blanks
            "Ann  B-PER\nLee  I-PER\nleft    O\n\nRome  B-LOC\n#  O",  # aligned; no final newline
            "\ufeffAnn\tB-PER\r\nLee\tI-PER\r\nleft\tO\r\n\r\nRome\tB-LOC\r\n#\tO\r\n",  # BOM, CRLF
            "\n\n \nAnn NNP I-PER\nLee NNP I-PER\nleft VB O\n\t\n\nRome NNP I-LOC\n# X O\n\n\n",
            "-DOCSTART- -X- O O\n\nAnn N NP I-PER\nLee N NP I-PER\nleft V VP O\n\n"
            "Rome N NP I-LOC\n# N NP O\n",
            "-DOCSTART- O\nAnn I-PER\nLee I-PER\nleft O\n-DOCSTART- O\nRome I-LOC\n# O\n",
            "-DOCSTART-\n\nAnn\tB-PER\nLee\tL-PER\nleft\tO\n\nRome\tU-LOC\n#\tO\n",
            "Ann PER\nLee PER\nleft O\n\nRome LOC\n# O\n",
            "Ann B-PER\nLee E-PER\nleft O\n\nRome S-LOC\n# O\n",
        ],
    )
    def test_the_same_sentences_in_other_spellings(self, text: str) -> None:
        assert parse(text) == ANN_IN_ROME

    def test_columns_can_be_chosen_from_either_end(self) -> None:
        text = "1\tAnn\tB-PER\tO\n2\tleft\tO\tO\n"
        for word, tag in ((1, 2), (-3, -2)):
            sentences = parse(text, word_column=word, tag_column=tag)
            assert sentences == [Sentence(("Ann", "left"), ("B-PER", "O"))]

    def test_tags_can_be_left_alone(self) -> None:
        assert parse("Ann\nleft\n", labelled=False) == [Sentence(("Ann", "left"))]
        assert parse("Ann\tnonsense\n", labelled=False) == [Sentence(("Ann",))]

    def test_another_encoding_can_be_given(self, tmp_path: Path) -> None:
        path = tmp_path / "latin.conll"
        path.write_bytes("Jürgen\tB-PER\n".encode("latin-1"))
        assert read_conll(path, encoding="latin-1")[0].words == ("Jürgen",)

    def test_a_sentence_knows_its_line(self) -> None:
        first, second = parse("# sent_id = 1\n\nAnn\tO\n-DOCSTART-\n\n\nLee\tO\n")
        assert (first.place, second.place) == ((HERE, 3), (HERE, 7))

    def test_a_scheme_is_decided_by_the_file(self) -> None:
        # Alone, the second sentence is legal IOB1 and legal IO.
        (_, second) = parse("a B-X\nb I-X\n\nc I-X\nd I-X\n", scheme=None)
        assert second.tags == ("B-X", "I-X")

    @pytest.mark.parametrize("scheme", ["iob1", "iob2", "iobes", "bilou"])
    def test_a_scheme_can_be_given(self, scheme: Scheme) -> None:
        assert parse("a B-X\nb I-X\n", scheme=scheme)[0].tags == ("B-X", "I-X")


class TestWords:
    @pytest.mark.parametrize(
        "word",
        ["\u200f", "\xa0", "\xad", "\u2028", "\x85", "\x0b", "\x1c", "#", "", "New York", '"'],
    )
    def test_odd_words_are_words(self, word: str) -> None:
        assert parse(f"a\tO\n{word}\tB-X\nb\tO\n")[0].words == ("a", word, "b")

    @pytest.mark.parametrize("word", ["\u200f", "\xa0", "\u2028", "\u3000", "#"])
    def test_odd_words_are_words_between_blanks_too(self, word: str) -> None:
        assert parse(f"{word} B-X\nb O\n")[0].words == (word, "b")

    def test_a_word_may_begin_like_a_document(self) -> None:
        assert parse("-DOCSTART-s\tO\n")[0].words == ("-DOCSTART-s",)


class TestComments:
    CONLLU = (
        "# newdoc\n# sent_id = 1\n# text = # Ann\n1\t#\tO\n2\tAnn\tB-PER\n\n"
        "# sent_id = 2\n1\tLee\tO\n"
    )

    def test_a_file_that_begins_as_conllu_has_comments(self) -> None:
        first, second = parse(self.CONLLU, word_column=1)
        assert (first.words, second.words) == (("#", "Ann"), ("Lee",))

    def test_a_word_in_the_first_column_is_no_comment_if_a_tab_follows(self) -> None:
        assert parse("# sent_id = 1\n#\tO\n# note\nAnn\tO\n")[0].words == ("#", "Ann")

    def test_other_files_have_comments_only_when_told(self) -> None:
        text = "# O\nAnn O\n"
        assert parse(text)[0].words == ("#", "Ann")
        assert parse(text, comments=True)[0].words == ("Ann",)
        assert parse("#\thttp://source\n1\tAnn\tO\n", comments=True, word_column=1)[0].words == (
            "Ann",
        )

    def test_comments_can_be_denied(self) -> None:
        with pytest.raises(
            ValueError, match=f"{HERE}:4: A line must have a word and a tag, 4 columns like"
        ):
            parse("# sent_id = 1\n# text = 2\n# text = 3\nAnn O\n", comments=False)


class TestLanguagePrefix:
    def test_a_prefix_that_every_word_has_is_removed(self) -> None:
        (sentence,) = parse("sw:Juma\tB-PER\nsw:\tO\nsw:sw:a\tO\n", language="sw")
        assert sentence.words == ("Juma", "", "sw:a")

    def test_a_prefix_that_some_words_have_is_part_of_them(self) -> None:
        text = "sw:Juma\tB-PER\nna\tO\n"
        assert parse(text, language="sw")[0].words == ("sw:Juma", "na")

    def test_without_the_language_or_with_another_nothing_is_removed(self) -> None:
        text = "sw:Juma\tB-PER\n"
        assert parse(text)[0].words == parse(text, language="en")[0].words == ("sw:Juma",)


class TestBadInput:
    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"must exist, was: '.*none\.conll'\. Check"):
            read_conll(tmp_path / "none.conll")

    def test_a_folder_is_no_file(self, tmp_path: Path) -> None:
        with pytest.raises(IsADirectoryError, match="must be a file, was: the folder"):
            read_conll(tmp_path)

    @pytest.mark.parametrize(
        "text", ["", "\n\n", " \n", "-DOCSTART- O\n\n", "\ufeff", "# text = a\n"]
    )
    def test_an_empty_file_is_refused(self, text: str) -> None:
        with pytest.raises(
            ValueError, match=f"^{HERE}: A corpus file must hold sentences, was: empty. Check"
        ):
            parse(text)

    @pytest.mark.parametrize(
        "text",
        [
            "a O\n\nb O\nAnn\n",
            "a\tO\n\nb\tO\nAnn\n",
            "a\tO\n\nb\tO\nAnn\t\n",
            "a x O\n\nb x O\nAnn x\n",
        ],
    )
    def test_a_word_without_a_tag_is_refused_with_its_line(self, text: str) -> None:
        with pytest.raises(ValueError, match=rf"^{HERE}:4: A line must have .*, was: 'Ann"):
            parse(text)

    def test_a_file_without_tags_is_refused_with_the_remedy(self) -> None:
        with pytest.raises(
            ValueError, match=f"^{HERE}:1: .* a word and a tag, was: 'Ann'.*`tag_column`"
        ):
            parse("Ann\nLee\n")

    def test_columns_that_do_not_exist_are_refused(self) -> None:
        with pytest.raises(
            ValueError, match=f"^{HERE}:1: A line must have a column 3 for the word"
        ):
            parse("Ann O\n", word_column=3)
        with pytest.raises(ValueError, match=f"^{HERE}:1: A line must have a word and a tag"):
            parse("Ann O\n", tag_column=5)

    def test_a_word_with_a_blank_needs_tabs(self) -> None:
        with pytest.raises(ValueError, match=f"^{HERE}:2: .* 2 columns like line 1, .*need tabs"):
            parse("Ann O\nNew York B-LOC\n")

    def test_an_unknown_tag_scheme_is_refused_with_its_line(self) -> None:
        with pytest.raises(ValueError, match=f"^{HERE}:4: A tag must .*, was: 'X-LOC'"):
            parse("a B-PER\n\nb O\nc X-LOC\n")

    def test_a_mixture_of_schemes_is_refused_with_its_line(self) -> None:
        with pytest.raises(ValueError, match=rf"^{HERE}:3: .*\(tags so far: B-\), was: 'LOC'"):
            parse("a B-PER\n\nb LOC\n")

    def test_parts_of_speech_are_no_entity_types(self) -> None:
        with pytest.raises(
            ValueError, match=f"^{HERE}:1: .* must have words tagged 'O', was: 'NN'"
        ):
            parse("a NN\nb VB\n")

    def test_a_tag_outside_the_given_scheme_is_refused_with_its_line(self) -> None:
        with pytest.raises(
            ValueError, match=f"^{HERE}:2: A tag must fit the scheme iob2, was: 'S-X'"
        ):
            parse("a B-X\nb S-X\n", scheme="iob2")

    def test_bytes_that_are_not_text_are_refused_with_their_line(self) -> None:
        data = "a\tO\n\nJürgen\tB-PER\n".encode("latin-1")
        with pytest.raises(
            ValueError, match=f"^{HERE}:3: Text must be utf-8, was: byte 0xfc.*encoding"
        ):
            parse_conll(data, HERE, ConllFormat())
        with pytest.raises(ValueError, match=r"file\.conll:3: Text must be utf-8, was: byte 0xfc"):
            streamed(data)
        assert streamed(data, encoding="latin-1")[1].words == ("Jürgen",)

    def test_an_unknown_encoding_is_refused(self) -> None:
        with pytest.raises(ValueError, match="must be one that Python knows, was: 'utf-9'"):
            parse("a O\n", encoding="utf-9")

    def test_long_lines_are_shown_in_part(self) -> None:
        with pytest.raises(ValueError, match=r"was: 'x{80}…'") as caught:
            parse("x" * 100_000)
        assert len(str(caught.value)) < 300


class TestSize:
    def test_a_sentence_of_20_000_words_and_a_word_of_5_000_characters_are_read(self) -> None:
        data = ("x\tB-X\n" * 20_000 + "y" * 5_000 + "\tO\n\n").encode()
        with pytest.warns(UserWarning, match=r":1: The file is one sentence of 20,001 words\."):
            (sentence,) = parse_conll(data, HERE, ConllFormat())
        assert len(sentence.words) == 20_001
        assert len(sentence.entities) == 20_000
        assert len(sentence.words[-1]) == 5_000

    def test_100_000_sentences_are_read_within_seconds(self) -> None:
        text = "".join(f"word{i % 7}\t{'B-PER' if i % 7 == 3 else 'O'}\n" for i in range(12)) + "\n"
        data = (text * 100_000).encode()
        begin = time.perf_counter()
        assert len(parse_conll(data, HERE, ConllFormat())) == 100_000
        assert time.perf_counter() - begin < 20

    def test_a_streamed_file_is_never_held(self, tmp_path: Path) -> None:
        assert _peak(tmp_path, 8_000) < 1.2 * _peak(tmp_path, 1_000) + 20_000


class TestStreamed:
    @pytest.mark.parametrize("text", ["a\tB-X\nb\n", "a\tNNP\n", "", "a\tB-X\nb\tS-X\nc\tU-X\n"])
    def test_what_is_refused_is_refused_before_the_first_sentence(self, text: str) -> None:
        with pytest.raises(ValueError, match=HERE) as read:
            parse_conll(text.encode(), HERE, ConllFormat())
        with pytest.raises(ValueError, match=r"file\.conll") as opened:
            streamed(text.encode())
        assert str(opened.value).partition("file.conll")[2] == str(read.value).removeprefix(HERE)

    def test_a_file_that_is_not_there_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"must exist, was: '.*none\.conll'"):
            ConllFile(tmp_path / "none.conll")

    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_lines_end_in_one_way_only(self, end: str) -> None:
        words = ["a\u2028b", "c\x85", "d\r", "\x0b"]
        text = "".join(f"{word}\tO{end}" for word in words)
        assert parse(text)[0].words == tuple(words)


def _peak(folder: Path, size: int) -> int:
    """Return the most bytes held while a file of so many sentences is gone through."""
    path = folder / f"{size}.conll"
    path.write_text("".join(f"word{n}\tO\nleft\tB-X\n\n" for n in range(size)))
    tracemalloc.start()
    assert sum(1 for _ in ConllFile(path)) == size
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak
