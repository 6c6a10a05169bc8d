"""Files that are not what their first lines suggest: read with a warning, or refused."""

import pytest

from lowner_pl.corpus import ConllFile, ConllFormat, Sentence, parse_conll
from tests.corpus.conll.test_reading import HERE, parse, streamed
from tests.corpus.conll.test_spellings import PLAIN, TAGS, read, refusal, text

SEPARATE = text(list(TAGS)) + "\n"
SENTENCES = [sentence.split("\n") for sentence in SEPARATE.strip("\n").split("\n\n")]
WORDS = [list(sentence.words) for sentence in PLAIN]


def rows(pattern: str, *, start: int = 1, before: str = "") -> str:
    """Write the file with other columns; ``{n}`` numbers the words of a sentence."""
    return "".join(
        before
        + "".join(
            pattern.format(n=n, word=row.split("\t")[0], tag=row.split("\t")[1]) + "\n"
            for n, row in enumerate(sentence, start)
        )
        + "\n"
        for sentence in SENTENCES
    )


class TestWordColumn:
    @pytest.mark.parametrize(
        "content",
        [
            rows("{n} {word} NNP I-NP {tag}"),
            rows("{n}\t{word}\t{tag}"),
            rows("{n}\t{word}\t{tag}", start=0),
            rows("{n}.\t{word}\t{tag}"),
            rows("1-{n}\t{word}\t{tag}"),
            rows("w{n}\t{word}\t{tag}"),
            rows("{n}\t{word}\t{tag}", before="0\t-\tO\n"),
            rows("{n}\t{word}\t{tag}", before="# sent_id = 1\n# text = a\n"),
            rows("doc_a\t{word}\t{tag}"),
            rows("\t{word}\t{tag}"),
        ],
    )
    def test_a_word_column_without_words_is_refused_naming_the_right_one(
        self, content: str
    ) -> None:
        message = refusal(content)
        assert "Column 0 should hold the words, but it holds " in message
        assert "column 1 seems to hold the words: set `word_column: 1`" in message
        (first, *_) = parse_conll(
            content.encode(), HERE, ConllFormat(word_column=1, labelled=False)
        )
        assert "Ann" in first.words

    def test_the_message_names_the_line_of_the_first_word_also_without_tags(self) -> None:
        content = rows("{n}\t{word}\t{tag}", before="# sent_id = 1\n")
        with pytest.raises(ValueError, match=f"^{HERE}, line 2: Column 0 should hold the words"):
            parse_conll(content.encode(), HERE, ConllFormat(labelled=False))

    def test_without_tags_a_second_column_can_be_the_words(self) -> None:
        for line in ("{n}\t{word}", "\t{word}"):
            with pytest.raises(
                ValueError, match="column 1 seems to hold the words: set `word_column: 1`"
            ):
                parse_conll(rows(line).encode(), HERE, ConllFormat(labelled=False))

    def test_conllu_needs_the_column_of_the_words(self) -> None:
        content = rows("{n}\t{word}\t_\tNOUN\t_\t_\t0\troot\t_\tNER={tag}", before="# text = a\n")
        assert "the words: set `word_column: 1`." in refusal(content)
        form = ConllFormat(word_column=1)
        with pytest.warns(UserWarning, match="9 words have a tag in another spelling"):
            assert parse_conll(content.encode(), HERE, form) == PLAIN

    def test_multiword_tokens_and_empty_nodes_of_conllu_are_skipped_with_a_warning(self) -> None:
        content = rows("{n}\t{word}\t_\t{tag}", before="1-2\tAnnLee\t_\t_\n").replace(
            "\n\n", "\n2.1\tghost\t_\tO\n\n"
        )
        sentences, (message,) = read(content, word_column=1)
        assert sentences == PLAIN
        assert message.startswith(f"{HERE}, line 1: CoNLL-U lines for multiword tokens (1-2)")
        assert message.endswith(f"({2 * len(PLAIN)} in all).")

    @pytest.mark.parametrize("number", ["1-{n}", "1.{n}", "1-2"])
    def test_other_numbers_with_signs_do_not_hide_words(self, number: str) -> None:
        content = rows(number + "\t{word}\t{tag}", before="" if "{" in number else "0\t-\tO\n")
        found = parse(content, word_column=1)
        assert [s.words[-2:] for s in found] == [s.words[-2:] for s in PLAIN]
        assert read(rows("2-3\t{word}\t{tag}"), word_column=1)[0] == PLAIN

    def test_column_names_do_not_hide_a_wrong_word_column(self) -> None:
        content = "index\ttoken\tner\n" + rows("{n}\t{word}\t{tag}")
        assert refusal(content).startswith(", line 2: Column 0 should hold the words")
        assert "column 1 seems to hold the words: set `word_column: 1`" in refusal(content)

    def test_numbers_that_are_words_are_read(self) -> None:
        assert parse("1\tO\n2\tO\n3\tO\n")[0].words == ("1", "2", "3")
        assert parse("1\tCD\tO\n2\tCD\tO\n3\tCD\tO\nmen\tN\tO\n")[0].words[0] == "1"

    def test_sentences_of_one_word_are_read(self) -> None:
        assert len(parse("Yes\tUH\tO\n\nNo\tUH\tO\n\nRome\tN\tB-LOC\n")) == 3

    def test_swapped_columns_of_words_and_tags_are_recognised(self) -> None:
        content = rows("{tag}\t{word}")
        assert "set `word_column: 1` and `tag_column: 0`." in refusal(content)
        with pytest.raises(
            ValueError,
            match=r"line 1: Column 0 .* it holds nothing but tags",
        ):
            parse_conll(content.encode(), HERE, ConllFormat(labelled=False))

    def test_a_language_prefix_without_the_option_gives_a_warning(self) -> None:
        _, (message,) = read(rows("sw:{word}\t{tag}") * 2)
        assert message == (
            f"{HERE}, line 1: All words begin with 'sw:'. Set `language: sw` to remove this prefix."
        )
        with pytest.warns(UserWarning, match="Set `language: sw`"):
            parse_conll(rows("sw:{word}\t{tag}").encode() * 2, HERE, ConllFormat(), language="en")
        assert parse(rows("sw:{word}\t{tag}"), language="sw") == [
            Sentence(s.words, s.tags, "sw") for s in PLAIN
        ]


class TestTagColumn:
    @pytest.mark.parametrize(
        "content",
        [rows("{word}\t{tag}\tO"), rows("{word} {tag} B-NP"), rows("{word}\t{tag}\tI-LOC")],
    )
    def test_two_columns_of_tags_give_a_warning(self, content: str) -> None:
        _, (message,) = read(content)
        assert message.startswith(
            f"{HERE}, line 1: Columns 1 and 2 hold tags, and column 2 is read"
        )
        assert parse(content, tag_column=1) == PLAIN
        parse(content, tag_column=2)  # chosen explicitly: no warning

    def test_a_column_of_chunks_gives_no_warning(self) -> None:
        assert parse("-DOCSTART- -X- -X- O\n\n" + rows("{word} NNP B-NP {tag}")) == PLAIN
        assert parse(rows("{word}\tlemma\tADJA\tI-NC\t{tag}")) == PLAIN

    @pytest.mark.parametrize("last", ["NNP", "0.98", "_", "-", "http://a", "(12)"])
    def test_a_last_column_without_tags_is_refused_naming_the_right_one(self, last: str) -> None:
        content = rows("{word}\t{tag}\t" + last)
        assert "column 1 seems to hold the tags: set `tag_column: 1`." in refusal(content)
        assert parse(content, tag_column=1) == PLAIN

    def test_both_columns_are_named_if_both_are_wrong(self) -> None:
        content = rows("{n}\t{word}\t{tag}\t-\t-", before="# sent_id = 1\n# text = a\n")
        assert "set `word_column: 1` and `tag_column: 2`." in refusal(content)
        assert parse(content, word_column=1, tag_column=2) == PLAIN

    def test_germeval_needs_both_columns(self) -> None:
        content = rows("{n}\t{word}\t{tag}\tO", before="#\thttp://source\t[2009-10-17]\n")
        assert "set `word_column: 1` and `tag_column: 2`." in refusal(content)
        assert parse(content, word_column=1, tag_column=2) == PLAIN

    def test_prefixes_in_a_column_of_their_own_are_refused(self) -> None:
        content = SEPARATE.replace("\tO", "\tO\tO").replace("\tB-", "\tB\t")
        content = content.replace("\tI-", "\tI\t")
        assert refusal(content) == (
            ", line 1: Column 2 holds entity types and column 1 their prefixes (B, I, O). Join "
            "them to tags such as 'B-PER', or set `tag_column: 2` to read the types alone."
        )
        assert parse(content, tag_column=2)

    def test_empty_columns_at_the_end_are_ignored(self) -> None:
        assert parse(rows("{word}\t{tag}\t")) == PLAIN
        assert parse(SEPARATE.replace("Lee\tI-PER", "Lee\tI-PER\t\t")) == PLAIN
        assert parse(SEPARATE.replace("Lee\tI-PER", "Lee\tI-PER  ")) == PLAIN

    def test_a_file_with_one_sentence_per_line_is_refused(self) -> None:
        message = refusal("Ann left Rome\tB-PER O B-LOC\nIt rains\tO O\n")
        assert message.startswith(", line 1: 2 words have more than one tag")


class TestLines:
    @pytest.mark.parametrize(
        "comment", ["# id 0a1b domain=sw", "# id 7 sw", "# note", "#\ta\tb\tc\td"]
    )
    def test_a_first_line_that_is_not_a_word_is_a_comment(self, comment: str) -> None:
        assert parse(rows("{word} _ _ {tag}", before=f"{comment}\n")) == PLAIN
        assert parse(rows("{word}\t_\t_\t{tag}", before=f"{comment}\n")) == PLAIN

    def test_words_with_a_hash_sign_stay_words_in_a_file_with_comments(self) -> None:
        content = "# id 1 a=b\n#1 _ _ B-PER\n# _ _ O\nAnn _ _ O\n"
        assert parse(content)[0].words == ("#1", "#", "Ann")

    def test_a_hashtag_with_a_bad_tag_is_refused_and_not_taken_for_a_comment(self) -> None:
        assert refusal("# id 1\n#Ann X-PER\nLee O\n").startswith(", line 2: 'X-PER' is not a tag")
        assert parse("# a,O\nAnn O\n") == [Sentence(("Ann",), ("O",))]

    def test_a_file_of_comments_has_no_sentences(self) -> None:
        with pytest.raises(ValueError, match="contains no sentences"):
            parse("# a\n# b\n", comments=True)

    @pytest.mark.parametrize(
        "content", ["# note\nAnn B-PER\n", rows("{word} {tag}") + "# note\nAnn O\n"]
    )
    def test_a_comment_that_looks_like_a_word_is_blamed(self, content: str) -> None:
        if content.startswith("#"):
            assert parse(content) == [Sentence(("Ann",), ("B-PER",))]
        else:
            assert refusal(content).startswith(", line 12: ")
            assert "If the line is a comment, set `comments: true`." in refusal(content)

    def test_a_comment_later_in_the_file_is_blamed(self) -> None:
        message = refusal(SEPARATE + "# a note\nAnn\tO\n")
        assert message.startswith(", line 12: '# a note' has 1 column, but line 1 has 2.")
        assert message.endswith("If it is a comment, set `comments: true`.")

    @pytest.mark.parametrize(
        "header", ["token\ttag", "Word\tner_tags", "# word\tTag", "#Token\tNER"]
    )
    def test_column_names_in_the_first_line_are_skipped_with_a_warning(self, header: str) -> None:
        sentences, messages = read(f"{header}\n{SEPARATE}")
        assert sentences == PLAIN
        assert len(messages) == (header[0] != "#" or "#T" in header or "# w" in header)
        assert parse(f"{SEPARATE}word\tO\ntoken\tO\n")[2].words == ("word", "token")

    def test_a_first_line_with_other_columns_than_the_rest_is_blamed(self) -> None:
        message = refusal(f"Ann\tNNP\tB-PER\n{SEPARATE}")
        assert message == (
            ", line 1: 'Ann\\tNNP\\tB-PER' has 3 columns, but most lines have 2. "
            "Correct or remove this line."
        )

    def test_a_mixture_of_tabs_and_spaces_is_refused(self) -> None:
        assert "line 2: 'Lee I-PER' has 1 column, but line 1 has 2" in refusal(
            "Ann\tB-PER\nLee I-PER\n"
        )
        assert "Separate the columns by tabs, as in line 1" in refusal("Ann\tB-PER\nLee I-PER\n")
        assert "Remove the extra tabs" in refusal("Ann\tB-PER\n\tLee\tI-PER\n")
        assert "Separate the columns by spaces as in line 1" in refusal("Ann B-PER\nLee\tI-PER\n")

    def test_a_byte_order_mark_inside_a_file_is_not_part_of_a_word(self) -> None:
        sentences, (message,) = read(f"\ufeff{SEPARATE}\ufeff{SEPARATE}\ufeff{SEPARATE}")
        assert sentences == PLAIN * 3
        without_end = SEPARATE.removesuffix("\n")
        assert read(f"{without_end}\ufeff{without_end}")[0] == PLAIN * 2
        assert message.startswith(
            f"{HERE}, line 12: Byte order marks inside the file are not read as"
        )
        assert message.endswith("(2 in all).")
        (sentence,) = read("a\tO\n\ufeff-DOCSTART-\n\ufeff\tO\n")[0][1:]
        assert sentence.words == ("\ufeff",)  # a mark on its own is a word

    def test_byte_order_marks_are_counted_once(self) -> None:
        _, (changes, marks) = read(f"{SEPARATE}\ufeff{SEPARATE}".replace("B-", "B_"))
        assert changes.startswith(f"{HERE}, line 1: 8 words have a tag in another spelling")
        assert marks.endswith("(1 in all).")

    def test_extra_carriage_returns_are_not_words(self) -> None:
        content = SEPARATE.replace("\n", "\r\r\n")
        assert read(content) == (PLAIN, [])
        (first, *_) = parse(
            "".join(
                f"{tag}\t{word}\r\r\n"
                for word, tag in [("Ann", "B-PER"), ("ran", "O"), ("on", "O")]
            ),
            word_column=1,
            tag_column=0,
        )
        assert first.words == ("Ann", "ran", "on")


class TestSentenceEnds:
    def test_a_long_file_without_a_blank_line_is_refused(self) -> None:
        message = refusal(SEPARATE.replace("\n\n", "\n") * 30)
        assert message == (
            ", line 1: The file is one sentence of 270 words, because it has no blank line. Put a "
            "blank line after each sentence, even if there is only one."
        )

    def test_a_short_file_without_a_blank_line_is_one_sentence(self) -> None:
        assert len(parse(SEPARATE.replace("\n\n", "\n"))) == 1
        assert len(parse("a\tO\n" * 200)[0].words) == 200

    def test_a_long_sentence_with_a_blank_line_after_it_gives_a_warning(self) -> None:
        (sentence,), (message,) = read("a\tO\n" * 300 + "\n")
        assert len(sentence.words) == 300
        assert message.startswith(f"{HERE}, line 1: The file is one sentence of 300 words. Check")

    def test_a_long_file_without_tags_and_blank_lines_gives_a_warning(self) -> None:
        with pytest.warns(UserWarning, match="The file is one sentence of 300 words"):
            parse_conll(b"a\n" * 300, HERE, ConllFormat(labelled=False))

    def test_very_long_sentences_give_a_warning(self) -> None:
        sentences, (message,) = read(("a\tO\n" * 300 + "\n") * 2)
        assert len(sentences) == 2
        assert message.startswith(f"{HERE}, line 1: The 2 sentences of this file have 300 words")

    def test_a_long_text_without_blank_lines_can_be_accepted(self) -> None:
        assert len(parse("a\tO\n" * 300, unsplit=True)) == 1


class TestOtherFormats:
    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            ('{"id": 0, "text": "Ann left .", "label": [[0, 3, "PER"]]}\n' * 2, "This is JSON"),
            ('{"tokens":["Ann"],"ner_tags":["B-PER"]}\n', "This is JSON"),
            ('[["Ann left", {"entities": [[0, 3, "PER"]]}]]\n', "This is JSON"),
            ('[\n  {"text": "Ann left",\n   "label": []}\n]\n', "JSON"),
            ('{\n  "data": [\n    "Ann left"]\n}\n', "JSON"),
            ('{"a":' * 50_000, "This is JSON"),
            ("T1\tPER 0 3\tAnn\nT2\tLOC 9 13\tRome\n", "This is a brat annotation"),
            ('<?xml version="1.0"?>\n<doc>\n', "This is XML or HTML"),
            ("<html>\n", "This is XML or HTML"),
            (
                "#FORMAT=WebAnno TSV 3.2\n\n#Text=Ann\n1-1\t0-3\tAnn\tPER\n",
                "This is WebAnno TSV",
            ),
            (rows("{word},{tag}"), "This is a table with ',' between columns"),
            (rows("{word};{tag}"), "This is a table with ';' between columns"),
            (rows('"{word}","{tag}"'), "This is a table with ',' between columns"),
            ("Sentence #,Word,POS,Tag\nSentence: 1,Ann,NNP,B-PER\n,left,VB,O\n", "with ','"),
            (SEPARATE.replace("\n", "\r"), "line ends of the old Mac OS"),
            (SEPARATE.encode("utf-16-le").decode(), "Set `encoding: utf-16-le`"),
            (SEPARATE.encode("utf-16-be").decode(), "Set `encoding: utf-16-be`"),
        ],
    )
    @pytest.mark.parametrize("labelled", [True, False])
    def test_a_file_of_another_format_is_refused_by_name(
        self, content: str, kind: str, labelled: bool
    ) -> None:
        if labelled:
            message = refusal(content)
        else:
            with pytest.raises(ValueError, match=HERE) as caught:
                parse_conll(content.encode(), HERE, ConllFormat(labelled=False))
            message = str(caught.value)
        assert kind in message
        assert len(message) < 350

    def test_words_that_all_end_in_a_comma_are_refused(self) -> None:
        message = refusal(rows("{word}, {tag}"))
        assert message.startswith(
            ", line 1: Column 0 should hold the words, but it holds words that"
        )
        assert message.endswith("Separate the columns by tabs.")

    @pytest.mark.parametrize(
        ("data", "remedy"),
        [
            (SEPARATE.encode("utf-16"), "The file is in UTF-16: set `encoding: utf-16`"),
            (b"\x1f\x8b\x08\x00", "unpack it"),
            (b"PK\x03\x04\xff", "unpack or convert it"),
        ],
    )
    def test_files_that_are_not_utf_8_text_are_refused_with_advice(
        self, data: bytes, remedy: str
    ) -> None:
        with pytest.raises(ValueError, match=remedy):
            parse_conll(data, HERE, ConllFormat())
        with pytest.raises(ValueError, match=remedy):
            streamed(data)

    def test_the_advised_encoding_reads_the_file(self) -> None:
        for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
            assert streamed(SEPARATE.encode(encoding), encoding=encoding) == PLAIN

    @pytest.mark.parametrize(
        "word", ["[", "{", '"', "[1]", ",", ";", "<s>", "T1", "|", "a,O", "id"]
    )
    def test_words_that_look_like_another_format_are_words(self, word: str) -> None:
        for separator in (" ", "\t"):
            content = f"{word}{separator}O\nAnn{separator}B-PER\n"
            assert parse(content)[0].words == (word, "Ann")


def test_a_file_gives_its_warning_once(recwarn: pytest.WarningsRecorder, tmp_path: object) -> None:
    path = f"{tmp_path}/file.conll"
    with open(path, "w") as file:  # noqa: PTH123
        file.write(rows("{word}\t{tag}").replace("-", "_"))
    sentences = ConllFile(path)
    assert list(sentences) == list(sentences) == PLAIN
    assert len(recwarn) == 1
