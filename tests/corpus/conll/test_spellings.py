"""Tags in another spelling than '<prefix>-<type>': read with a warning, or refused."""

# ruff: noqa: RUF001  letters that look alike are tested
import re
import time
import warnings

import pytest

from lowner_pl.corpus import ConllFormat, Sentence, parse_conll
from tests.corpus.conll.test_reading import HERE, streamed

TAGS = ("B-PER", "I-PER", "O", "B-LOC", "O", "B-PER", "B-ORG", "I-ORG", "O")


def text(tags: list[str]) -> str:
    """Write a file of two sentences with these tags."""
    words = ("Ann", "Lee", "saw", "Rome", ".", "Juma", "Acme", "Ltd", ".")
    lines = [f"{word}\t{tag}\n" for word, tag in zip(words, tags, strict=True)]
    return "".join([*lines[:5], "\n", *lines[5:]])


def spelt(pattern: str, outside: str = "O") -> str:
    """Write the file with tags that follow a pattern of ``P`` (prefix) and ``T`` (type)."""

    def spell(match: re.Match[str]) -> str:
        return prefix if match[0] == "P" else type_

    tags = []
    for tag in TAGS:
        prefix, _, type_ = tag.partition("-")
        tags.append(re.sub("[PT]", spell, pattern) if type_ else outside)
    return text(tags)


def changed(tag: str, position: int = 7) -> str:
    """Write the file with another tag for one word, by default for 'Ltd' in line 9."""
    return text([*TAGS[:position], tag, *TAGS[position + 1 :]])


def read(content: str, **form: object) -> tuple[list[Sentence], list[str]]:
    """Read the sentences and the warnings, and check that streaming the file gives the same."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        sentences = parse_conll(content.encode(), HERE, ConllFormat(**form))  # type: ignore[arg-type]
    messages = [str(warning.message) for warning in caught]
    with warnings.catch_warnings(record=True) as again:
        warnings.simplefilter("always")
        assert streamed(content.encode(), None, **form) == sentences
    ends = [str(warning.message).partition("file.conll")[2] for warning in again]
    assert ends == [message.removeprefix(HERE) for message in messages]
    return sentences, messages


def refusal(content: str) -> str:
    """Return the error message of a file, and check that streaming it gives the same."""
    with pytest.raises(ValueError, match=HERE) as caught:
        parse_conll(content.encode(), HERE, ConllFormat())
    with pytest.raises(ValueError, match="file") as again:
        streamed(content.encode())
    message = str(caught.value).removeprefix(HERE)
    assert str(again.value).endswith(message)
    return message


PLAIN, NO_WARNINGS = read(text(list(TAGS)))


def test_regular_tags_give_no_warning() -> None:
    assert not NO_WARNINGS
    assert PLAIN[1].tags == ("B-PER", "B-ORG", "I-ORG", "O")


@pytest.mark.parametrize(
    "content",
    [
        spelt("P_T"),
        spelt("P:T"),
        spelt("P.T"),
        spelt("P/T"),
        spelt("P T"),
        spelt("P – T"),
        spelt("P\u2212T"),
        spelt("T-P"),
        spelt("T_P"),
        spelt("PT"),
        spelt("ner=P-T", "ner=O"),
        spelt("name=P-T|SpaceAfter=No", "SpaceAfter=No|name=O"),
        spelt('"P-T"', '"O"'),
        spelt("[P-T]"),
        spelt("P-T,", "O,"),
        spelt("P-T", "o"),
        spelt("P-T", "0"),
        spelt("P-T", "Ｏ"),
        spelt("P-T", "O\u200b"),
        spelt("P－T"),
    ],
)
def test_clear_spellings_are_read_with_a_warning(content: str) -> None:
    sentences, messages = read(content)
    assert sentences == PLAIN
    assert len(messages) == 1
    assert re.match(rf"{HERE}, line [13]: \d+ words have a tag in another spelling: '", messages[0])


@pytest.mark.parametrize(
    "tag",
    [
        "I_ORG",
        "i-ORG",
        "ORG-I",
        "I-ORG.",
        "I-ORG,",
        "I-ORG\u200b",
        "\ufeffI-ORG",
        "I-O\u200dRG",
        "Ｉ－ＯＲＧ",
        "I–ORG",
        "'I-ORG'",
    ],
)
def test_a_single_tag_in_another_spelling_is_read_with_a_warning(tag: str) -> None:
    sentences, messages = read(changed(tag))
    assert sentences == PLAIN
    (message,) = messages
    assert message.startswith(f"{HERE}, line 9: 1 word has a tag in another spelling: {tag!r}"[:72])
    assert message.endswith(" is read as 'I-ORG'.")


def test_a_full_width_letter_is_named_by_its_code_point() -> None:
    _, (message,) = read(changed("Ｏ"))
    assert "'Ｏ' (U+FF2F FULLWIDTH LATIN CAPITAL LETTER O) is read as 'O'" in message


@pytest.mark.parametrize(
    ("tag", "point"),
    [
        ("О", "U+041E CYRILLIC CAPITAL LETTER O"),
        ("Ο", "U+039F GREEK CAPITAL LETTER OMICRON"),
        ("Օ", "U+0555 ARMENIAN CAPITAL LETTER OH"),
        ("I-РER", "U+0420 CYRILLIC CAPITAL LETTER ER"),
        ("І-ORG", "U+0406 CYRILLIC CAPITAL LETTER BYELORUSSIAN-UKRAINIAN I"),
        ("I-МІЅС", "U+041C CYRILLIC CAPITAL LETTER EM"),
    ],
)
def test_letters_of_another_script_are_refused_with_their_code_point(tag: str, point: str) -> None:
    content = changed(tag) + "Kigali\tB-MISC\n"
    assert refusal(content).startswith(
        f", line 9: 1 word has a tag with letters that look Latin but are not: {tag!r} ({point}"
    )


def test_the_message_counts_all_words_with_lookalike_letters() -> None:
    message = refusal(spelt("P-T", "О"))
    assert message.startswith(", line 3: 3 words have a tag with letters that look Latin")


@pytest.mark.parametrize(
    "tag",
    [
        "I-ORG|B-LOC",
        "I-ORG/B-LOC",
        "I-ORG,B-LOC",
        "I-ORG;O",
        "O|I-ORG",
        "I-ORG+B-LOC",
        "I-ORG__B-LOC",
        "I-ORG|LOC",
    ],
)
def test_two_tags_for_one_word_are_refused(tag: str) -> None:
    assert refusal(changed(tag)).startswith(
        f", line 9: 1 word has more than one tag: {tag!r}. Keep one tag per word"
    )


@pytest.mark.parametrize(
    ("content", "begin", "end"),
    [
        (changed("ner=I-ORG"), ", line 9: 1 word has a tag of the form '<key>", "`tag_column`."),
        (spelt("NER=P-T", "_"), ", line 1: 6 words have a tag of the form '<key>", "`tag_column`."),
        (changed("I-ORG B-LOC"), ", line 9: 1 word has more than one tag", "`tag_column`."),
        (
            spelt("(T*", "*"),
            ", line 1: 9 words have a tag in the bracket notation",
            "to IOB2",
        ),
        (spelt("3", "0"), ", line 1: 9 words have a number for a tag: '3'.", "`tag_column`."),
        (spelt("P-P-T"), ", line 1: 6 words have a tag with two prefixes", "Keep one prefix."),
        (changed("I-B-ORG"), ", line 9: 1 word has a tag with two prefixes", "one prefix."),
        (
            spelt("P-T", "OTHER"),
            ", line 3: 'OTHER' does not fit",
            "entities 'O', or set `tag_column`.",
        ),
        (spelt("P-T", "_"), ", line 3: '_' is not a tag", "entities 'O', or set `tag_column`."),
        (changed("l-ORG"), ", line 9: 'l-ORG' is not a tag", "Correct the tag, or set"),
        (changed("1-ORG"), ", line 9: '1-ORG' is not a tag", "Correct the tag, or set"),
        (changed("\xa0"), ", line 9: '\\xa0' (U+00A0 NO-BREAK SPACE) is not a tag", ""),
        (changed("\ufeff"), ", line 9: '\\ufeff' (U+FEFF ZERO WIDTH NO-BREAK", "is not a tag"),
        (changed("I-"), ", line 9: 'I-' is not a tag", "Correct the tag, or set"),
        (changed("X-ORG"), ", line 9: 'X-ORG' is not a tag", "Correct the tag, or set"),
        (changed("ORG"), ", line 9: 'ORG' does not fit the scheme", "Correct the tag, or set"),
    ],
)
def test_doubtful_tags_are_refused_with_line_and_count(content: str, begin: str, end: str) -> None:
    message = refusal(content)
    assert message.startswith(begin)
    assert end in message


def test_a_small_l_is_read_as_the_l_of_bilou_if_the_other_tags_are_bilou() -> None:
    content = "Ann\tb-PER\nvan\ti-PER\nLee\tl-PER\n"
    assert read(content)[0][0].tags == ("B-PER", "I-PER", "I-PER")
    content = content.replace("b-", "B-") + "Rome\tU-LOC\n"
    assert read(content)[0][0].tags == ("B-PER", "I-PER", "I-PER", "B-LOC")


@pytest.mark.parametrize(
    "tag", ["B" + " " * 100_000 + "!", '"' * 100_000 + "x", "B-" + "(" * 100_000]
)
def test_a_tag_of_100_000_characters_is_refused_quickly(tag: str) -> None:
    begin = time.process_time()
    message = refusal(changed(tag + "|x"))
    assert time.process_time() - begin < 2
    assert len(message) < 400


def test_20_000_different_tags_are_refused_within_seconds() -> None:
    content = "Ann\tB-PER\nsaw\tO\n" + "".join(f"w\tlemma{n}x\n\n" for n in range(20_000))
    begin = time.process_time()
    with pytest.raises(ValueError, match=f"^{HERE}, line 1: 'B-PER' does not fit the scheme"):
        parse_conll(content.encode(), HERE, ConllFormat())
    assert time.process_time() - begin < 10


def test_the_rarer_kind_of_tags_is_blamed_for_a_mixture() -> None:
    content = "Ann\tPER\nsaw\tO\n" + spelt("P-T")
    assert refusal(content).startswith(
        ", line 1: 'PER' does not fit the scheme of the other tags, which begin with B-"
    )
    content = "Ann\tB-PER\nsaw\tO\n\nLee\tPER\nRome\tLOC\nAcme\tORG\n"
    assert refusal(content).startswith(", line 1: 'B-PER' does not fit the scheme")


@pytest.mark.parametrize("other", ["Per", "per", "P\u200cÉR"])
def test_types_that_differ_only_in_case_or_invisible_characters_give_a_warning(other: str) -> None:
    content = spelt("P-T").replace("Juma\tB-PER", f"Juma\tB-{other}")
    if "É" in other:
        content = content.replace("-PER", "-PÉR")
    sentences, (message,) = read(content)
    assert [e.type for e in sentences[1].entities] == [other, "ORG"]
    assert message.startswith(f"{HERE}, line 7: Some entity types differ only in case or")
    assert message.endswith("Correct them, or rename one with `type_map`.")


def test_an_entity_type_named_o_gives_a_warning() -> None:
    _, (message,) = read(changed("B-O"))
    assert message.startswith(f"{HERE}, line 9: 1 word has an entity type named 'O', as in 'B-O'.")


@pytest.mark.parametrize(
    "types",
    [
        ("ПЕР", "ЛОК", "ОРГ"),
        ("人名", "地名", "组织"),
        ("person-actor", "location-GPE", "E-mail"),
        ("/person/actor", "work_of_art", "geo-loc"),
        ("PER.NOM", "LOC&GPE", "1st"),
        ("شخص\u200cها", "مکان", "سازمان"),
        ("Économie", "Ö", "Straße"),
        ("S", "B", "I"),
    ],
)
def test_types_of_any_script_are_read_without_a_warning(types: tuple[str, str, str]) -> None:
    content = spelt("P-T")
    for old, new in zip(("-PER", "-LOC", "-ORG"), types, strict=True):
        content = content.replace(old, f"-<{new}>")
    content = content.replace("<", "").replace(">", "")
    sentences, messages = read(content)
    assert not messages
    assert [e.type for s in sentences for e in s.entities] == [*types[:2], types[0], types[2]]


@pytest.mark.parametrize("types", ["WORK_OF_ART E_MAIL", "HEPATITIS-B PER", "S.O.S PER", "OTH ORG"])
def test_bare_types_that_look_like_prefixes_are_not_changed(types: str) -> None:
    first, second = types.split()
    sentences, messages = read(f"a\t{first}\nb\tO\nc\t{second}\n")
    assert not messages
    assert [e.type for e in sentences[0].entities] == [first, second]
