import json
from pathlib import Path

import pytest

from lowner_pl.commands import cli
from lowner_pl.commands.command_line import CommandLine
from lowner_pl.runs import stopping
from lowner_pl.studies.records import Record, Records
from lowner_pl.studies.running import cell_run
from lowner_pl.studies.running.cell_run import run_job
from lowner_pl.studies.running.job import Job, fail
from lowner_pl.studies.schedule import job_of

from ..small import cells

ROOT = "small-embedded"


def job(tmp_path: Path, number: int = 0, *, keeps: bool = True) -> Job:
    """Describe a cell for a worker."""
    return job_of(Records(tmp_path / ROOT), cells(tmp_path)[number], None, keeps=keeps)


def read(job: Job) -> Record:
    record = Record.read(Path(job.folder))
    assert record is not None
    return record


def test_a_cell_is_an_ordinary_run_with_its_test_and_a_record(tmp_path: Path) -> None:
    one = job(tmp_path)
    outcome = run_job(one)
    assert outcome.state == "done", outcome.error
    record = read(one)
    run = tmp_path / ROOT / record.folder
    assert record.folder == "sample-sw/sner/seed_1"
    tested = json.loads((run / "test_metrics.json").read_text())
    assert record.scores == {"sw": tested["f1"]} == outcome.scores
    assert (run / "config.yaml").is_file()
    assert [file.name for file in (run / "checkpoints").glob("*.ckpt")] == ["best.ckpt"]
    assert Records(tmp_path / ROOT).status(cells(tmp_path)[0])[0] == "done"


def test_checkpoints_go_if_the_study_keeps_none(tmp_path: Path) -> None:
    one = job(tmp_path, keeps=False)
    assert run_job(one).state == "done"
    assert not [*(tmp_path / ROOT).rglob("*.ckpt")]


def test_an_error_is_kept_and_the_next_attempt_removes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = job(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(cell_run, "run", _raise_value_error)
        outcome = run_job(one)
    assert (outcome.state, outcome.error) == ("failed", "The data are odd.")
    error = (Path(one.folder) / "error.txt").read_text()
    assert error.startswith("The data are odd.\n")
    assert "Traceback" in error
    assert read(one).state == "failed"
    assert run_job(one).state == "done"
    assert not (Path(one.folder) / "error.txt").exists()
    assert read(one).attempts == 2


def test_a_cell_that_is_stopped_inside_lightning_has_not_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def leave(*_: object) -> None:
        monkeypatch.setattr(stopping, "received", lambda: True)
        raise SystemExit(1)

    one = job(tmp_path)
    monkeypatch.setattr(cell_run, "run", leave)
    with pytest.raises(KeyboardInterrupt):
        run_job(one)
    assert (read(one).state, read(one).error) == ("running", "")
    assert not (Path(one.folder) / "error.txt").exists()


def test_a_refused_option_is_an_error_of_the_cell(tmp_path: Path) -> None:
    words = [*job(tmp_path).words, "--model.heed=crf"]
    one = Job.of(job(tmp_path).as_dict() | {"words": words})
    assert run_job(one).state == "failed"


def test_a_stopped_cell_goes_on_from_its_last_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = job(tmp_path)

    def stops_before_the_test(words: list[str], parsed: CommandLine) -> cli.NERCLI:
        if words[0] == "test":
            raise KeyboardInterrupt
        return cli.run(words, parsed)

    with monkeypatch.context() as patch:
        patch.setattr(cell_run, "run", stops_before_the_test)
        with pytest.raises(KeyboardInterrupt):
            run_job(one)
    assert read(one).state == "running"
    assert run_job(one).state == "done"
    assert "Going on from" in capsys.readouterr().out


def test_a_cell_whose_data_have_changed_starts_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    one = job(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(cell_run, "_take_scores", _raise_value_error)
        run_job(one)
    record = read(one)
    record.inputs = {"elsewhere": [1, 2, "x"]}
    record.write(Path(one.folder))
    assert run_job(one).state == "done"
    assert "Going on from" not in capsys.readouterr().out


def test_a_cell_whose_process_ended_is_recorded_as_failed(tmp_path: Path) -> None:
    one = job(tmp_path)
    assert fail(one, "It was killed.").state == "failed"
    assert read(one).error == "It was killed."


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_is_told_to_the_study(tmp_path: Path) -> None:
    outcome = run_job(job(tmp_path))
    assert outcome.state == "failed"
    assert outcome.is_full


def _raise_value_error(*_: object) -> None:
    raise ValueError("The data are odd.")
