"""Annotating in a real browser, by the keyboard and the mouse."""

import json
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from lowner_pl.annotation.session import Session
from lowner_pl.annotation.session.events import Trained
from lowner_pl.corpus import read_conll
from lowner_pl.serving.annotate import make_annotation_app

from ...annotation.session.toy import TEXTS, session
from ..browser import FOUND, Page, browser
from ..served import HOST, serving

pytestmark = pytest.mark.skipif(FOUND is None, reason="no Chromium is installed")
URDU = "وزیر اعظم Berta نے"


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """A browser."""
    with browser(tmp_path_factory.mktemp("chromium")) as page:
        yield page


def open_page(page: Page, port: int) -> None:
    """Open the page, and wait for the first sentence."""
    page.open("about:blank")
    page.open(f"http://{HOST}:{port}/")
    page.wait("document.activeElement.id === 'sentence'")


def wait_for(page: Page, text: str) -> None:
    """Wait until a sentence is shown."""
    words = "[...document.querySelectorAll('.word')].map(e => e.textContent).join(' ')"
    page.wait(f"{words} === {json.dumps(text)}")


def marked(page: Page) -> list[str]:
    """Return what is marked, with its type."""
    shown: list[str] = page.run(
        "[...document.querySelectorAll('#sentence mark')].map(e => e.textContent)"
    )
    return shown


def test_a_person_accepts_corrects_skips_and_undoes_by_keys(chromium: Page, tmp_path: Path) -> None:
    out, page = tmp_path / "mine.conll", chromium
    with serving(make_annotation_app(session(out))) as port:
        open_page(page, port)
        wait_for(page, TEXTS[0])
        assert marked(page) == ["AnnaPER 10 %", "NairobiPER 10 %"]
        assert page.text("spoken") == "Anna, PER"
        page.press("End")
        page.press("2")
        assert marked(page) == ["AnnaPER 10 %", "NairobiLOC"]
        page.press("Enter")
        wait_for(page, TEXTS[1])
        assert read_conll(out)[0].tags == ("B-PER", "O", "B-LOC")
        page.press("s")
        wait_for(page, TEXTS[2])
        page.press("u")
        wait_for(page, TEXTS[1])
        page.press("ArrowRight")
        page.press("ArrowRight", shift=True)
        page.press("1")
        assert marked(page) == ["fell todayPER"]
        page.press("ArrowLeft")
        page.press("Backspace")
        assert marked(page) == []
        page.press("ArrowRight")
        page.press("1")
        open_page(page, port)  # the draft survives
        wait_for(page, TEXTS[1])
        assert marked(page) == ["todayPER"]
        page.press("Enter")
        wait_for(page, TEXTS[2])
        page.press("0")
        page.press("r")
        page.press("Enter")
        wait_for(page, TEXTS[3])
        assert page.text("accepted") == "3"
        assert page.text("more") == "2 corrected · 0 skipped · 2 left"
        page.press("Enter")
        wait_for(page, TEXTS[4])
        page.press("Enter")
        page.wait("!document.getElementById('end').hidden")
        assert page.text("ended").startswith("No text is left")
        page.press("z", ctrl=True)
        page.wait("!document.getElementById('work').hidden")
        wait_for(page, TEXTS[4])
    assert [sentence.tags for sentence in read_conll(out)] == [
        ("B-PER", "O", "B-LOC"),
        ("O", "O", "B-PER"),
        ("O", "O", "B-PER", "I-PER"),
        ("B-PER", "O"),
    ]
    page.press("Enter")
    page.wait("document.getElementById('problem').textContent !== ''")
    assert "can't be reached" in page.text("problem")
    with serving(make_annotation_app(session(out)), port):  # the page asks again by itself
        page.wait("document.getElementById('problem').textContent === ''")


def test_the_mouse_does_the_same_and_a_second_window_is_told(
    chromium: Page, tmp_path: Path
) -> None:
    out, page = tmp_path / "mine.conll", chromium
    one = session(out)
    with serving(make_annotation_app(one)) as port:
        open_page(page, port)
        wait_for(page, TEXTS[0])
        page.drag("[data-at='0']", "[data-at='1']")
        page.drag("#types [data-type='LOC']", "#types [data-type='LOC']")
        assert marked(page) == ["Anna leftLOC", "NairobiPER 10 %"]
        decide_elsewhere(one)
        page.drag("#accept", "#accept")
        page.wait("document.getElementById('problem').textContent.includes('another window')")
        wait_for(page, TEXTS[1])
        page.drag("#undo", "#undo")
        wait_for(page, TEXTS[0])
        assert page.text("problem") == ""


def test_the_last_score_is_shown_while_the_next_training_runs(
    chromium: Page, tmp_path: Path
) -> None:
    trainer = SimpleNamespace(every=2, start="run", first=0.5, training=None)
    one = session(tmp_path / "mine.conll", trainer=trainer)
    one.trained(Trained(2, 0.6, True, "new run", "run", "", ""), None)
    trainer.training = 4
    with serving(make_annotation_app(one)) as port:
        open_page(chromium, port)
        said = chromium.text("training")
    assert "has a dev F1 of 60.0. It makes the guesses now." in said
    assert said.endswith("Training with 4 annotated sentences …")


def decide_elsewhere(one: Session) -> None:
    """Decide the current sentence in another window."""
    current = one.view().current
    assert current is not None
    one.decide(current.id, one.view().version, "skip")


def test_in_right_to_left_text_arrows_go_where_they_point(chromium: Page, tmp_path: Path) -> None:
    page = chromium
    with serving(make_annotation_app(session(tmp_path / "mine.conll", [URDU]))) as port:
        open_page(page, port)
        wait_for(page, URDU)
        places = page.run(
            "[...document.querySelectorAll('.word')].map(e => e.getBoundingClientRect().left)"
        )
        assert places == sorted(places, reverse=True)
        page.press("ArrowLeft")
        assert page.run("document.querySelector('.cursor').dataset.at") == "1"
        page.press("ArrowRight")
        assert page.run("document.querySelector('.cursor').dataset.at") == "0"
