"""A server in a thread of the test, and requests to it."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection
from typing import Any

from fastapi import FastAPI

from lowner_pl.serving import Limits, make_app
from lowner_pl.serving.listening import listen
from lowner_pl.serving.server import server
from lowner_pl.tagging import TextTagger

HOST = "127.0.0.1"
JSON = {"Content-Type": "application/json"}


@contextmanager
def served(tagger: TextTagger, limits: Limits | None = None, **options: Any) -> Iterator[int]:
    """Serve a tagger for the length of a ``with`` block, which is given the port."""
    with serving(make_app(tagger, limits or Limits(), **options)) as port:
        yield port


@contextmanager
def serving(app: FastAPI, port: int = 0) -> Iterator[int]:
    """Serve an application for the length of a ``with`` block, which is given the port."""
    running = server(app)
    with listen(HOST, port) as listener:
        port = listener.getsockname()[1]
        thread = threading.Thread(target=running.run, args=([listener],))
        thread.start()
        try:
            yield port
        finally:
            running.should_exit = True
            thread.join(20)
            assert not thread.is_alive()


def ask(
    port: int, method: str, path: str, body: Any = None, headers: Mapping[str, str] = JSON
) -> tuple[int, str]:
    """Send a request, and return the status and the text of the answer."""
    connection = HTTPConnection(HOST, port, timeout=20)
    try:
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def tag(port: int, text: str, **fields: Any) -> dict[str, Any]:
    """Tag a text, and return the answer."""
    status, answer = ask(port, "POST", "/tag", json.dumps({"text": text, **fields}))
    assert status == 200, answer
    found: dict[str, Any] = json.loads(answer)
    return found


def refused(port: int, body: Any, status: int, headers: Mapping[str, str] = JSON) -> str:
    """Send a body that is refused, and return the sentence that says why."""
    found, answer = ask(port, "POST", "/tag", body, headers)
    assert found == status, answer
    detail: str = json.loads(answer)["detail"]
    assert detail.endswith(".")
    return detail
