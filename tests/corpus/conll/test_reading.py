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
    """Read the sentences of a file with these bytes twice, and check that both times agree."""
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
            "Ann B-PER\nLee I-PER\nleft O\n\nRome B-LOC\n# O\n",  # spaces
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
    def test_equivalent_files_give_the_same_sentences(self, text: str) -> None:
        assert parse(text) == ANN_IN_ROME

    def test_columns_can_be_counted_from_either_end(self) -> None:
        text = "1\tAnn\tB-PER\tO\n2\tleft\tO\tO\n"
        for word, tag in ((1, 2), (-3, -2)):
            sentences = parse(text, word_column=word, tag_column=tag)
            assert sentences == [Sentence(("Ann", "left"), ("B-PER", "O"))]

    def test_a_file_can_be_read_without_its_tags(self) -> None:
        assert parse("Ann\nleft\n", labelled=False) == [Sentence(("Ann", "left"))]
        assert parse("Ann\tnonsense\n", labelled=False) == [Sentence(("Ann",))]

    def test_a_file_in_latin_1_can_be_read(self, tmp_path: Path) -> None:
        path = tmp_path / "latin.conll"
        path.write_bytes("Jürgen\tB-PER\n".encode("latin-1"))
        assert read_conll(path, encoding="latin-1")[0].words == ("Jürgen",)

    def test_a_sentence_knows_the_line_of_its_first_word(self) -> None:
        first, second = parse("# sent_id = 1\n\nAnn\tO\n-DOCSTART-\n\n\nLee\tO\n")
        assert (first.place, second.place) == ((HERE, 3), (HERE, 7))

    def test_the_whole_file_decides_the_scheme_of_each_sentence(self) -> None:
        # On its own, the second sentence is legal in both IOB1 and IO.
        (_, second) = parse("a B-X\nb I-X\n\nc I-X\nd I-X\n", scheme=None)
        assert second.tags == ("B-X", "I-X")

    @pytest.mark.parametrize("scheme", ["iob1", "iob2", "iobes", "bilou"])
    def test_the_scheme_can_be_set(self, scheme: Scheme) -> None:
        assert parse("a B-X\nb I-X\n", scheme=scheme)[0].tags == ("B-X", "I-X")


class TestWords:
    @pytest.mark.parametrize(
        "word",
        ["\u200f", "\xa0", "\xad", "\u2028", "\x85", "\x0b", "\x1c", "#", "", "New York", '"'],
    )
    def test_unusual_words_are_kept(self, word: str) -> None:
        assert parse(f"a\tO\n{word}\tB-X\nb\tO\n")[0].words == ("a", word, "b")

    @pytest.mark.parametrize("word", ["\u200f", "\xa0", "\u2028", "\u3000", "#"])
    def test_unusual_words_are_kept_between_spaces(self, word: str) -> None:
        assert parse(f"{word} B-X\nb O\n")[0].words == (word, "b")

    def test_a_word_may_begin_like_a_document_boundary(self) -> None:
        assert parse("-DOCSTART-s\tO\n")[0].words == ("-DOCSTART-s",)


class TestComments:
    CONLLU = (
        "# newdoc\n# sent_id = 1\n# text = # Ann\n1\t#\tO\n2\tAnn\tB-PER\n\n"
        "# sent_id = 2\n1\tLee\tO\n"
    )

    def test_comments_are_skipped_in_a_file_that_begins_like_conllu(self) -> None:
        first, second = parse(self.CONLLU, word_column=1)
        assert (first.words, second.words) == (("#", "Ann"), ("Lee",))

    def test_a_hash_sign_followed_by_a_tab_is_a_word(self) -> None:
        assert parse("# sent_id = 1\n#\tO\n# note\nAnn\tO\n")[0].words == ("#", "Ann")

    def test_other_files_have_comments_only_if_the_option_says_so(self) -> None:
        text = "# O\nAnn O\n"
        assert parse(text)[0].words == ("#", "Ann")
        assert parse(text, comments=True)[0].words == ("Ann",)
        assert parse("#\thttp://source\n1\tAnn\tO\n", comments=True, word_column=1)[0].words == (
            "Ann",
        )

    def test_comments_can_be_switched_off(self) -> None:
        with pytest.raises(
            ValueError, match=f"{HERE}, line 4: 'Ann O' has 2 columns, but line 1 has 4"
        ):
            parse("# sent_id = 1\n# text = 2\n# text = 3\nAnn O\n", comments=False)


class TestLanguagePrefix:
    def test_a_language_prefix_of_every_word_is_removed(self) -> None:
        (sentence,) = parse("sw:Juma\tB-PER\nsw:\tO\nsw:sw:a\tO\n", language="sw")
        assert sentence.words == ("Juma", "", "sw:a")

    def test_a_language_prefix_of_some_words_is_kept(self) -> None:
        text = "sw:Juma\tB-PER\nna\tO\n"
        assert parse(text, language="sw")[0].words == ("sw:Juma", "na")

    def test_the_prefix_of_another_language_is_kept(self) -> None:
        text = "sw:Juma\tB-PER\n"
        assert parse(text)[0].words == parse(text, language="en")[0].words == ("sw:Juma",)


class TestBadInput:
    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"none\.conll' does not exist\. Check"):
            read_conll(tmp_path / "none.conll")

    def test_a_folder_is_refused(self, tmp_path: Path) -> None:
        with pytest.raises(IsADirectoryError, match=r"is a folder\. Name a file"):
            read_conll(tmp_path)

    @pytest.mark.parametrize(
        "text", ["", "\n\n", " \n", "-DOCSTART- O\n\n", "\ufeff", "# text = a\n"]
    )
    def test_an_empty_file_is_refused(self, text: str) -> None:
        with pytest.raises(ValueError, match=f"^{HERE} contains no sentences. Check"):
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
        with pytest.raises(ValueError, match=rf"^{HERE}, line 4: 'Ann.* has (no tag|2 col)"):
            parse(text)

    def test_a_file_without_tags_is_refused_with_the_remedy(self) -> None:
        with pytest.raises(ValueError, match=f"^{HERE}, line 1: 'Ann' has no tag.*`tag_column`"):
            parse("Ann\nLee\n")

    def test_columns_that_do_not_exist_are_refused(self) -> None:
        with pytest.raises(
            ValueError, match=f"^{HERE}, line 1: There is no column 3 for the word in 'Ann O'"
        ):
            parse("Ann O\n", word_column=3)
        with pytest.raises(ValueError, match=f"^{HERE}, line 1: There is no column 5 for the tag"):
            parse("Ann O\n", tag_column=5)

    def test_a_word_with_a_space_is_refused_between_spaces(self) -> None:
        with pytest.raises(ValueError, match=f"^{HERE}, line 2: .* 3 columns, .* 1 has 2.*by tabs"):
            parse("Ann O\nNew York B-LOC\n")

    def test_an_unknown_prefix_is_refused_with_its_line(self) -> None:
        with pytest.raises(ValueError, match=f"^{HERE}, line 4: 'X-LOC' is not a tag"):
            parse("a B-PER\n\nb O\nc X-LOC\n")

    def test_a_mixture_of_schemes_is_refused_with_its_line(self) -> None:
        with pytest.raises(
            ValueError, match=f"^{HERE}, line 3: 'LOC' does not fit .* begin with B-"
        ):
            parse("a B-PER\n\nb LOC\n")

    def test_parts_of_speech_are_not_read_as_entity_types(self) -> None:
        with pytest.raises(
            ValueError, match=f"^{HERE}, line 1: No word is tagged 'O', so 'NN' may not be"
        ):
            parse("a NN\nb VB\n")

    def test_a_tag_outside_the_given_scheme_is_refused_with_its_line(self) -> None:
        with pytest.raises(
            ValueError, match=f"^{HERE}, line 2: 'S-X' is not a tag of the scheme iob2"
        ):
            parse("a B-X\nb S-X\n", scheme="iob2")

    def test_bytes_that_are_not_text_are_refused_with_their_line(self) -> None:
        data = "a\tO\n\nJürgen\tB-PER\n".encode("latin-1")
        with pytest.raises(
            ValueError, match=f"^{HERE}, line 3: The byte 0xfc is not valid utf-8.*encoding"
        ):
            parse_conll(data, HERE, ConllFormat())
        with pytest.raises(ValueError, match=r"file\.conll, line 3: The byte 0xfc is not val"):
            streamed(data)
        assert streamed(data, encoding="latin-1")[1].words == ("Jürgen",)

    def test_an_unknown_encoding_is_refused(self) -> None:
        with pytest.raises(ValueError, match="There is no encoding 'utf-9'"):
            parse("a O\n", encoding="utf-9")

    def test_long_lines_are_cut_in_messages(self) -> None:
        with pytest.raises(ValueError, match=r"line 1: 'x{80}…'") as caught:
            parse("x" * 100_000)
        assert len(str(caught.value)) < 300


class TestSize:
    def test_a_sentence_of_20_000_words_and_a_word_of_5_000_characters_are_read(self) -> None:
        data = ("x\tB-X\n" * 20_000 + "y" * 5_000 + "\tO\n\n").encode()
        with pytest.warns(UserWarning, match=r"The file is one sentence of 20,001 words\."):
            (sentence,) = parse_conll(data, HERE, ConllFormat())
        assert len(sentence.words) == 20_001
        assert len(sentence.entities) == 20_000
        assert len(sentence.words[-1]) == 5_000

    def test_20_000_sentences_are_read_within_seconds(self) -> None:
        text = "".join(f"word{i % 7}\t{'B-PER' if i % 7 == 3 else 'O'}\n" for i in range(12)) + "\n"
        data = (text * 20_000).encode()
        begin = time.process_time()
        assert len(parse_conll(data, HERE, ConllFormat())) == 20_000
        assert time.process_time() - begin < 5

    def test_a_streamed_file_is_never_in_memory(self, tmp_path: Path) -> None:
        assert _peak(tmp_path, 8_000) < 1.2 * _peak(tmp_path, 1_000) + 20_000


class TestStreamed:
    @pytest.mark.parametrize("text", ["a\tB-X\nb\n", "a\tNNP\n", "", "a\tB-X\nb\tS-X\nc\tU-X\n"])
    def test_a_malformed_file_is_refused_before_the_first_sentence(self, text: str) -> None:
        with pytest.raises(ValueError, match=HERE) as read:
            parse_conll(text.encode(), HERE, ConllFormat())
        with pytest.raises(ValueError, match=r"file\.conll") as opened:
            streamed(text.encode())
        assert str(opened.value).partition("file.conll")[2] == str(read.value).removeprefix(HERE)

    def test_a_missing_file_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError, match=r"none\.conll' does not exist"):
            ConllFile(tmp_path / "none.conll")

    @pytest.mark.parametrize("end", ["\n", "\r\n"])
    def test_only_line_feeds_end_a_line(self, end: str) -> None:
        words = ["a\u2028b", "c\x85", "d\r", "\x0b"]
        text = "".join(f"{word}\tO{end}" for word in words)
        assert parse(text)[0].words == tuple(words)


def _peak(folder: Path, size: int) -> int:
    """Measure the peak memory in bytes while a file of ``size`` sentences is iterated.

    It is the least of three, because other threads of the process may allocate memory meanwhile.
    """
    path = folder / f"{size}.conll"
    path.write_text("".join(f"word{n}\tO\nleft\tB-X\n\n" for n in range(size)))
    peaks = []
    for _ in range(3):
        tracemalloc.start()
        assert sum(1 for _ in ConllFile(path)) == size
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return min(peaks)
