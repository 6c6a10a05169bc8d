"""Files that are not what their first line makes believe: read with a warning, or refused."""

import pytest

from lowner_pl.corpus import ConllFile, ConllFormat, Sentence, parse_conll
from tests.corpus.conll.test_reading import HERE, parse, streamed
from tests.corpus.conll.test_spellings import PLAIN, TAGS, read, refusal, text

SEPARATE = text(list(TAGS)) + "\n"
SENTENCES = [sentence.split("\n") for sentence in SEPARATE.strip("\n").split("\n\n")]
WORDS = [list(sentence.words) for sentence in PLAIN]


def rows(pattern: str, *, start: int = 1, before: str = "") -> str:
    """Return the file with other columns; ``{n}`` counts the words of a sentence from a start."""
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
    def test_a_column_of_no_words_is_refused_with_the_column_of_words(self, content: str) -> None:
        message = refusal(content)
        assert "Column 0 must hold words, was: " in message
        assert "column 1 holds words: set `word_column: 1`" in message
        (first, *_) = parse_conll(
            content.encode(), HERE, ConllFormat(word_column=1, labelled=False)
        )
        assert "Ann" in first.words

    def test_the_line_of_the_first_is_named_also_without_tags(self) -> None:
        content = rows("{n}\t{word}\t{tag}", before="# sent_id = 1\n")
        with pytest.raises(ValueError, match=f"^{HERE}:2: Column 0 must hold words"):
            parse_conll(content.encode(), HERE, ConllFormat(labelled=False))

    def test_two_columns_without_tags_have_one_to_spare(self) -> None:
        for line in ("{n}\t{word}", "\t{word}"):
            with pytest.raises(ValueError, match="column 1 holds words: set `word_column: 1`"):
                parse_conll(rows(line).encode(), HERE, ConllFormat(labelled=False))

    def test_ten_columns_of_conllu_need_the_column_of_words(self) -> None:
        content = rows("{n}\t{word}\t_\tNOUN\t_\t_\t0\troot\t_\tNER={tag}", before="# text = a\n")
        assert "holds words: set `word_column: 1`." in refusal(content)
        form = ConllFormat(word_column=1)
        with pytest.warns(UserWarning, match="9 words are tagged in another spelling"):
            assert parse_conll(content.encode(), HERE, form) == PLAIN

    def test_lines_of_conllu_for_several_words_or_none_are_no_words(self) -> None:
        content = rows("{n}\t{word}\t_\t{tag}", before="1-2\tAnnLee\t_\t_\n").replace(
            "\n\n", "\n2.1\tghost\t_\tO\n\n"
        )
        sentences, (message,) = read(content, word_column=1)
        assert sentences == PLAIN
        assert message.startswith(f"{HERE}:1: CoNLL-U's lines for several words (1-2) or for none")
        assert message.endswith(f"({2 * len(PLAIN)} in all).")

    @pytest.mark.parametrize("number", ["1-{n}", "1.{n}", "1-2"])
    def test_other_numbers_with_signs_stand_before_words(self, number: str) -> None:
        content = rows(number + "\t{word}\t{tag}", before="" if "{" in number else "0\t-\tO\n")
        found = parse(content, word_column=1)
        assert [s.words[-2:] for s in found] == [s.words[-2:] for s in PLAIN]
        assert read(rows("2-3\t{word}\t{tag}"), word_column=1)[0] == PLAIN

    def test_names_of_columns_do_not_hide_them(self) -> None:
        content = "index\ttoken\tner\n" + rows("{n}\t{word}\t{tag}")
        assert refusal(content).startswith(":2: Column 0 must hold words")
        assert "column 1 holds words: set `word_column: 1`" in refusal(content)

    def test_numbers_that_are_words_are_read(self) -> None:
        assert parse("1\tO\n2\tO\n3\tO\n")[0].words == ("1", "2", "3")
        assert parse("1\tCD\tO\n2\tCD\tO\n3\tCD\tO\nmen\tN\tO\n")[0].words[0] == "1"

    def test_sentences_of_one_word_are_read(self) -> None:
        assert len(parse("Yes\tUH\tO\n\nNo\tUH\tO\n\nRome\tN\tB-LOC\n")) == 3

    def test_tags_and_words_may_be_the_wrong_way_round(self) -> None:
        content = rows("{tag}\t{word}")
        assert "set `word_column: 1` and `tag_column: 0`." in refusal(content)
        with pytest.raises(ValueError, match=r":1: Column 0 must hold words, was: a tag in all"):
            parse_conll(content.encode(), HERE, ConllFormat(labelled=False))

    def test_prefixes_of_a_language_are_pointed_out(self) -> None:
        _, (message,) = read(rows("sw:{word}\t{tag}") * 2)
        assert (
            message == f"{HERE}:1: All words begin with 'sw:'. Set `language: sw` to take it off."
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
    def test_two_columns_of_tags_are_pointed_out(self, content: str) -> None:
        _, (message,) = read(content)
        assert message.startswith(
            f"{HERE}:1: Columns 1 and 2 hold tags; those of column 2 are read"
        )
        assert parse(content, tag_column=1) == PLAIN
        parse(content, tag_column=2)  # said so: no warning

    def test_chunks_before_entities_are_no_second_tags(self) -> None:
        assert parse("-DOCSTART- -X- -X- O\n\n" + rows("{word} NNP B-NP {tag}")) == PLAIN
        assert parse(rows("{word}\tlemma\tADJA\tI-NC\t{tag}")) == PLAIN

    @pytest.mark.parametrize("last", ["NNP", "0.98", "_", "-", "http://a", "(12)"])
    def test_tags_before_the_last_column_are_found(self, last: str) -> None:
        content = rows("{word}\t{tag}\t" + last)
        assert "column 1 holds tags: set `tag_column: 1`." in refusal(content)
        assert parse(content, tag_column=1) == PLAIN

    def test_both_columns_are_named_where_both_are_others(self) -> None:
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
            ":1: Column 2 must hold whole tags, was: types, with their prefixes (B, I, O) in "
            "column 1. Join them to 'B-<type>', or set `tag_column: 2` to read the types alone."
        )
        assert parse(content, tag_column=2)

    def test_empty_columns_at_the_end_are_none(self) -> None:
        assert parse(rows("{word}\t{tag}\t")) == PLAIN
        assert parse(SEPARATE.replace("Lee\tI-PER", "Lee\tI-PER\t\t")) == PLAIN
        assert parse(SEPARATE.replace("Lee\tI-PER", "Lee\tI-PER  ")) == PLAIN

    def test_a_sentence_a_line_is_refused(self) -> None:
        message = refusal("Ann left Rome\tB-PER O B-LOC\nIt rains\tO O\n")
        assert message.startswith(":1: 2 words are tagged with more than one tag")


class TestLines:
    @pytest.mark.parametrize(
        "comment", ["# id 0a1b domain=sw", "# id 7 sw", "# note", "#\ta\tb\tc\td"]
    )
    def test_a_first_line_that_is_no_word_is_a_comment_and_others_are(self, comment: str) -> None:
        assert parse(rows("{word} _ _ {tag}", before=f"{comment}\n")) == PLAIN
        assert parse(rows("{word}\t_\t_\t{tag}", before=f"{comment}\n")) == PLAIN

    def test_words_that_begin_alike_stay_words_in_a_file_with_comments(self) -> None:
        content = "# id 1 a=b\n#1 _ _ B-PER\n# _ _ O\nAnn _ _ O\n"
        assert parse(content)[0].words == ("#1", "#", "Ann")

    def test_a_word_with_a_bad_tag_is_no_comment(self) -> None:
        assert refusal("# id 1\n#Ann X-PER\nLee O\n").startswith(":2: A tag must be")
        assert parse("# a,O\nAnn O\n") == [Sentence(("Ann",), ("O",))]

    def test_comments_without_any_words_make_no_sentence(self) -> None:
        with pytest.raises(ValueError, match="must hold sentences, was: empty"):
            parse("# a\n# b\n", comments=True)

    @pytest.mark.parametrize(
        "content", ["# note\nAnn B-PER\n", rows("{word} {tag}") + "# note\nAnn O\n"]
    )
    def test_a_comment_that_reads_like_a_word_is_to_blame(self, content: str) -> None:
        if content.startswith("#"):
            assert parse(content) == [Sentence(("Ann",), ("B-PER",))]
        else:
            assert refusal(content).startswith(":12: ")
            assert "Is the line a comment? Then set `comments: true`." in refusal(content)

    def test_a_later_comment_is_to_blame(self) -> None:
        message = refusal(SEPARATE + "# a note\nAnn\tO\n")
        assert message.startswith(":12: A line must have")
        assert message.endswith("was: '# a note'. Is it a comment? Then set `comments: true`.")

    @pytest.mark.parametrize(
        "header", ["token\ttag", "Word\tner_tags", "# word\tTag", "#Token\tNER"]
    )
    def test_names_of_columns_are_no_word(self, header: str) -> None:
        sentences, messages = read(f"{header}\n{SEPARATE}")
        assert sentences == PLAIN
        assert len(messages) == (header[0] != "#" or "#T" in header or "# w" in header)
        assert parse(f"{SEPARATE}word\tO\ntoken\tO\n")[2].words == ("word", "token")

    def test_an_odd_first_line_is_to_blame(self) -> None:
        message = refusal(f"Ann\tNNP\tB-PER\n{SEPARATE}")
        assert message == (
            ":1: A line must have 2 columns like most lines, was: 'Ann\\tNNP\\tB-PER'. "
            "Correct this line, or take it out."
        )

    def test_tabs_and_blanks_are_not_mixed(self) -> None:
        assert "2: A line must" in refusal("Ann\tB-PER\nLee I-PER\n")
        assert "Put tabs between the columns as in line 1" in refusal("Ann\tB-PER\nLee I-PER\n")
        assert "Take out the tabs" in refusal("Ann\tB-PER\n\tLee\tI-PER\n")
        assert "Put blanks between the columns as in" in refusal("Ann B-PER\nLee\tI-PER\n")

    def test_a_byte_order_mark_inside_is_no_part_of_a_word(self) -> None:
        sentences, (message,) = read(f"\ufeff{SEPARATE}\ufeff{SEPARATE}\ufeff{SEPARATE}")
        assert sentences == PLAIN * 3
        without_end = SEPARATE.removesuffix("\n")
        assert read(f"{without_end}\ufeff{without_end}")[0] == PLAIN * 2
        assert message.startswith(
            f"{HERE}:12: A byte order mark inside the file is not read as part"
        )
        assert message.endswith("(2 in all).")
        (sentence,) = read("a\tO\n\ufeff-DOCSTART-\n\ufeff\tO\n")[0][1:]
        assert sentence.words == ("\ufeff",)  # nothing but the mark is a word

    def test_marks_are_counted_once(self) -> None:
        _, (changes, marks) = read(f"{SEPARATE}\ufeff{SEPARATE}".replace("B-", "B_"))
        assert changes.startswith(f"{HERE}:1: 8 words are tagged in another spelling")
        assert marks.endswith("(1 in all).")

    def test_carriage_returns_too_many_are_no_words(self) -> None:
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
            ":1: The file is one sentence of 270 words, because no line is blank. Put a blank line "
            "after each sentence, also if there is only one."
        )

    def test_a_short_one_is_a_sentence(self) -> None:
        assert len(parse(SEPARATE.replace("\n\n", "\n"))) == 1
        assert len(parse("a\tO\n" * 200)[0].words) == 200

    def test_a_long_sentence_that_ends_is_one(self) -> None:
        (sentence,), (message,) = read("a\tO\n" * 300 + "\n")
        assert len(sentence.words) == 300
        assert message.startswith(f"{HERE}:1: The file is one sentence of 300 words. Check")

    def test_without_tags_it_is_read_with_a_warning(self) -> None:
        with pytest.warns(UserWarning, match="The file is one sentence of 300 words"):
            parse_conll(b"a\n" * 300, HERE, ConllFormat(labelled=False))

    def test_sentences_that_are_texts_are_pointed_out(self) -> None:
        sentences, (message,) = read(("a\tO\n" * 300 + "\n") * 2)
        assert len(sentences) == 2
        assert message.startswith(f"{HERE}:1: 2 sentences have 300 words on average.")

    def test_a_text_may_be_meant(self) -> None:
        assert len(parse("a\tO\n" * 300, unsplit=True)) == 1


class TestOtherFormats:
    @pytest.mark.parametrize(
        ("content", "kind"),
        [
            ('{"id": 0, "text": "Ann left .", "label": [[0, 3, "PER"]]}\n' * 2, "which is JSON"),
            ('{"tokens":["Ann"],"ner_tags":["B-PER"]}\n', "which is JSON"),
            ('[["Ann left", {"entities": [[0, 3, "PER"]]}]]\n', "which is JSON"),
            ('[\n  {"text": "Ann left",\n   "label": []}\n]\n', "JSON"),
            ('{\n  "data": [\n    "Ann left"]\n}\n', "JSON"),
            ('{"a":' * 50_000, "which is JSON"),
            ("T1\tPER 0 3\tAnn\nT2\tLOC 9 13\tRome\n", "an annotation of brat"),
            ('<?xml version="1.0"?>\n<doc>\n', "which is XML or HTML"),
            ("<html>\n", "which is XML or HTML"),
            (
                "#FORMAT=WebAnno TSV 3.2\n\n#Text=Ann\n1-1\t0-3\tAnn\tPER\n",
                "which is WebAnno's TSV",
            ),
            (rows("{word},{tag}"), "with ',' between columns"),
            (rows("{word};{tag}"), "with ';' between columns"),
            (rows('"{word}","{tag}"'), "with ',' between columns"),
            ("Sentence #,Word,POS,Tag\nSentence: 1,Ann,NNP,B-PER\n,left,VB,O\n", "with ','"),
            (SEPARATE.replace("\n", "\r"), "with line ends of the old Mac OS"),
            (SEPARATE.encode("utf-16-le").decode(), "UTF-16. Set `encoding: utf-16-le`"),
            (SEPARATE.encode("utf-16-be").decode(), "UTF-16. Set `encoding: utf-16-be`"),
        ],
    )
    @pytest.mark.parametrize("labelled", [True, False])
    def test_they_are_refused_by_name(self, content: str, kind: str, labelled: bool) -> None:
        if labelled:
            message = refusal(content)
        else:
            with pytest.raises(ValueError, match=HERE) as caught:
                parse_conll(content.encode(), HERE, ConllFormat(labelled=False))
            message = str(caught.value)
        assert kind in message
        assert len(message) < 350

    def test_commas_with_blanks_are_no_part_of_words(self) -> None:
        message = refusal(rows("{word}, {tag}"))
        assert message.startswith(":1: Column 0 must hold words, was: a word with a comma in all")
        assert message.endswith("Put tabs between the columns instead.")

    @pytest.mark.parametrize(
        ("data", "remedy"),
        [
            (SEPARATE.encode("utf-16"), "The file is in UTF-16: set `encoding: utf-16`"),
            (b"\x1f\x8b\x08\x00", "unpack it"),
            (b"PK\x03\x04\xff", "unpack or convert it"),
        ],
    )
    def test_bytes_that_are_no_utf_8_are_named(self, data: bytes, remedy: str) -> None:
        with pytest.raises(ValueError, match=remedy):
            parse_conll(data, HERE, ConllFormat())
        with pytest.raises(ValueError, match=remedy):
            streamed(data)

    def test_the_encoding_that_is_named_reads_the_file(self) -> None:
        for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
            assert streamed(SEPARATE.encode(encoding), encoding=encoding) == PLAIN

    @pytest.mark.parametrize(
        "word", ["[", "{", '"', "[1]", ",", ";", "<s>", "T1", "|", "a,O", "id"]
    )
    def test_words_that_look_like_it_are_words(self, word: str) -> None:
        for separator in (" ", "\t"):
            content = f"{word}{separator}O\nAnn{separator}B-PER\n"
            assert parse(content)[0].words == (word, "Ann")


def test_a_file_is_warned_of_once(recwarn: pytest.WarningsRecorder, tmp_path: object) -> None:
    path = f"{tmp_path}/file.conll"
    with open(path, "w") as file:  # noqa: PTH123
        file.write(rows("{word}\t{tag}").replace("-", "_"))
    sentences = ConllFile(path)
    assert list(sentences) == list(sentences) == PLAIN
    assert len(recwarn) == 1
