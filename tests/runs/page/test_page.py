"""The page: complete in itself, and safe with any name."""

import base64
from html.parser import HTMLParser

from lowner_pl.runs.page.page import Link, Passage, Picture, Table, page

NASTY = "<script>alert('1')</script> & \"人\""
PNG = b"\x89PNG\r\n"


class Parsed(HTMLParser):
    """The tags of a page with their attributes, and the text inside each."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.tags[-1][0], data.strip()))


def example() -> Parsed:
    table = Table(NASTY, ["language", NASTY], [[NASTY, "1.0"], ["sw", "2.5"]], {(1, 1)}, NASTY)
    picture = Picture(NASTY, PNG, NASTY)
    return Parsed(page(NASTY, [NASTY], [table, picture], [NASTY]))


def test_nothing_is_loaded_from_elsewhere() -> None:
    parsed = example()
    sources = [
        (tag, name, value)
        for tag, attributes in parsed.tags
        for name, value in attributes.items()
        if name in ("src", "href", "srcset", "action", "data")
    ]
    data = "data:image/png;base64," + base64.b64encode(PNG).decode()
    assert sources == [("img", "src", data)]
    tags = [tag for tag, _ in parsed.tags]
    assert not {"link", "iframe", "object", "base"} & {*tags}
    (policy,) = (a["content"] for tag, a in parsed.tags if a.get("http-equiv"))
    assert str(policy).startswith("default-src 'none'; img-src data:;")
    style = " ".join(text for tag, text in parsed.texts if tag == "style")
    assert "url(" not in style
    assert "@import" not in style
    assert "prefers-color-scheme: dark" in style


def test_names_are_shown_as_they_are() -> None:
    parsed = example()
    assert [tag for tag, _ in parsed.tags].count("script") == 1
    shown = [tag for tag, text in parsed.texts if text == NASTY]
    assert sorted(shown) == sorted(["title", "h1", "p", "p", "p", "h2", "h2", "button", "td"])
    assert [attributes["alt"] for tag, attributes in parsed.tags if tag == "img"] == [NASTY]


def test_the_answer_comes_first_and_the_best_is_bold() -> None:
    text = page("t", ["A beats B."], [Table("h", ["x", "y"], [["sw", "2.5"]], {(0, 1)})])
    assert text.index("A beats B.") < text.index("<table>")
    assert "<b>2.5</b>" in text
    assert text.count("<b>") == 1


def test_names_from_right_to_left_do_not_turn_the_sentences() -> None:
    names = ["אבג", "ערבית", "sner"]
    table = Table("Scores", ["אבג - ערבית"], [["אבג"]], note="Differences to אבג.")
    text = page("t", ["אבג is better than ערבית."], [table], ["אבג: 3 seeds"], names=names)
    assert '<html lang="en" dir="ltr">' in text
    assert '<p class="answer"><bdi>אבג</bdi> is better than <bdi>ערבית</bdi>.</p>' in text
    assert '<p class="note"><bdi>אבג</bdi>: 3 seeds</p>' in text
    assert "<button><bdi>אבג</bdi> - <bdi>ערבית</bdi></button>" in text
    assert "Differences to <bdi>אבג</bdi>." in text
    assert '<td dir="auto">אבג</td>' in text  # a cell may hold a tagged sentence


def test_a_cell_can_lead_to_a_passage_with_its_own_style_and_script() -> None:
    table = Table("h", ["x"], [[Link("<7>", "here")]], {(0, 0)})
    place = Passage('<p id="here">…</p>')
    text = page("t", [], [table, place], style="p { margin: 7px; }", script="let seven = 7;")
    assert '<td dir="auto"><b><a href="#here">&lt;7&gt;</a></b></td>' in text
    assert text.index("</table>") < text.index('<p id="here">')
    parsed = Parsed(text)
    assert any(tag == "style" and "margin: 7px" in shown for tag, shown in parsed.texts)
    assert any(tag == "script" and "let seven" in shown for tag, shown in parsed.texts)
