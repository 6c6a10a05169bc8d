import pytest

from lowner_pl.tagging.splitting import boundaries, splitter
from lowner_pl.tagging.splitting.boundaries import IcuBoundaries, RegexBoundaries
from lowner_pl.tagging.splitting.splitter import MOST_WORDS, Split, Splitter

TEXTS = {
    "plain": "Wangari Maathai alizaliwa Nyeri. Alikufa Nairobi!",
    "emoji": "👋🏽 Zoë 👩‍👩‍👧 in \U0001d4a9airobi 🇰🇪. Zoë!",
    "marks": "Zoe\u0308 na\u0308 a\u0300b \u0301x",
    "spaces": "a\u00a0b\tc\r\nd\u3000e \n\n f\u2028g",
    "invisible": "x\x00y\u200bz \u200b \ufeffw\x85",
    "right to left": '\u200fأحمد، محمّد؟ نعم.\u200f עברית של צה"ל',
    "thai": "กรุงเทพมหานครเป็นเมืองหลวงของประเทศไทย",
    "chinese": "毛泽东出生于湖南韶山。他后来去了北京!",
    "surrogate": "a \ud800 b\udfff",
    "joiners": "क्\u200dष नमस्ते। \u0645\u06cc\u200c\u062e",
    "blank": " \t\r\n\u200b",
    "empty": "",
}


def words(text: str, split: Split = "unicode", language: str | None = None) -> list[list[str]]:
    """Return the words of each sentence."""
    return [[text[a:b] for a, b in spans] for spans in Splitter(split, language)(text)]


@pytest.fixture
def without_icu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Split by `regex`, as where icu4py is not installed."""
    monkeypatch.setattr(splitter, "boundaries", lambda _: RegexBoundaries())


@pytest.mark.parametrize("rules", [IcuBoundaries("sw"), RegexBoundaries()], ids=["icu", "regex"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_the_parts_of_a_text_joined_are_the_text(rules: boundaries.Boundaries, text: str) -> None:
    text = splitter.visible(text)
    for spans in (list(rules.sentences(text)), list(rules.words(text))):
        assert "".join(text[start:end] for start, end in spans) == text
        assert [start for start, _ in spans] == [0, *(end for _, end in spans)][: len(spans)]


@pytest.mark.parametrize("split", ["unicode", "none", "whitespace"])
@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_only_blanks_lie_between_words(split: Split, text: str) -> None:
    sentences = Splitter(split)(text)
    assert all(sentences)
    at = 0
    for start, end in [*(span for spans in sentences for span in spans), (len(text), len(text))]:
        assert all(map(splitter.is_blank, text[at:start])), text[at:start]
        assert start < end or start == len(text)
        at = end


def test_positions_count_characters_where_icu_counts_two_units() -> None:
    assert words("👋🏽👋🏽 Zoë \U0001d4a9 Kenya") == [
        ["👋🏽", "👋🏽", "Zoë", "\U0001d4a9", "Kenya"]
    ]


def test_dictionaries_part_words_without_spaces() -> None:
    assert words(TEXTS["thai"])[0][:2] == ["กรุงเทพมหานคร", "เป็น"]
    assert words(TEXTS["chinese"])[1] == ["他", "后来", "去了", "北京", "!"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("J. K. Rowling left.", 1),
        ("Dr. Maathai left. She came.", 2),
        ("in St. Louis, U.S. Senate", 1),
        ("He has 3. She left.", 2),
        ("Vitamin b. She left.", 2),
        ("के. शर्मा", 1),
        ("One. Two? Three!", 3),
    ],
)
def test_no_sentence_ends_after_an_initial_or_a_title(text: str, expected: int) -> None:
    assert len(words(text)) == expected


@pytest.mark.parametrize(
    ("text", "language", "expected"),
    [
        ("Jean-Pierre (COVID-19) x - y", None, "Jean-Pierre|(|COVID-19|)|x|-|y"),
        ("1996-08-22... -- wait?!", None, "1996-08-22|...|--|wait|?|!"),
        ("北京-上海", "zh", "北京|-|上海"),
        ("Kenya's ng'ombe d'Ivoire", "en", "Kenya|'s|ng'ombe|d'Ivoire"),
        ("Kenya's", "sw", "Kenya's"),
        ("l'Afrique qu\u2019il aujourd'hui", "fr", "l'|Afrique|qu\u2019|il|aujourd'hui"),
        ("3.14, 1,000 a@b.org", None, "3.14|,|1,000|a|@|b.org"),
    ],
)
def test_words_are_those_of_corpora(text: str, language: str | None, expected: str) -> None:
    assert "|".join(word for row in words(text, language=language) for word in row) == expected


def test_white_space_parts_words_and_lines_part_sentences() -> None:
    assert words("a b\u00a0c .\r\nd\n\n", "whitespace") == [["a", "b", "c", "."], ["d"]]


def test_a_narrow_space_parts_words_except_in_mongolian_script() -> None:
    assert words("alienda\u202fMombasa !") == [["alienda", "Mombasa", "!"]]
    mongolian = "\u182e\u1823\u1829\u182d\u1823\u182f\u202f\u1824\u1828"
    assert words(mongolian) == [[mongolian]]


def test_a_text_can_be_one_sentence() -> None:
    assert words("A b. C d.\nE", "none") == [["A", "b", ".", "C", "d", ".", "E"]]


def test_a_sentence_of_many_words_is_tagged_in_parts_that_end_at_punctuation() -> None:
    parts = words("neno, habari " * MOST_WORDS)
    assert all(len(part) <= MOST_WORDS and part[-1] == "," for part in parts[:-1])
    assert sum(map(len, parts)) == 3 * MOST_WORDS
    assert list(map(len, words("neno " * (MOST_WORDS + 1)))) == [MOST_WORDS, 1]


@pytest.mark.usefixtures("without_icu")
def test_regex_takes_the_place_of_icu() -> None:
    assert words("👋🏽 Zoë left. J. K. Rowling? Yes!\nNo")[1:] == [
        ["J", ".", "K", ".", "Rowling", "?"],
        ["Yes", "!"],
        ["No"],
    ]
    assert Splitter().rules.startswith("regex")


def test_the_rules_are_named() -> None:
    assert Splitter().rules.startswith("ICU ")
    assert Splitter("whitespace").rules == "white space"


def test_an_unknown_split_is_refused() -> None:
    with pytest.raises(ValueError, match="`split` is 'words'"):
        Splitter("words")  # type: ignore[arg-type]


def test_any_language_name_is_taken() -> None:
    assert words("Habari yako.", language="no such language!") == [["Habari", "yako", "."]]
