"""The page of errors: complete in itself, right in its numbers, and safe with any word."""

import re
from html.parser import HTMLParser

import pytest

from lowner_pl.callbacks.errors.error_page import error_page
from lowner_pl.callbacks.errors.tally import ErrorTally

from .examples import tagged, tally

TYPES = ["PER", "ORG", "LOC", "MISC"]
NASTY = "<script>alert('1')</script>&amp;\"人\""


class Parsed(HTMLParser):
    """The tags of a page with their attributes, the cells of its tables, and its marked words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.tables: list[list[list[str]]] = []
        self.links: dict[tuple[int, int, int], str] = {}
        self.texts: list[tuple[str, str]] = []
        self.in_cell = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append("")
            self.in_cell = True
        elif tag == "a" and self.in_cell:
            table = self.tables[-1]
            place = (len(self.tables) - 1, len(table) - 1, len(table[-1]) - 1)
            self.links[place] = str(dict(attrs)["href"])

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self.in_cell = False

    def handle_data(self, data: str) -> None:
        if self.tags and data.strip():
            self.texts.append((self.tags[-1][0], data))
        if self.in_cell:
            self.tables[-1][-1][-1] += data

    @property
    def ids(self) -> list[str]:
        return [str(attributes["id"]) for _, attributes in self.tags if "id" in attributes]


def test_the_numbers_worked_out_by_hand() -> None:
    parsed = Parsed(error_page(tally(), "t", TYPES))
    overview, by_type, by_pair, by_training, by_length = parsed.tables
    assert [row[1:] for row in overview[1:]] == [
        ["2", "33.3", "33.3"],  # correct
        ["1", "16.7", "16.7"],  # wrong type
        ["1", "16.7", "16.7"],  # wrong border
        ["1", "16.7", "16.7"],  # wrong border and type
        ["1", "16.7", ""],  # missed
        ["1", "", "16.7"],  # spurious
        ["6", "100.0", ""],
        ["6", "", "100.0"],
    ]
    assert by_type[1:] == [
        ["PER", "2", "0", "0", "1", "0", "1", "0", "2", "0.0", "0.0", "0.00"],
        ["ORG", "3", "1", "1", "0", "1", "0", "1", "2", "50.0", "33.3", "40.00"],
        ["LOC", "1", "1", "0", "0", "0", "0", "0", "2", "50.0", "100.0", "66.67"],
    ]
    assert by_pair[1:] == [["ORG → LOC", "0", "1"], ["ORG → PER", "1", "0"]]
    assert by_training[1:] == [
        ["seen with this type", "2", "0", "1", "0", "0", "1", "0", "0.0"],
        ["seen with other types only", "1", "0", "0", "1", "0", "0", "0", "0.0"],
        ["new", "3", "2", "0", "0", "1", "0", "1", "66.7"],
    ]
    assert by_length[1:] == [
        ["1", "3", "1", "1", "0", "0", "1", "1", "33.3"],
        ["2", "1", "0", "0", "1", "0", "0", "0", "0.0"],
        ["3", "1", "1", "0", "0", "0", "0", "0", "100.0"],
        ["4", "1", "0", "0", "0", "1", "0", "0", "0.0"],
    ]
    answers = [text for tag, text in parsed.texts if tag == "p"]
    assert answers[0] == (
        "F1 is 33.33 %: 2 of 6 gold entities are found exactly, with 6 predicted."
    )
    assert "Recall is 0.0 % of 2 entities seen in training and 66.7 % of 3" in answers[2]
    assert "The mean over all 17 words is 1.176." in " ".join(answers)


def test_every_error_number_leads_to_its_examples() -> None:
    parsed = Parsed(error_page(tally(), "t", TYPES))
    assert len(set(parsed.ids)) == len(parsed.ids)
    targets = [
        str(attributes["href"]).removeprefix("#") for tag, attributes in parsed.tags if tag == "a"
    ]
    assert set(targets) <= set(parsed.ids)
    for number, table in enumerate(parsed.tables):
        headings = table[0]
        for row, cells in enumerate(table[1:], 1):
            for column, cell in enumerate(cells):
                about = cells[0] if number == 0 and column == 1 else headings[column]
                is_error = about.split()[0] in ("wrong", "missed", "spurious")
                linked = is_error and cell not in ("", "0")
                assert ((number, row, column) in parsed.links) == linked
    # The number of entities of two words with a wrong border leads to Juma Ali, who has one.
    place = parsed.links[4, 2, 4].removeprefix("#")
    (at,) = (n for n, (_, attributes) in enumerate(parsed.tags) if attributes.get("id") == place)
    assert place.startswith("border-length-")
    assert parsed.tags[at][1]["data-label"] == "Only length 2: 1."
    item = next(attributes for tag, attributes in reversed(parsed.tags[:at]) if tag == "li")
    assert item["data-length"] == place.rpartition("-")[2]


def test_gold_stands_above_prediction_with_wrong_entities_marked() -> None:
    text = error_page(tally(), "t", TYPES)
    pairs = re.findall(r'<div class="pair">(.*?)</div></div>', text)
    gold = 'Juma Ali <bdi>✗ PER</bdi></mark> yuko <mark class="right">Dar es Salaam <bdi>LOC</bdi>'
    predicted = 'Juma <bdi>✗ PER</bdi></mark> Ali yuko <mark class="right">Dar es Salaam <bdi>LOC'
    of_juma = [pair for pair in pairs if "Juma" in pair]
    assert len(of_juma) == 2  # a sentence with a high loss, and an example
    for pair, chosen in zip(of_juma, ("", " chosen"), strict=True):
        mark = f'<mark class="wrong{chosen}">'
        assert 0 < pair.index(f"{mark}{gold}") < pair.index(f"{mark}{predicted}")
    losses = [float(loss) for loss in re.findall(r"loss ([\d.]+) per word", text)]
    assert losses == [2.0, 1.5, 1.0, 0.25]
    assert "<bdi>ORG taken for LOC, with another border</bdi>" in text


def nasty() -> ErrorTally:
    """Words, types and places that could break a page."""
    counted = ErrorTally()
    words = f"{NASTY} محمد \u202e \x00 \ud800"
    counted.add(0, *tagged(words, [(0, 1, NASTY), (1, 2, "人")], [(0, 1, "人")]), 1.0)
    return counted


def test_words_and_types_are_text() -> None:
    text = error_page(nasty(), NASTY, [NASTY, "人"], unknown=NASTY, notes=[NASTY])
    text.encode()
    assert "\0" not in text
    parsed = Parsed(text)
    assert [tag for tag, _ in parsed.tags].count("script") == 1
    shown = "".join(data for tag, data in parsed.texts if tag == "mark")
    assert NASTY in shown
    assert "محمد" in shown
    attributes = [a for _, a in parsed.tags]
    assert not any(name.startswith("on") for a in attributes for name in a)
    assert f"Only type {NASTY}: 1." in [a.get("data-label") for a in attributes]


def test_nothing_is_loaded_from_elsewhere_and_text_has_its_own_direction() -> None:
    parsed = Parsed(error_page(tally(), "t", TYPES))
    assert not {"link", "iframe", "object", "base", "img"} & {tag for tag, _ in parsed.tags}
    assert all(str(a["href"]).startswith("#") for _, a in parsed.tags if "href" in a)
    assert not any("src" in a for _, a in parsed.tags)
    (policy,) = (a["content"] for _, a in parsed.tags if a.get("http-equiv"))
    assert str(policy).startswith("default-src 'none'")
    style = " ".join(text for tag, text in parsed.texts if tag == "style")
    assert "url(" not in style
    assert style.count("prefers-color-scheme: dark") == 2
    sentences = [a for _, a in parsed.tags if a.get("class") == "text"]
    assert len(sentences) == 18  # of 4 sentences and 5 examples, gold and predicted
    assert all(a["dir"] == "auto" and a["lang"] == "sw" for a in sentences)


def test_without_training_sentences_the_page_says_why() -> None:
    text = error_page(tally(training=None), "t", TYPES, unknown="It was trained on <x>.")
    assert "Not known. It was trained on &lt;x&gt;." in text
    assert len(Parsed(text).tables) == 4
    assert "Recall is" not in text.split("Every entity, counted once")[0]


@pytest.mark.parametrize(
    ("gold", "said"), [([], "F1 is 0.00 %: 0 of 0"), ([(0, 1, "PER")], "F1 is 0.00 %: 0 of 1")]
)
def test_a_test_set_without_entities_has_a_page(
    gold: list[tuple[int, int, str]], said: str
) -> None:
    counted = ErrorTally()
    counted.add(0, *tagged("Asha alisema", gold, []), 0.5)
    parsed = Parsed(error_page(counted, "t", TYPES, unknown="No."))
    assert next(text for tag, text in parsed.texts if tag == "p").startswith(said)
    assert Parsed(error_page(ErrorTally(), "t", TYPES, unknown="No.")).tables
