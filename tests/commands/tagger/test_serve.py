"""The command ``serve``: what it says, what it refuses, and how it stops."""

import json
import re
import signal
import socket
import sys
import threading
import time
from pathlib import Path

import pytest
from fastapi import FastAPI

from lowner_pl.__main__ import run_command
from lowner_pl.commands.tagger import serve as command
from lowner_pl.serving import server
from lowner_pl.tagging import loading

from ...running import finished, folder
from ...serving.served import HOST, ask, refused, tag
from ...serving.slow import slow
from ...signals import Forked
from ...tagging.capitals import capitals


@pytest.fixture(autouse=True)
def tagger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every run hold a tagger that finds capitalised words; work in an empty folder."""
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "some" / "sample-sw" / "sner" / "seed_1" / "checkpoints" / "best.ckpt"
    monkeypatch.setattr(loading, "load", lambda *_, **__: capitals(source=source))


def serve(*words: str) -> None:
    """Run the command."""
    run_command(["serve", *words])


def asked_once(app: FastAPI, listener: socket.socket) -> None:
    """Answer requests for as long as it takes to ask for the state and to tag a text."""
    running = server.server(app)
    thread = threading.Thread(target=running.run, args=([listener],))
    thread.start()
    port = listener.getsockname()[1]
    try:
        print(ask(port, "GET", "/health")[1])
        print(json.dumps(tag(port, "Anna left Nairobi.")))
        print(ask(port, "GET", "/health", headers={"Host": "other.example"})[0])
        print(refused(port, json.dumps({"text": 200 * "x"}), 413))
    finally:
        running.should_exit = True
        thread.join(20)


def test_it_says_what_is_served_where_and_to_whom(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(server, "run", asked_once)
    serve("--run=some/run", "--port=0", "--max_characters=100")
    first, health, tagged, status, detail = capsys.readouterr().out.splitlines()
    assert re.match(r"Serving .*best\.ckpt \(PER\) at http://127\.0\.0\.1:\d+/ until Ctrl", first)
    assert json.loads(health)["run"] == "sample-sw/sner/seed_1"
    assert [one["text"] for one in json.loads(tagged)["entities"]] == ["Anna", "Nairobi"]
    assert status == "403"
    assert "at most 100 are allowed" in detail
    serve("--run=some/run", "--port=0", "--host=0.0.0.0", "--max_characters=100")
    first, note, _, _, status, _ = capsys.readouterr().out.splitlines()
    assert "http://localhost:" in first
    assert note == "note: there is no password. Every machine that reaches this one can use it."
    assert status == "200"


def test_what_is_wrong_is_said_before_anything_is_loaded(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delattr(loading, "load")
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        for words, message in {
            (f"--port={port}",): f"Port {port} of 127.0.0.1 is in use",
            ("--port=70000",): "`--port` is 70000, but it must be between 0 and 65,535",
            ("--host=nowhere.invalid",): "no host 'nowhere.invalid'",
            ("--max_characters=0",): "`--max_characters` is 0",
            ("--max_seconds=nan",): "`--max_seconds` is nan",
            ("--max_requests=-1",): "`--max_requests` is -1",
        }.items():
            with pytest.raises(ValueError, match=message):
                serve("--run=some/run", *words)
    for typed, message in {
        (): "--run",
        ("--run=some/run", "--prot=1"): "Did you mean --port?",
        ("--run=some/run", "--port=x"): "--port is 'x', but it must be a whole number",
    }.items():
        with pytest.raises(SystemExit):
            serve(*typed)
        assert message in capsys.readouterr().err


@pytest.mark.parametrize("package", ["fastapi", "uvicorn"])
def test_a_missing_package_is_named(package: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*sys.modules]:
        if name.startswith(("lowner_pl.serving", package)):
            monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    with pytest.raises(
        ValueError, match=rf"needs the package `{package}`.*pip install 'lowner_pl.s"
    ):
        serve("--run=some/run")


def test_runs_that_are_missing_or_were_never_finished_are_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.undo()
    with pytest.raises(FileNotFoundError, match="There is no run 'no/run'"):
        serve("--run=no/run", "--port=0")
    (tmp_path / "config.yaml").write_text("")
    with pytest.raises(FileNotFoundError, match="was stopped before its first checkpoint"):
        serve(f"--run={tmp_path}", "--port=0")


def test_a_failure_is_reported_in_the_terminal_and_described(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert command._failed(ValueError("The scores are not finite.")) == "The scores are not finite."
    assert capsys.readouterr().err.startswith("error: The scores are not finite.\n")


def test_a_trained_run_is_served(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(server, "run", asked_once)
    run = folder(finished(tmp_path))
    capsys.readouterr()
    serve(f"--run={run}", "--port=0", "--max_characters=100")
    health = json.loads(capsys.readouterr().out.splitlines()[1])
    assert (health["run"], health["language"]) == ("sample-sw/sner/seed_12345", "sw")
    assert health["entity_types"] == ["PER", "ORG", "LOC"]


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_stops_it_after_the_running_request(
    number: signal.Signals, status: int, tmp_path: Path
) -> None:
    def prepare() -> None:
        tagger, module = slow()
        tagger.source = tmp_path / "best.ckpt"
        module.go.set()
        loading.load = lambda *_, **__: tagger

        def wait_then_tag(batch: object, temperature: float) -> object:
            Path("begun").touch()
            time.sleep(0.5)
            return right(batch, temperature)  # type: ignore[arg-type]

        right = module.tag_with_confidence
        command.TRIAL = ""  # not the text before the first request
        module.tag_with_confidence = wait_then_tag  # type: ignore[method-assign]

    log = tmp_path / "log"
    running = Forked(["serve", "--run=some/run", "--port=0"], log, prepare)
    try:
        port = address_in(log)
        found = list[object]()
        client = threading.Thread(target=lambda: found.extend(tag(port, "Anna")["entities"]))
        client.start()
        seconds = running.send(number, Path("begun").exists)
        client.join(20)
        assert len(found) == 1
        assert running.ended() == status
    finally:
        running.process.kill()
    assert seconds < 4
    assert running.last_line == f"Stopped by {number.name}. Run the same command again to serve."
    assert "Traceback" not in log.read_text()


def address_in(log: Path) -> int:
    """Wait until a server says its address, and return the port."""
    limit = time.monotonic() + 60
    while time.monotonic() < limit:
        if log.exists() and (
            found := re.search(r"http://127\.0\.0\.1:(\d+)/ until", log.read_text())
        ):
            return int(found[1])
        time.sleep(0.02)
    pytest.fail("The server did not start.")
