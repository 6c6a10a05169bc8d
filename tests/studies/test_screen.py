import io
from pathlib import Path

import pytest
from rich.console import Console

from lowner_pl.studies.cells import Cell
from lowner_pl.studies.records import Record
from lowner_pl.studies.running.job import Job, Outcome
from lowner_pl.studies.screen import Progress, Screen

from .small import cells


def done(cell: Cell, f1: float, seconds: float = 10.0) -> Record:
    return Record(cell.name, "done", "", scores={"sw": f1}, seconds=seconds)


def job(cell: Cell) -> Job:
    return Job(cell.name, "fit", [], [], "", "")


def test_the_time_left_is_estimated_per_method_and_shared_by_the_workers(tmp_path: Path) -> None:
    found = cells(tmp_path)
    progress = Progress(found, [done(found[0], 0.5, 10), done(found[4], 0.5, 30)], workers=2)
    # Three cells of SNER at 10 s and three of MANER at 30 s, two at once.
    assert progress.time_left() == pytest.approx((3 * 10 + 3 * 30) / 2)
    assert Progress(found, [], 2).time_left() is None


def test_the_summary_counts_every_state(tmp_path: Path) -> None:
    found = cells(tmp_path)
    progress = Progress(found, [done(found[0], 0.5)], workers=1)
    for cell in found[1:4]:
        progress.begin(job(cell))
    progress.end(job(found[1]), Outcome("failed", error="Odd."))
    progress.lose(job(found[2]))
    expected = "1 of 8 cells done, 1 running, 1 failed, 5 waiting, about 60 s left"
    assert progress.summary() == expected


def test_the_table_has_means_per_method_and_language(tmp_path: Path) -> None:
    found = cells(tmp_path)
    scores = {0: 0.5, 1: 0.6, 2: 0.9}  # SNER: Swahili twice, English once
    progress = Progress(found, [done(found[n], f1) for n, f1 in scores.items()], workers=1)
    console = Console(file=io.StringIO(), width=80)
    console.print(progress.table())
    assert isinstance(console.file, io.StringIO)
    rows = [line.split() for line in console.file.getvalue().splitlines() if line.strip()]
    assert rows[0] == ["done", "running", "failed", "sw", "en", "mean", "F1"]
    assert rows[2] == ["sner", "3/4", "55.00", "90.00", "66.67"]
    assert rows[3] == ["maner", "0/4"]


def test_without_a_terminal_every_cell_is_a_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    found = cells(tmp_path)
    with Screen("A study", Progress(found, [], 1)) as screen:
        screen.begun(job(found[0]))
        screen.lost(job(found[0]))
        screen.begun(job(found[0]))
        screen.ended(job(found[0]), Outcome("done", {"sw": 0.5}, 34.0))
        screen.ended(job(found[1]), Outcome("failed", error="Odd."))
    name, other = found[0].name, found[1].name
    assert capsys.readouterr().out.splitlines() == [
        "A study",
        "0 of 8 cells done, 8 waiting.",
        f"{name}: its process ended, so it is run once more.",
        f"[1/8] {name}: F1 50.00 (34 s)",
        f"[2/8] {other}: failed. Odd.",
    ]


def test_in_a_terminal_the_table_is_drawn_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm")
    found = cells(tmp_path)
    with Screen("A study", Progress(found, [], 1)) as screen:
        screen.begun(job(found[0]))
        screen.ended(job(found[1]), Outcome("failed", error="Odd."))
    out = capsys.readouterr().out
    assert f"{found[1].name}: failed. Odd." in out
    assert "0 of 8 cells done, 1 running, 1 failed, 6 waiting." in out
    assert f"  {found[0].name}, 0 s" in out
