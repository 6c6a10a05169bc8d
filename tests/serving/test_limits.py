"""Limits of time and of requests at once, and turns between requests."""

import json
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPResponse
from typing import Any

import pytest

from lowner_pl.corpus import Sentence
from lowner_pl.serving import Limits, worker
from lowner_pl.serving.worker import SENTENCES

from ..tagging.capitals import capitals
from .served import HOST, ask, refused, served, tag
from .slow import SLOWEST, slow

BODY = b'{"text": "Anna"}'


def in_work(port: int) -> int:
    """Return how many requests the server works on."""
    count: int = json.loads(ask(port, "GET", "/health")[1])["requests"]
    return count


def wait_until(port: int, count: int) -> None:
    """Wait until the server works on a number of requests, less long than a slow tagger waits."""
    limit = time.monotonic() + SLOWEST / 2
    while in_work(port) != count:
        assert time.monotonic() < limit
        time.sleep(0.005)


def test_more_requests_than_the_limit_are_told_to_try_again() -> None:
    tagger, module = slow()
    with served(tagger, Limits(requests=2)) as port, ThreadPoolExecutor(2) as pool:
        answers = [pool.submit(tag, port, "Anna") for _ in range(2)]
        wait_until(port, 2)
        assert "on 2 requests, which is its limit" in refused(port, BODY, 503)
        large = b"x" * 20_000_000
        assert "which is its limit" in refused(port, large, 503)
        module.go.set()
        assert [len(one.result()["entities"]) for one in answers] == [1, 1]
        assert tag(port, "Anna")["entities"]


def test_a_text_that_takes_too_long_is_given_up() -> None:
    tagger, module = slow()
    with served(tagger, Limits(seconds=0.2)) as port:
        assert "longer than 0.2 seconds" in refused(port, b'{"text": "A. B. C. D."}', 503)
        module.go.set()
        assert tag(port, "Anna")["entities"]
        assert in_work(port) == 0


def test_a_short_text_does_not_wait_for_all_of_a_long_one() -> None:
    tagger, module = slow()
    with served(tagger) as port, ThreadPoolExecutor(2) as pool:
        long = pool.submit(tag, port, "Anna. " * 1_000)
        assert module.begun.wait(20)
        short = pool.submit(tag, port, "Berta.")
        wait_until(port, 2)
        module.go.set()
        assert len(long.result()["entities"]) == 1_000
        short.result()
    batches = [{sentence.words[0] for sentence in batch} for batch in module.batches]
    assert len(batches) == -(-1_001 // SENTENCES)
    assert {"Anna", "Berta"} in batches[: len(batches) // 2]  # in turns, and together


def test_a_text_is_given_up_when_its_client_leaves() -> None:
    tagger, module = slow()
    body = json.dumps({"text": "Anna. " * 1_000}).encode()
    head = f"POST /tag HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n"
    with served(tagger) as port:
        with socket.create_connection((HOST, port)) as client:
            client.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + body)
            assert module.begun.wait(20)
        wait_until(port, 0)
        module.go.set()
        assert tag(port, "Anna")["entities"]
    assert len(module.batches) <= 2


@pytest.mark.parametrize("size", [1_000, 10_000_000])
def test_a_body_that_does_not_arrive_is_given_up(size: int) -> None:
    head = f"POST /tag HTTP/1.1\r\nHost: localhost\r\nContent-Length: {size}\r\n"
    with (
        served(capitals(), Limits(seconds=0.2)) as port,
        socket.create_connection((HOST, port), timeout=20) as client,
    ):
        client.sendall(f'{head}Content-Type: application/json\r\n\r\n{{"text'.encode())
        answer = HTTPResponse(client)
        answer.begin()
        assert answer.status == 408
        assert b"did not arrive within 0.2 seconds" in answer.read()
        assert in_work(port) == 0


def test_32_clients_at_once_get_right_answers_and_the_memory_stays() -> None:
    texts = [f"{name} Berta left. " * 9 for name in ("Anna", "Zoe\u0308", "Ünal", "Åsa")]
    tagger = capitals()
    expected = [[one.as_dict() for one in tagger(text)] for text in texts]
    wrong = list[int]()

    def client(port: int, number: int, rounds: int) -> None:
        for at in range(number, number + rounds):
            if tag(port, texts[at % 4])["entities"] != expected[at % 4]:
                wrong.append(at)

    def load(port: int, rounds: int) -> None:
        with ThreadPoolExecutor(32) as pool:
            for done in [pool.submit(client, port, at, rounds) for at in range(32)]:
                done.result()

    threads = threading.active_count()
    with served(tagger, Limits(requests=32)) as port:
        load(port, 2)
        before = memory()
        load(port, 4)
        grown = memory() - before
        assert in_work(port) == 0
    assert not wrong
    assert grown < 8, f"{grown:.1f} MB more after 128 requests"
    assert threading.active_count() <= threads + 1


def test_freed_memory_goes_back_to_the_system_after_some_batches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given_back = list[int]()
    monkeypatch.setattr(worker, "GIVE_BACK", 2)
    monkeypatch.setattr(worker, "give_back_memory", lambda: given_back.append(1))
    with served(capitals()) as port:
        for _ in range(5):
            tag(port, "Anna left.")
    assert len(given_back) == 2


def test_a_text_that_fails_does_not_fail_those_that_are_tagged_with_it() -> None:
    tagger, module = slow()
    right = module.tag_with_confidence

    def fails(batch: list[Sentence], temperature: float) -> Any:
        if any("Bad" in sentence.words for sentence in batch):
            raise ValueError("This is bad.")
        return right(batch, temperature)

    module.tag_with_confidence = fails  # type: ignore[method-assign]
    texts = ["Anna. ", "Berta. Bad. ", "Carla. "]
    with served(tagger) as port, ThreadPoolExecutor(4) as pool:
        first = pool.submit(tag, port, "Zoe.")
        assert module.begun.wait(20)  # the others wait, and come into one batch
        bodies = [json.dumps({"text": text * 3}) for text in texts]
        answers = [pool.submit(ask, port, "POST", "/tag", body) for body in bodies]
        wait_until(port, 4)
        module.go.set()
        first.result()
        found = [one.result() for one in answers]
    assert [status for status, _ in found] == [200, 500, 200]
    assert found[1][1] == '{"detail":"This is bad."}'
    assert [len(json.loads(text)["entities"]) for _, text in found[::2]] == [3, 3]


def memory() -> float:
    """Return the resident memory of this process in megabytes."""
    import psutil

    return float(psutil.Process().memory_info().rss) / 1e6
