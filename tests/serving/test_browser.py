"""The pages in a real browser."""

import json
from collections.abc import Iterator

import pytest

from lowner_pl.serving import Limits

from ..tagging.capitals import capitals
from .browser import FOUND, Page, browser
from .served import HOST, served

pytestmark = pytest.mark.skipif(FOUND is None, reason="no Chromium is installed")
TEXT = "😀 Berta Carla left.\n👩🏽‍🚀 Zoe\u0308 & <b>Anna</b> came."
URDU = "وزیر Berta اعظم Anna نے"
LIMITS = Limits(characters=1_000)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a server."""
    with served(capitals(language="sw"), LIMITS, name="some/run") as port:
        yield port


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A browser."""
    with browser(tmp_path_factory.mktemp("chromium")) as page:
        yield page


@pytest.fixture
def page(chromium: Page, port: int) -> Page:
    """The page where a person types text, just opened."""
    chromium.open("about:blank")
    chromium.asked.clear()
    chromium.open(f"http://{HOST}:{port}/")
    chromium.wait("document.activeElement.id === 'text'")
    return chromium


def marks(page: Page) -> list[str]:
    """Return the marked texts."""
    found: list[str] = page.run(
        "[...document.querySelectorAll('#result bdi')].map(e => e.innerText)"
    )
    return found


def tag(page: Page, text: str) -> None:
    """Type a text and tag it with the keyboard."""
    page.type(text)
    page.press("Enter", ctrl=True)
    page.wait("document.getElementById('status').textContent.includes('entit')")


def test_a_typed_text_is_highlighted_by_characters_not_utf_16_units(page: Page, port: int) -> None:
    tag(page, TEXT)
    assert marks(page) == ["Berta Carla", "Zoe\u0308", "Anna"]
    first, second = page.text("result").split("\n")
    assert first == "😀 Berta CarlaPER 20 % left."
    assert second == "👩🏽‍🚀 Zoe\u0308PER 10 % & <b>AnnaPER 10 %</b> came."
    assert page.text("status") == "3 entities"
    colour = page.run("getComputedStyle(document.querySelector('#result mark')).backgroundColor")
    assert colour == "rgb(249, 217, 184)"  # that of PER in lowner_pl/tagging/markup.py
    assert len(page.asked) >= 5
    ours = (f"http://{HOST}:{port}/", "data:")
    assert not [address for address in page.asked if not address.startswith(ours)]


def test_everything_is_done_with_the_keyboard(page: Page) -> None:
    page.allow_the_clipboard()
    page.type(TEXT)
    page.press("Tab")
    assert page.run("document.activeElement.id") == "tag"
    page.press("Enter")
    page.wait("document.getElementById('status').textContent === '3 entities'")
    page.press("Tab")
    assert page.run("document.activeElement.id") == "threshold"
    for _ in range(11):
        page.press("ArrowRight")
    assert page.text("percent") == "11 %"
    assert page.text("status") == "1 of 3 entities"
    assert marks(page) == ["Berta Carla"]
    page.press("Tab")
    assert page.run("document.activeElement.id") == "copy"
    page.press("Enter")
    page.wait("document.getElementById('status').textContent === 'Copied.'")
    copied = json.loads(page.run("navigator.clipboard.readText()"))
    assert copied["text"] == TEXT
    assert copied["offsets"] == "code points"
    (entity,) = copied["entities"]
    assert TEXT[entity["start"] : entity["end"]] == "Berta Carla"
    page.press("Tab")
    assert page.run("document.activeElement.id") == "result"


def test_a_browser_that_keeps_the_clipboard_from_scripts_copies_the_old_way(page: Page) -> None:
    page.allow_the_clipboard()
    tag(page, "Anna left.")
    page.run("window.kept = navigator.clipboard; 0")
    page.run("Object.defineProperty(navigator, 'clipboard', {value: undefined})")
    page.run("document.getElementById('copy').focus()")
    page.press("Enter")
    page.wait("document.getElementById('status').textContent === 'Copied.'")
    assert page.run("document.activeElement.id") == "copy"
    assert json.loads(page.run("window.kept.readText()"))["text"] == "Anna left."


def test_right_to_left_text_runs_from_right_to_left(page: Page) -> None:
    tag(page, f"{URDU}\nCarla left Dora.")
    assert marks(page) == ["Berta", "Anna", "Carla", "Dora"]
    left, right = "getBoundingClientRect().left", "getBoundingClientRect().right"
    places = page.run(f"[...document.querySelectorAll('#result mark')].map(e => e.{left})")
    assert places[1] < places[0]  # Anna stands left of Berta
    assert places[2] < places[3]  # each line has its own direction
    gaps = page.run(
        "[...document.querySelectorAll('#result mark')].map(e => "
        f"document.getElementById('result').{right} - e.{right})"
    )
    assert gaps[0] < gaps[2]  # the first line begins at the right
    assert page.run("getComputedStyle(document.getElementById('text')).unicodeBidi") == "plaintext"


def test_what_the_server_refuses_is_said_and_the_text_stays(page: Page) -> None:
    page.type("x" * 1_001)
    page.press("Enter", ctrl=True)
    page.wait("document.getElementById('status').className === 'problem'")
    assert "1,001 characters, but at most 1,000" in page.text("status")
    assert page.run("document.getElementById('text').value.length") == 1_001
    page.run("document.getElementById('text').value = ' '")
    page.press("Enter", ctrl=True)
    page.wait("document.getElementById('status').textContent === 'There is no text to tag.'")
    page.run("document.getElementById('text').value = 'Anna \\ud83d left'")
    page.press("Enter", ctrl=True)
    page.wait("document.getElementById('status').textContent === '1 entity'")
    assert page.text("result").endswith("\ufffd left")


def test_a_server_that_has_stopped_is_said(page: Page) -> None:
    with served(capitals()) as port:
        page.open(f"http://{HOST}:{port}/")
    page.type("Anna")
    page.press("Enter", ctrl=True)
    page.wait("document.getElementById('status').className === 'problem'")
    assert page.text("status") == "The server can't be reached. Is it still running?"


def test_the_reference_needs_no_other_machine(page: Page, port: int) -> None:
    page.open(f"http://{HOST}:{port}/docs")
    assert page.run("getComputedStyle(document.querySelector('pre')).borderRadius") == "4px"
    assert not [one for one in page.asked if not one.startswith((f"http://{HOST}:{port}/", "data"))]
