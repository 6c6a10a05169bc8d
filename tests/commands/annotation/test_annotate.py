"""The command ``annotate``: from the first sentence to a better tagger, and what it refuses."""

import json
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi import FastAPI

from lowner_pl.__main__ import run_command
from lowner_pl.annotation.session import retraining
from lowner_pl.corpus import Sentence, read_conll
from lowner_pl.datamodules import SampleDataModule
from lowner_pl.datamodules.base import Split
from lowner_pl.runs.files import claimed
from lowner_pl.serving import server

from ...conftest import SAMPLE
from ...running import finished, folder
from ...serving.browser import FOUND, browser
from ...serving.served import HOST, ask, serving
from ...signals import Forked, as_program


class ForkedFit:
    """A training in a forked process, which need not import everything again."""

    def __init__(self, config: Path, log: Path) -> None:
        self.fit = Forked(["fit", "--config", str(config)], log, as_program)

    def wait(self, timeout: float | None = None) -> int:
        self.fit.process.join(timeout)
        status: int = self.fit.process.exitcode
        return status

    def terminate(self) -> None:
        self.fit.process.terminate()

    def kill(self) -> None:
        self.fit.process.kill()


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A finished run; trainings are forked."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(retraining, "launch_fit", ForkedFit)
    return folder(finished(tmp_path / "logs"))


@pytest.fixture
def text(tmp_path: Path) -> Path:
    """Raw text: sentences that the run has not seen, and some that it has."""
    file = tmp_path / "new.txt"
    rows = [" ".join(s.words) for s in read_conll(SAMPLE / "sw" / "train.conll")[:3]]
    villages = ["Moja", "Mbili", "Tatu", "Nne", "Tano", "Sita", "Saba", "Nane", "Tisa"]
    rows += [
        f"Bwana Juma wa kijiji cha {one} alikwenda mjini Mombasa kununua samaki wengi sokoni jana"
        for one in villages
    ]
    rows += ["Ndege ilitua mjini Dodoma jana", "Mvua ilinyesha sana"]
    file.write_text("\n".join(rows))
    return file


def annotate(run: Path, text: Path, *more: str, out: str = "mine.conll") -> None:
    """Run the command."""
    words = [f"--run={run}", "--text", str(text), f"--out={out}", "--port=0"]
    run_command(["annotate", *words, "--strategy=random", "--split=whitespace", *more])


def state(port: int) -> Any:
    """Ask for the state."""
    return json.loads(ask(port, "GET", "/state")[1])


def while_open(monkeypatch: pytest.MonkeyPatch, work: Callable[[int], None]) -> None:
    """Let the command answer requests for as long as some work takes."""

    def run(app: FastAPI, listener: socket.socket) -> None:
        del listener
        with serving(app) as port:
            work(port)

    monkeypatch.setattr(server, "run", run)


def accept(port: int) -> None:
    """Accept the current sentence as it is guessed."""
    shown = state(port)
    current = shown["current"]
    parts = [{key: one[key] for key in ("start", "end", "type")} for one in current["entities"]]
    body = {"id": current["id"], "version": shown["version"], "action": "accept", "entities": parts}
    assert ask(port, "POST", "/decide", json.dumps(body))[0] == 200


@pytest.mark.skipif(FOUND is None, reason="no Chromium is installed")
def test_from_the_first_sentence_to_a_new_tagger_by_keys(
    run: Path,
    text: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (run / "metrics.csv").write_text("dev/f1,epoch\n0.0,0\n")

    def work(port: int) -> None:
        with browser(tmp_path / "chromium") as page:
            page.open(f"http://{HOST}:{port}/")
            page.wait("document.activeElement.id === 'sentence'")
            assert "Dev F1 0.0" in page.text("training")
            for count in (1, 2):
                page.press("1")
                page.press("Enter")
                page.wait(f"document.getElementById('accepted').textContent === '{count}'")
            page.wait("document.getElementById('training').textContent.includes('has a dev F1')")
            page.press("s")
            page.wait("document.getElementById('more').textContent.includes('1 skipped')")
            assert "It makes the guesses now." in page.text("training")
            assert page.run("document.querySelectorAll('#curve circle').length") == 2
            page.press("u")
            page.wait("document.getElementById('more').textContent.includes('0 skipped')")

    while_open(monkeypatch, work)
    annotate(run, text, "--retrain_every=2")
    said = capsys.readouterr().out
    assert "Annotate at http://127.0.0.1:" in said
    sentences = read_conll("mine.conll")
    assert len(sentences) == 2
    assert all(sentence.tags and sentence.tags[0].startswith("B-PER") for sentence in sentences)
    train = read_conll("mine.conll.training/after_2/train.conll")
    assert train[-2:] == sentences
    checkpoints = [*Path("mine.conll.training").rglob("*.ckpt")]
    assert [file.name for file in checkpoints] == ["best.ckpt"]

    loaded: list[Any] = []
    while_open(monkeypatch, lambda port: loaded.append(state(port)["scores"]))
    annotate(run, text, "--retrain_every=2")
    assert "Going on after 2 annotated and 0 skipped sentences." in capsys.readouterr().out
    assert [score["sentences"] for score in loaded[0]] == [0, 2]


def test_text_that_the_run_has_seen_is_left_out_and_the_end_is_said(
    run: Path, text: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(port: int) -> None:
        limit = time.monotonic() + 60
        while (shown := state(port))["state"] != "done":
            assert time.monotonic() < limit
            if shown["current"] is not None:
                accept(port)
        assert shown["near_duplicates"]

    while_open(monkeypatch, work)
    annotate(run, text, "--retrain_every=0", "--types", "DATE")
    said = capsys.readouterr().out
    assert "(PER, ORG, LOC, DATE; 11 sentences left)" in said
    assert len(read_conll("mine.conll")) == 3  # the villages are near duplicates
    assert not Path("mine.conll.training").exists()
    while_open(monkeypatch, lambda _port: None)
    annotate(run, text, "--retrain_every=0")
    assert "note: only near duplicates are left (8)." in capsys.readouterr().out


def test_the_data_of_the_run_are_read_once_and_so_described_once(
    run: Path, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []

    def counting(self: SampleDataModule, split: Split) -> list[Sentence]:
        read.append(split)
        return original(self, split)

    original = SampleDataModule.read
    monkeypatch.setattr(SampleDataModule, "read", counting)
    while_open(monkeypatch, lambda _port: None)
    annotate(run, text, "--retrain_every=2")
    assert sorted(read) == ["dev", "test", "train"]


def test_bad_input_gets_one_sentence_and_changes_nothing(
    run: Path, text: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = Path("theirs.conll")
    theirs.write_text("Anna\tB-PER\n\n")
    seen = Path("seen.txt")
    rows = read_conll(SAMPLE / "sw" / "train.conll")[:3]
    seen.write_text("\n".join(" ".join(sentence.words) for sentence in rows))
    with pytest.raises(ValueError, match=r"'theirs\.conll' is another corpus.*another --out"):
        annotate(run, text, out="theirs.conll")
    assert theirs.read_text() == "Anna\tB-PER\n\n"
    with pytest.raises(ValueError, match=r"'new\.txt'|is another corpus"):
        annotate(run, text, out=str(text))
    with pytest.raises(IsADirectoryError, match=r"'logs' is a folder\. Give --out"):
        annotate(run, text, out="logs")
    with pytest.raises(ValueError, match=r"no sentence to annotate in seen\.txt"):
        annotate(run, seen)
    with pytest.raises(FileNotFoundError, match="There is no run 'no/run'"):
        annotate(Path("no/run"), text)
    with pytest.raises(FileNotFoundError, match=r"no file 'no\.txt'"):
        annotate(run, Path("no.txt"))
    with (
        claimed(Path("mine.conll"), ""),
        pytest.raises(ValueError, match=r"Another `annotate` writes 'mine\.conll'"),
    ):
        annotate(run, text)
    with socket.create_server((HOST, 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ValueError, match=f"Port {port} of 127.0.0.1 is in use"):
            annotate(run, text, f"--port={port}")
    for words, message in {
        ("--retrain_every=-1",): "`--retrain_every` is -1",
        ("--types", "A  B"): "--types has 'A  B'",
        ("--look_at=0",): "`--look_at` is 0",
    }.items():
        with pytest.raises(ValueError, match=message):
            annotate(run, text, *words)
    config = run / "config.yaml"
    config.write_text(config.read_text().replace("max_epochs: 3", "max_epochs: 9"))
    with pytest.raises(ValueError, match=r"was stopped after 3 of 9 epochs\. Continue it"):
        annotate(run, text)
    monkeypatch.setitem(sys.modules, "fastapi", None)
    for name in [*sys.modules]:
        if name.startswith("lowner_pl.serving"):
            monkeypatch.delitem(sys.modules, name)
    with pytest.raises(ValueError, match=r"needs the package `fastapi`.*lowner_pl\[serve\]"):
        annotate(run, text)
