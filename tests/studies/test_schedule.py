from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from lowner_pl.studies.cells import Cell
from lowner_pl.studies.engines.engine import Event
from lowner_pl.studies.records import Record, Records
from lowner_pl.studies.running.job import Job, Outcome
from lowner_pl.studies.schedule import Starts, run_all
from lowner_pl.studies.screen import Progress, Screen

from .small import AXES, CONFIGS, cells, study

SNER = str(CONFIGS / "sner_wikiann.yaml")
CHAIN = {
    "method": {
        "target": {"config": SNER, "start": {"method": "source", "language": "en"}},
        "source": {"config": SNER},
    },
    "language": AXES["language"],
}


class Told:
    """An engine that runs nothing and says what it is told."""

    workers = 1

    def __init__(self, outcome: Outcome, *, written: bool = True) -> None:
        self.outcome = outcome
        self.jobs: list[Job] = []
        self.written = written

    def run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        self.jobs += jobs
        for job in jobs:
            yield Event("started", job)
            if self.written:
                record = job.new_record()
                record.state, record.folder, record.checkpoint = "done", "run", "run/best.ckpt"
                record.write(Path(job.folder))
            yield Event("ended", job, self.outcome)
        yield Event("waited")

    def stop(self) -> None:
        pass


def run(tmp_path: Path, found: list[Cell], engine: Told, **more: object) -> Progress:
    records = Records(tmp_path / "small-embedded")
    (records.root / "run").mkdir(parents=True)
    (records.root / "run" / "test_metrics.json").write_text("{}")
    progress = Progress(found, [], 1)
    spec = study(tmp_path, **more)
    with Screen("A study", progress) as screen:
        run_all(spec, records, Starts(found), found, screen, engine)
    return progress


def test_a_cell_comes_after_the_one_it_starts_from_and_gets_its_checkpoint(tmp_path: Path) -> None:
    engine = Told(Outcome("done", {"sw": 0.5}))
    more = {"axes": CHAIN, "checkpoints": "none"}
    run(tmp_path, cells(tmp_path, **more), engine, **more)
    assert [job.values["method"] for job in engine.jobs] == 2 * ["source"] + 2 * ["target"]
    best = tmp_path / "small-embedded" / "run" / "best.ckpt"
    assert engine.jobs[2].words[-1] == f"--model.start={best}"
    assert [job.keeps_checkpoints for job in engine.jobs] == [False, True, False, False]


def test_a_cell_fails_if_the_one_it_starts_from_is_not_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    engine = Told(Outcome("failed", error="Odd."), written=False)
    progress = run(tmp_path, cells(tmp_path, axes=CHAIN), engine, axes=CHAIN)
    assert len(engine.jobs) == 2
    assert len(progress.failed) == 4
    error = progress.failed["language=sw,method=target"]
    assert error == "It starts from the cell language=en,method=source, which is not done."
    assert "failed. Odd." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("start", "message"),
    [({"method": "sorce"}, "no cell of the study"), ({"method": "target"}, "the same cell")],
)
def test_a_start_that_is_no_other_cell_is_refused(
    tmp_path: Path, start: dict[str, str], message: str
) -> None:
    axes = {"method": {"target": {"config": SNER, "start": start}}}
    with pytest.raises(ValueError, match=message):
        Starts(cells(tmp_path, axes=axes))


def test_cells_that_start_from_each_other_are_refused(tmp_path: Path) -> None:
    one, two = ({"config": SNER, "start": {"method": other}} for other in ("two", "one"))
    with pytest.raises(ValueError, match="starts from itself, by way of"):
        Starts(cells(tmp_path, axes={"method": {"one": one, "two": two}}))


def test_a_full_disk_stops_the_study(tmp_path: Path) -> None:
    engine = Told(Outcome("failed", error="The disk is full.", is_full=True))
    with pytest.raises(OSError, match="The study stops at language=sw,method=sner,seed=1"):
        run(tmp_path, cells(tmp_path), engine)
    assert Record.read(Path(engine.jobs[0].folder)) is not None
