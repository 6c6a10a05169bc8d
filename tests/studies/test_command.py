import json
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
import torch

from lowner_pl.__main__ import run_command
from lowner_pl.studies import command
from lowner_pl.studies.engines.engine import Event
from lowner_pl.studies.running.cell_run import run_job
from lowner_pl.studies.running.job import Job

from .small import CONFIGS, options, written


class Here:
    """An engine that runs jobs in this process."""

    workers = 1
    ran: list[str]

    def run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        for job in jobs:
            yield Event("started", job)
            self.ran.append(job.cell)
            yield Event("ended", job, run_job(job))

    def stop(self) -> None:
        pass


@pytest.fixture
def ran(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The cells that were run, in this process."""
    engine = Here()
    engine.ran = []
    monkeypatch.setattr(command, "_engine", lambda *_: engine)
    return engine.ran


def study(tmp_path: Path, *more: str, **content: object) -> None:
    """Run the command on a small study."""
    file = written(tmp_path, **content)
    run_command(["study", str(file), *words(tmp_path), *more])


def words(tmp_path: Path) -> list[str]:
    """Return the options of all small studies."""
    overlay = f"--config={CONFIGS / 'embedded.yaml'}"
    return [overlay, *options(), f"--log_root={tmp_path / 'runs'}"]


def test_finished_cells_are_skipped_and_parts_add_up(
    tmp_path: Path, ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    study(tmp_path, "--only=language=sw", "--only=method=sner,seed=1")
    study(tmp_path, "--only=language=sw,method=sner")
    assert ran == ["language=sw,method=sner,seed=1", "language=sw,method=sner,seed=2"]
    capsys.readouterr()
    study(tmp_path, "--only=language=sw,method=sner")
    assert len(ran) == 2
    assert "2 of 2 cells done." in capsys.readouterr().out


def test_the_study_ends_with_a_comparison(
    tmp_path: Path, ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    paper = [{"method": "sner", "language": "sw", "f1": 64.9}]
    study(tmp_path, "--only=language=sw,seed=1", paper=paper, report={"baseline": "sner"})
    assert len(ran) == 2
    out = capsys.readouterr().out
    root = tmp_path / "runs" / "small-embedded"
    assert f"Written: {root / 'comparison'}.{{txt,csv,md,tex" in out
    assert "maner" in (root / "comparison.csv").read_text()
    assert "64.90" in out


def test_another_report_is_written_when_all_cells_are_done(
    tmp_path: Path, ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for f1 in (64.9, 71.3):
        paper = [{"method": "sner", "language": "sw", "f1": f1}]
        study(tmp_path, "--only=language=sw,method=sner,seed=1", paper=paper)
        assert f"{f1:.2f}" in capsys.readouterr().out
        time.sleep(0.01)  # the study file is to be younger than the comparison
    assert len(ran) == 1


def test_cells_that_ended_after_the_last_comparison_are_compared(
    tmp_path: Path, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    study(tmp_path, "--only=language=sw,method=sner,seed=1")
    with monkeypatch.context() as killed:  # after the cell, before the comparison
        killed.setattr(command, "_compare", lambda *_, **__: None)
        study(tmp_path, "--only=language=sw,seed=1")
    table = tmp_path / "runs" / "small-embedded" / "comparison.csv"
    assert "maner" not in table.read_text()
    os.utime(tmp_path / "small.yaml", (0, 0))  # older than the comparison
    monkeypatch.setattr("tests.studies.test_command.written", lambda *_: tmp_path / "small.yaml")
    study(tmp_path, "--only=language=sw,seed=1")
    assert len(ran) == 2
    assert "maner" in table.read_text()


def test_a_comparison_that_is_of_something_else_or_gone_is_made_anew(
    tmp_path: Path, ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    one = "--only=language=sw,method=sner,seed=1"
    other = tmp_path / "other"
    other.mkdir()
    root = tmp_path / "runs" / "small-embedded"
    page, made = root / "comparison.html", "ran with one seed"

    study(tmp_path, one, title="First")
    assert made in capsys.readouterr().out
    study(tmp_path, one, title="First")
    assert made not in capsys.readouterr().out  # nothing has changed

    file = written(other, title="Second")  # has the same folder
    run_command(["study", str(file), *words(tmp_path), one])
    assert "Second" in page.read_text()
    study(tmp_path, one, title="First")
    assert "First" in page.read_text()

    page.unlink()
    study(tmp_path, one, title="First")
    assert page.is_file()

    tested = next(root.glob("*/*/*/test_metrics.json"))
    capsys.readouterr()
    os.utime(tested, (0, 0))  # as if `test` had run again
    study(tmp_path, one, title="First")
    assert made in capsys.readouterr().out
    assert len(ran) == 1

    config = tested.with_name("config.yaml")
    config.write_text("model: [", encoding="utf-8")
    study(tmp_path, one, title="First")
    assert f"warning: '{config}' is damaged" in capsys.readouterr().out
    assert len(ran) == 1

    tested.write_bytes(tested.read_bytes()[:100])
    study(tmp_path, one, title="First")
    assert len(ran) == 2
    assert json.loads(tested.read_text())["f1"] is not None


def test_a_dry_run_of_a_part_knows_the_cells_that_it_starts_from(
    tmp_path: Path, ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(CONFIGS / "sner_wikiann.yaml")
    methods = {"source": {"config": config}}
    methods["target"] = {"config": config, "start": {"method": "source"}}  # type: ignore[dict-item]
    study(tmp_path, "--dry-run", "--only=method=target", axes={"method": methods})
    assert "method=target: new" in capsys.readouterr().out
    assert not ran


def test_a_baseline_that_no_cell_has_is_refused_before_the_first_runs(
    tmp_path: Path, ran: list[str]
) -> None:
    with pytest.raises(ValueError, match=r"no cell is of the baseline 'snner'.* Did you mean sner"):
        study(tmp_path, report={"baseline": "snner"})
    assert not ran


def test_a_dry_run_refuses_what_the_run_refuses(tmp_path: Path, ran: list[str]) -> None:
    axes = {
        "method": {"sner": {"config": str(CONFIGS / "sner_wikiann.yaml")}},
        "seed": {"option": "seed_everythin", "values": [1, 2]},
    }
    with pytest.raises(ValueError, match="seed_everythin"):
        study(tmp_path, "--dry-run", axes=axes)
    assert not ran


def test_other_options_do_not_replace_finished_cells_unless_asked_to(
    tmp_path: Path, ran: list[str]
) -> None:
    study(tmp_path, "--only=language=sw,method=sner,seed=1")
    other = ("--only=language=sw,method=sner,seed=1", "--model.dropout=0.2")
    with pytest.raises(ValueError, match="add `--redo`"):
        study(tmp_path, *other)
    assert len(ran) == 1
    study(tmp_path, *other, "--redo")
    assert len(ran) == 2
    root = tmp_path / "runs" / "small-embedded"
    assert (root / "superseded" / "sample-sw" / "sner" / "seed_1.1" / "test_metrics.json").is_file()


def test_a_dry_run_lists_states_times_and_commands_and_writes_nothing(
    tmp_path: Path, ran: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    study(tmp_path, "--dry-run", "--workers=3")
    out = capsys.readouterr().out
    assert not ran
    assert not (tmp_path / "runs").exists()
    assert out.count(": new\n  python -m lowner_pl fit --config=") == 8
    assert "Time with 3 workers: unknown until a cell is done." in out
    study(tmp_path, "--only=language=sw,method=sner,seed=1")
    capsys.readouterr()
    study(tmp_path, "--dry_run", "--only=language=sw,method=sner")
    out = capsys.readouterr().out
    assert "seed=1: done\n" in out
    assert "seed=2: new, about" in out


def test_a_failed_cell_is_named_and_tried_again_next_time(tmp_path: Path, ran: list[str]) -> None:
    one = "--only=language=sw,method=sner,seed=1"
    with pytest.raises(ValueError, match="1 of 1 cells failed") as failed:
        study(tmp_path, one, "--model.start=gone.ckpt")
    assert "gone.ckpt" in str(failed.value)
    assert "output.log" in str(failed.value)
    study(tmp_path, one)
    assert len(ran) == 2
    record = tmp_path / "runs" / "small-embedded" / "cells" / "language=sw,method=sner,seed=1"
    assert json.loads((record / "record.json").read_text())["state"] == "done"


def test_nothing_runs_if_a_cell_cannot(tmp_path: Path, ran: list[str]) -> None:
    maner = {"config": str(CONFIGS / "maner_wikiann.yaml"), "options": {"model.markr": "mask"}}
    axes = {"method": {"sner": {"config": str(CONFIGS / "sner_wikiann.yaml")}, "maner": maner}}
    with pytest.raises(ValueError, match=r"Did you mean --model\.marker"):
        study(tmp_path, axes=axes)
    assert not ran


def test_nothing_runs_if_data_are_missing(tmp_path: Path, ran: list[str]) -> None:
    part = str(CONFIGS / "parts" / "data" / "conll.yaml")
    gone = {"data": part, "data.train_path": f"{tmp_path}/gone.conll"}
    axes = {
        "corpus": {"mine": {"options": gone}},
        "method": {"sner": {"config": str(CONFIGS / "sner_wikiann.yaml")}},
    }
    with pytest.raises(FileNotFoundError) as refused:
        study(tmp_path, axes=axes)
    assert str(refused.value) == (
        f"'{tmp_path}/gone.conll' (data.train_path) of the cell corpus=mine,method=sner does not "
        "exist. Others are missing too, 3 in all. Correct the path, or leave such cells out with "
        "`--only`."
    )
    assert not ran


def test_nothing_runs_if_a_backbone_is_missing(
    tmp_path: Path, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def unplugged(_: Any, name: str, **__: Any) -> None:
        asked.append(name)
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", unplugged)
    gone = "--model.backbone=no/xlmr"
    for _ in range(2):  # found again when the command is repeated
        with pytest.raises(FileNotFoundError) as refused:
            study(tmp_path, gone)
        assert str(refused.value).startswith(
            "The cell language=sw,method=sner,seed=1 can't run: 'no/xlmr' is not a complete folder"
        )
    assert asked == ["no/xlmr"] * 2  # once for all cells
    assert not ran
    study(tmp_path, gone, "--dry-run")
    assert len(asked) == 2


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--config", "x.yaml"], "The study file comes first"),
        (["no_such.yaml"], "There is no configuration 'no_such.yaml'"),
        (["FILE", "--onyl=seed=1"], "There is no option --onyl. Did you mean --only?"),
        (["FILE", "--workers=0"], "must be at least 1"),
        (["FILE", "odd"], "'odd' stands where an option is expected, such as --name."),
        (["FILE", "--sizes", "20", "50"], "Write a list in brackets: '--sizes=[1, 2]'."),
    ],
)
def test_mistakes_on_the_command_line_are_named(
    tmp_path: Path, words: list[str], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = str(written(tmp_path))
    with pytest.raises((ValueError, FileNotFoundError)) as refused:
        run_command(["study", *(file if word == "FILE" else word for word in words)])
    assert message in str(refused.value)


def test_a_mistyped_engine_ends_with_status_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as end:
        run_command(["study", str(written(tmp_path)), "--engine=loca"])
    assert end.value.code == 2
    assert "local" in capsys.readouterr().err


@pytest.mark.parametrize(("gpus", "workers"), [(0, 5), (1, 1), (2, 2)])
def test_cells_that_run_at_once_have_a_gpu_or_a_core_each(
    tmp_path: Path,
    gpus: int,
    workers: int,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: gpus)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: range(5))
    study(tmp_path, "--dry_run", "--only=language=sw,method=sner,seed=1")
    assert f"Time with {workers} workers" in capsys.readouterr().out


def test_a_finished_study_does_not_look_for_gpus(
    tmp_path: Path, ran: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    study(tmp_path, "--only=language=sw,method=sner,seed=1")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: pytest.fail("torch takes a second"))
    study(tmp_path, "--only=language=sw,method=sner,seed=1")
    assert len(ran) == 1


def test_a_share_of_a_gpu_needs_ray(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="`--gpus_per_run` needs `--engine ray`"):
        study(tmp_path, "--only=language=sw,method=sner,seed=1", "--gpus_per_run=0.5")


def test_help_needs_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    run_command(["study", "--help"])
    assert "--gpus_per_run" in capsys.readouterr().out
