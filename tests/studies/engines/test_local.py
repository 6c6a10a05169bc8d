"""The local engine with real worker processes."""

import os
import signal
import time
from pathlib import Path

from lowner_pl.studies.engines.local import LocalEngine
from lowner_pl.studies.records import Record, Records
from lowner_pl.studies.running.cell_run import run_job
from lowner_pl.studies.running.job import Job
from lowner_pl.studies.schedule import job_of

from ..small import cells


def jobs(tmp_path: Path, folder: str = "small-embedded") -> list[Job]:
    """Describe the two Swahili cells of SNER."""
    root = tmp_path / folder
    found = [cell for cell in cells(tmp_path) if cell.name.startswith("language=sw,method=sner")]
    return [job_of(Records(root), cell, None) for cell in found]


def test_a_killed_worker_is_replaced_and_its_cell_run_again_with_the_same_numbers(
    tmp_path: Path,
) -> None:
    first, second = jobs(tmp_path)
    engine = LocalEngine(1, tmp_path / "workers.log")
    kinds: list[tuple[str, str]] = []
    scores: dict[str, dict[str, float]] = {}
    try:
        for event in engine.run([first, second]):
            if event.kind == "waited":
                continue
            assert event.job is not None
            kinds.append((event.kind, event.job.cell))
            if kinds == [("started", first.cell)]:
                os.kill(engine._started[0].process.pid, signal.SIGKILL)
            if event.outcome is not None:
                assert event.outcome.state == "done", event.outcome.error
                scores[event.job.cell] = dict(event.outcome.scores)
        (worker,) = engine._started
    finally:
        engine.stop()
    assert kinds == [
        ("started", first.cell),
        ("lost", first.cell),
        ("started", first.cell),
        ("ended", first.cell),
        ("started", second.cell),
        ("ended", second.cell),
    ]
    assert worker.process.returncode is not None
    assert "Training sner" in (Path(second.folder) / "output.log").read_text()
    (tmp_path / "small-embedded").rename(tmp_path / "by_workers")
    for job in (first, second):  # in this process, which keeps no backbone
        assert run_job(job).scores == scores[job.cell]


def test_a_worker_stops_when_the_study_is_killed(tmp_path: Path) -> None:
    job, _ = jobs(tmp_path)
    engine = LocalEngine(1, tmp_path / "workers.log")
    assert next(engine.run([job])).kind == "started"
    (worker,) = engine._started
    limit = time.monotonic() + 120
    while Record.read(Path(job.folder)) is None:
        assert time.monotonic() < limit
        time.sleep(0.05)
    assert worker.process.stdin is not None
    worker.process.stdin.close()  # as when the process at its other end has gone
    assert worker.process.wait(30) == 128 + signal.SIGTERM
    record = Record.read(Path(job.folder))
    assert record is not None
    assert record.state == "running"
    engine.stop()


def test_a_cell_whose_process_dies_twice_fails_with_the_signal(tmp_path: Path) -> None:
    job, _ = jobs(tmp_path)
    engine = LocalEngine(1, tmp_path / "workers.log")
    outcome = None
    try:
        for event in engine.run([job]):
            if event.kind == "started":
                os.kill(engine._started[0].process.pid, signal.SIGKILL)
            outcome = event.outcome or outcome
    finally:
        engine.stop()
    assert outcome is not None
    assert "killed twice" in outcome.error
    record = Record.read(Path(job.folder))
    assert record is not None
    assert (record.state, record.error) == ("failed", outcome.error)
