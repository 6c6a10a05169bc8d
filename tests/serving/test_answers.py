"""What the server says: entities, its state, and one sentence for each bad request."""

import json
import re
from collections.abc import Iterator

import pytest

from lowner_pl import __version__
from lowner_pl.serving import Limits

from ..tagging.capitals import capitals
from .served import ask, refused, served, tag

TEXT = "😀 Berta Carla left.\r\n👩🏽‍🚀 Zoe\u0308 & <b>Anna</b> came."
LIMITS = Limits(characters=200, seconds=20.0, requests=5)


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    """The port of a server."""
    with served(capitals(language="sw"), LIMITS, name="some/run") as port:
        yield port


def test_an_answer_has_the_entities_that_the_tagger_finds(port: int) -> None:
    answer = tag(port, TEXT)
    assert answer["text"] == TEXT
    assert answer["offsets"] == "code points"
    assert answer["entities"] == [one.as_dict() for one in capitals(language="sw")(TEXT)]
    found = [TEXT[one["start"] : one["end"]] for one in answer["entities"]]
    assert found == ["Berta Carla", "Zoe\u0308", "Anna"]
    kept = tag(port, TEXT, min_confidence=0.2)["entities"]
    assert [one["text"] for one in kept] == ["Berta Carla"]
    assert tag(port, "")["entities"] == []
    assert tag(port, "\0 \u200f\u2028")["entities"] == []


def test_a_text_of_many_parts_is_tagged_whole(port: int) -> None:
    answer = tag(port, "Anna. " * 33)
    assert [one["start"] for one in answer["entities"]] == [6 * at for at in range(33)]


def test_the_state_names_the_tagger_and_the_limits(port: int) -> None:
    status, answer = ask(port, "GET", "/health")
    assert status == 200
    assert json.loads(answer) == {
        "status": "ok",
        "version": __version__,
        "run": "some/run",
        "language": "sw",
        "entity_types": ["PER"],
        "requests": 0,
        "max_requests": 5,
        "max_characters": 200,
        "max_seconds": 20.0,
    }


def test_each_bad_request_gets_one_sentence(port: int) -> None:
    for body, status, sentence in (
        (b"", 400, "The request is no JSON: EOF"),
        (b"no", 400, "The request is no JSON: expected ident at line 1 column 2"),
        (b"[" * 2_000, 400, "The request is no JSON: recursion limit"),
        (b'{"text": "\\ud800"}', 400, "The request is no JSON: unexpected end of hex"),
        (b'{"text": "\xff"}', 400, "not in UTF-8: byte 10 is 0xff"),
        ('{"text": "é"}'.encode("utf-16"), 400, "not in UTF-8: byte 0 is 0xff"),
        (b"[1]", 422, "The request is no object. Send an object with `text` and `min_conf"),
        (b"{}", 422, "The field `text` is missing"),
        (b'{"text": null}', 422, "The field `text` is None, but it must be a valid string"),
        (b'{"text": "a", "txt": 1}', 422, "There is no field `txt`. A request is"),
        (b'{"text": "a", "min_confidence": 1.5}', 422, "is 1.5, but it must be less than or eq"),
        (b'{"text": "a", "min_confidence": NaN}', 422, "`min_confidence` is nan"),
    ):
        assert re.search(sentence, refused(port, body, status)), body


def test_a_body_that_is_not_declared_as_json_is_refused(port: int) -> None:
    assert "Content-Type is missing" in refused(port, b'{"text": "a"}', 415, {})
    form = {"Content-Type": "text/plain"}  # which other web sites may send without asking
    assert "'text/plain'. Send JSON with" in refused(port, b'{"text": "a"}', 415, form)
    kind = {"Content-Type": "Application/JSON; charset=utf-8"}
    assert ask(port, "POST", "/tag", b'{"text": "a"}', kind)[0] == 200


def test_a_text_may_have_as_many_characters_as_the_limit_however_it_is_escaped(port: int) -> None:
    assert tag(port, "😀" * 200)["text"] == "😀" * 200
    assert "has 201 characters" in refused(port, json.dumps({"text": "😀" * 201}), 413)


def test_a_body_that_is_too_large_is_refused_with_and_without_its_length(port: int) -> None:
    large = b"x" * 20_000_000  # more than fits into the buffers of a connection
    form = {"Content-Type": "text/plain"}
    assert "Send JSON" in refused(port, large, 415, form)
    for body in (large, iter([large] * 2)):
        detail = refused(port, body, 413)
        assert "larger than 3,400 bytes" in detail
        assert "at most 200 characters" in detail
    assert tag(port, "Anna")["entities"]


def test_wrong_addresses_are_named(port: int) -> None:
    status, answer = ask(port, "GET", "/tagg")
    assert (status, json.loads(answer)["detail"]) == (
        404,
        "There is no page '/tagg'. See / and /docs.",
    )
    status, answer = ask(port, "GET", "/tag")
    assert (status, json.loads(answer)["detail"]) == (
        405,
        "/tag can't be asked with GET. Use POST.",
    )


def test_a_foreign_page_can_not_use_a_server_of_this_machine(port: int) -> None:
    status, answer = ask(port, "GET", "/health", headers={"Host": "evil.example:80"})
    assert status == 403
    assert "'evil.example', but this server answers for localhost" in answer
    assert ask(port, "GET", "/health", headers={"Host": "[::1]:80"})[0] == 200
    with served(capitals(), local=False) as other:
        assert ask(other, "GET", "/health", headers={"Host": "tagger.example"})[0] == 200


def test_a_failure_of_the_tagger_is_told_and_the_server_goes_on() -> None:
    tagger, told = capitals(), list[Exception]()
    right = tagger.module.tag_with_confidence
    tagger.module.tag_with_confidence = None  # type: ignore[assignment, method-assign]

    def failed(error: Exception) -> str:
        told.append(error)
        return "It failed."

    with served(tagger, failed=failed) as port:
        assert refused(port, b'{"text": "Anna"}', 500) == "It failed."
        tagger.module.tag_with_confidence = right  # type: ignore[method-assign]
        assert tag(port, "Anna")["entities"]
        assert json.loads(ask(port, "GET", "/health")[1])["requests"] == 0
    assert [type(error) for error in told] == [TypeError]
