"""Tags that are spelt in another way than '<prefix>-<type>': read with a warning, or refused."""

# ruff: noqa: RUF001  letters that look alike are what is tested
import re
import time
import warnings

import pytest

from lowner_pl.corpus import ConllFormat, Sentence, parse_conll
from tests.corpus.conll.test_reading import HERE, streamed

TAGS = ("B-PER", "I-PER", "O", "B-LOC", "O", "B-PER", "B-ORG", "I-ORG", "O")


def text(tags: list[str]) -> str:
    """Return a file of two sentences with these tags."""
    words = ("Ann", "Lee", "saw", "Rome", ".", "Juma", "Acme", "Ltd", ".")
    lines = [f"{word}\t{tag}\n" for word, tag in zip(words, tags, strict=True)]
    return "".join([*lines[:5], "\n", *lines[5:]])


def spelt(pattern: str, outside: str = "O") -> str:
    """Return the file with entities spelt by a pattern of ``P`` (prefix) and ``T`` (type)."""

    def spell(match: re.Match[str]) -> str:
        return prefix if match[0] == "P" else type_

    tags = []
    for tag in TAGS:
        prefix, _, type_ = tag.partition("-")
        tags.append(re.sub("[PT]", spell, pattern) if type_ else outside)
    return text(tags)


def changed(tag: str, position: int = 7) -> str:
    """Return the file with another tag for one word: 'Ltd' in line 9, where nothing is said."""
    return text([*TAGS[:position], tag, *TAGS[position + 1 :]])


def read(content: str, **form: object) -> tuple[list[Sentence], list[str]]:
    """Return the sentences and the warnings, which are the same when the file is streamed."""
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
    """Return why a file is refused, which is the same when it is streamed."""
    with pytest.raises(ValueError, match=HERE) as caught:
        parse_conll(content.encode(), HERE, ConllFormat())
    with pytest.raises(ValueError, match="file") as again:
        streamed(content.encode())
    message = str(caught.value).removeprefix(HERE)
    assert str(again.value).endswith(message)
    return message


PLAIN, NO_WARNINGS = read(text(list(TAGS)))


def test_tags_as_they_should_be_warn_of_nothing() -> None:
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
def test_what_is_plain_is_read_with_a_warning(content: str) -> None:
    sentences, messages = read(content)
    assert sentences == PLAIN
    assert len(messages) == 1
    assert re.match(rf"{HERE}:[13]: \d+ words are tagged in another spelling, read '", messages[0])


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
def test_so_is_a_single_one(tag: str) -> None:
    sentences, messages = read(changed(tag))
    assert sentences == PLAIN
    (message,) = messages
    assert message.startswith(f"{HERE}:9: 1 word is tagged in another spelling, read {tag!r}"[:70])
    assert message.endswith(" as 'I-ORG'.")


def test_a_look_alike_is_named_by_its_code_point() -> None:
    _, (message,) = read(changed("Ｏ"))
    assert "read 'Ｏ' (U+FF2F FULLWIDTH LATIN CAPITAL LETTER O) as 'O'" in message


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
        f":9: 1 word is tagged with letters that look Latin and are not, was: {tag!r} ({point}"
    )


def test_look_alikes_are_counted_from_the_first_on() -> None:
    message = refusal(spelt("P-T", "О"))
    assert message.startswith(":3: 3 words are tagged with letters that look Latin")


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
def test_two_tags_of_one_word_are_refused(tag: str) -> None:
    assert refusal(changed(tag)).startswith(
        f":9: 1 word is tagged with more than one tag, was: {tag!r}. A word has one"
    )


@pytest.mark.parametrize(
    ("content", "begin", "end"),
    [
        (changed("ner=I-ORG"), ":9: 1 word is tagged with '<key>=<value>'", "`tag_column`."),
        (spelt("NER=P-T", "_"), ":1: 6 words are tagged with '<key>=<value>'", "`tag_column`."),
        (changed("I-ORG B-LOC"), ":9: 1 word is tagged with more than one tag", "`tag_column`."),
        (spelt("(T*", "*"), ":1: 9 words are tagged in the brackets of OntoNotes", "to IOB2."),
        (spelt("3", "0"), ":1: 9 words are tagged with numbers, was: '3'.", "`tag_column`."),
        (spelt("P-P-T"), ":1: 6 words are tagged with a prefix before another", "Keep one prefix."),
        (changed("I-B-ORG"), ":9: 1 word is tagged with a prefix before another", "one prefix."),
        (spelt("P-T", "OTHER"), ":3: A tag must fit", "entities 'O', or set `tag_column`."),
        (spelt("P-T", "_"), ":3: A tag must", "entities 'O', or set `tag_column`."),
        (changed("l-ORG"), ":9: A tag must be", "was: 'l-ORG'. Correct the tag, or set"),
        (changed("1-ORG"), ":9: A tag must be", "was: '1-ORG'. Correct the tag, or set"),
        (changed("\xa0"), ":9: A tag must be", "was: '\\xa0' (U+00A0 NO-BREAK SPACE)."),
        (changed("\ufeff"), ":9: A tag must be", "was: '\\ufeff' (U+FEFF ZERO WIDTH NO-BREAK"),
        (changed("I-"), ":9: A tag must be", "was: 'I-'. Correct the tag, or set"),
        (changed("X-ORG"), ":9: A tag must be", "was: 'X-ORG'. Correct the tag, or set"),
        (changed("ORG"), ":9: A tag must fit the scheme of the file", "was: 'ORG'. Correct the"),
    ],
)
def test_what_is_not_plain_is_refused_with_line_and_count(
    content: str, begin: str, end: str
) -> None:
    message = refusal(content)
    assert message.startswith(begin)
    assert end in message


def test_a_small_l_is_one_of_bilou_where_others_are() -> None:
    content = "Ann\tb-PER\nvan\ti-PER\nLee\tl-PER\n"
    assert read(content)[0][0].tags == ("B-PER", "I-PER", "I-PER")
    content = content.replace("b-", "B-") + "Rome\tU-LOC\n"
    assert read(content)[0][0].tags == ("B-PER", "I-PER", "I-PER", "B-LOC")


@pytest.mark.parametrize(
    "tag", ["B" + " " * 100_000 + "!", '"' * 100_000 + "x", "B-" + "(" * 100_000]
)
def test_a_tag_of_100_000_characters_costs_no_time(tag: str) -> None:
    begin = time.perf_counter()
    message = refusal(changed(tag + "|x"))
    assert time.perf_counter() - begin < 2
    assert len(message) < 400


def test_20_000_different_tags_are_refused_within_seconds() -> None:
    content = "Ann\tB-PER\nsaw\tO\n" + "".join(f"w\tlemma{n}x\n\n" for n in range(20_000))
    begin = time.perf_counter()
    with pytest.raises(ValueError, match=f"^{HERE}:1: A tag must fit .*, was: 'B-PER'"):
        parse_conll(content.encode(), HERE, ConllFormat())
    assert time.perf_counter() - begin < 10


def test_the_rarer_spelling_is_to_blame() -> None:
    content = "Ann\tPER\nsaw\tO\n" + spelt("P-T")
    assert refusal(content).startswith(":1: A tag must fit the scheme of the file (tags so far: B-")
    content = "Ann\tB-PER\nsaw\tO\n\nLee\tPER\nRome\tLOC\nAcme\tORG\n"
    assert ", was: 'B-PER'" in refusal(content)
    assert refusal(content).startswith(":1: ")


@pytest.mark.parametrize("other", ["Per", "per", "P\u200cÉR"])
def test_types_that_differ_in_case_or_invisibly_are_pointed_out(other: str) -> None:
    content = spelt("P-T").replace("Juma\tB-PER", f"Juma\tB-{other}")
    if "É" in other:
        content = content.replace("-PER", "-PÉR")
    sentences, (message,) = read(content)
    assert [e.type for e in sentences[1].entities] == [other, "ORG"]
    assert message.startswith(f"{HERE}:7: Entity types differ in case or in invisible characters")
    assert message.endswith("Correct them, or rename one with `type_map`.")


def test_a_type_named_like_no_entity_is_pointed_out() -> None:
    _, (message,) = read(changed("B-O"))
    assert message.startswith(f"{HERE}:9: 1 word is of an entity type named 'O', like 'B-O'.")


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
def test_types_of_any_name_are_read_without_a_warning(types: tuple[str, str, str]) -> None:
    content = spelt("P-T")
    for old, new in zip(("-PER", "-LOC", "-ORG"), types, strict=True):
        content = content.replace(old, f"-<{new}>")
    content = content.replace("<", "").replace(">", "")
    sentences, messages = read(content)
    assert not messages
    assert [e.type for s in sentences for e in s.entities] == [*types[:2], types[0], types[2]]


@pytest.mark.parametrize("types", ["WORK_OF_ART E_MAIL", "HEPATITIS-B PER", "S.O.S PER", "OTH ORG"])
def test_bare_types_that_look_like_prefixes_are_left_as_they_are(types: str) -> None:
    first, second = types.split()
    sentences, messages = read(f"a\t{first}\nb\tO\nc\t{second}\n")
    assert not messages
    assert [e.type for e in sentences[0].entities] == [first, second]
