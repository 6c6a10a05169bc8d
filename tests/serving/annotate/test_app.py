"""What the page asks, and what it is refused."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lowner_pl.annotation.session.session import Session
from lowner_pl.serving.annotate import make_annotation_app
from lowner_pl.serving.annotate.site import annotation_site

from ...annotation.session.toy import IDS, TEXTS, journal_of, session
from ..served import ask, serving


@pytest.fixture
def one(tmp_path: Path) -> Session:
    """A session that has not begun."""
    return session(tmp_path / "mine.conll")


@pytest.fixture
def port(one: Session) -> Iterator[int]:
    """The port of its page."""
    with serving(make_annotation_app(one, name="some/run")) as port:
        yield port


def state(port: int) -> Any:
    """Ask for the state."""
    return json.loads(ask(port, "GET", "/state")[1])


def post(port: int, path: str, **record: Any) -> tuple[int, Any]:
    """Send an object."""
    status, answer = ask(port, "POST", path, json.dumps(record))
    return status, json.loads(answer)


def decision(id: str, version: int, *parts: dict[str, Any], action: str = "accept") -> Any:
    """Make a decision."""
    return {"id": id, "version": version, "action": action, "entities": list(parts)}


def test_a_sentence_is_shown_decided_and_undone(port: int, tmp_path: Path) -> None:
    shown = state(port)
    assert shown["current"]["words"] == TEXTS[0].split()
    assert shown["current"]["entities"][0] == {
        "start": 0, "end": 1, "type": "PER", "confidence": 0.1
    }  # fmt: skip
    part = {"start": 2, "end": 3, "type": "LOC"}
    status, after = post(port, "/decide", **decision(IDS[0], 0, part))
    assert status == 200
    assert after["accepted"] == 1
    assert after == state(port)
    assert (tmp_path / "mine.conll").read_text() == "Anna\tO\nleft\tO\nNairobi\tB-LOC\n\n"
    status, after = post(port, "/undo", version=1)
    assert (status, after["current"]["id"], after["accepted"]) == (200, IDS[0], 0)


def test_of_two_windows_the_second_decision_is_refused(port: int) -> None:
    assert post(port, "/decide", **decision(IDS[0], 0))[0] == 200
    status, answer = post(port, "/decide", **decision(IDS[0], 0, action="skip"))
    assert status == 409
    assert "another window" in answer["detail"]
    assert post(port, "/undo", version=0)[0] == 409
    assert state(port)["accepted"] == 1


@pytest.mark.parametrize(
    ("path", "record", "message"),
    [
        ("/decide", decision(IDS[0], 0, action="eat"), "`action` is 'eat'"),
        ("/decide", {"id": IDS[0]}, "`version` is missing"),
        ("/decide", decision(IDS[0], 0, {"start": 1, "end": 1, "type": "PER"}), "0 <= start < end"),
        ("/decide", decision(IDS[0], 0, {"start": 0, "end": 9, "type": "PER"}), "ends after"),
        ("/decide", decision(IDS[0], 0, {"start": 0, "end": 1, "type": "X"}), "entity type 'X'"),
        ("/undo", {"version": "0"}, "`version` is '0'"),
    ],
)
def test_wrong_requests_are_refused_in_a_sentence(
    path: str, record: Any, message: str, port: int
) -> None:
    status, answer = post(port, path, **record)
    assert status == 422
    assert message in answer["detail"]
    assert state(port)["version"] == 0


def test_other_sites_can_not_ask(port: int) -> None:
    assert ask(port, "GET", "/state", headers={"Host": "other.example"})[0] == 403
    body = json.dumps(decision(IDS[0], 0))
    assert ask(port, "POST", "/decide", body, {"Content-Type": "text/plain"})[0] == 415
    assert ask(port, "GET", "/docs")[0] == 404
    assert state(port)["version"] == 0


def test_a_journal_that_can_not_be_written_is_said(port: int, tmp_path: Path) -> None:
    journal = journal_of(tmp_path / "mine.conll")
    journal.unlink()
    journal.mkdir()
    status, answer = post(port, "/decide", **decision(IDS[0], 0))
    assert status == 507
    assert answer["detail"].startswith("The decision was not saved. ")
    assert state(port)["version"] == 0


def test_names_can_not_break_the_page() -> None:
    site = annotation_site(["<b>"], 's"w', "<i>")
    assert "<i>" not in site.page
    assert 'lang="s&quot;w"' in site.page
    assert {"annotate.js", "curve.js", "editing.js", "server.js", "marks.js"} < {*site.files}
