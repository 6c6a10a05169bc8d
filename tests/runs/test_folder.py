"""Run folders: their paths, and what becomes of an earlier run."""

from pathlib import Path

import pytest

from lowner_pl.runs.folder import RunFolder
from lowner_pl.runs.logs.loggers import EventsLogger


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path, "wikiann-sw", "maner", 7)


def test_the_path_is_corpus_method_and_seed(run: RunFolder, tmp_path: Path) -> None:
    assert run.path == tmp_path / "wikiann-sw" / "maner" / "seed_7"


def test_earlier_runs_are_moved_aside_and_numbered(run: RunFolder, tmp_path: Path) -> None:
    assert run.set_aside() is None
    for number in (1, 2):
        run.path.mkdir(parents=True, exist_ok=True)
        (run.path / "metrics.csv").write_text(str(number))
        (run.path / "config.yaml").write_text("x: 1")
        aside = run.set_aside()
        assert aside == tmp_path / "superseded" / "wikiann-sw" / "maner" / f"seed_7.{number}"
        assert (aside / "metrics.csv").read_text() == str(number)
        assert [file.name for file in run.path.iterdir()] == ["config.yaml"]


def test_tensorboard_ignores_runs_that_were_moved_aside(run: RunFolder, tmp_path: Path) -> None:
    from tensorboard.backend.event_processing.io_wrapper import GetLogdirSubdirectories

    names = ("events.out.tfevents.1.host.0", "1128-101112/events.out.tfevents.2.host.0")
    for name in names:
        file = run.path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(name)
    assert len(list(GetLogdirSubdirectories(str(tmp_path)))) == 2
    aside = run.set_aside()
    assert aside is not None
    assert list(GetLogdirSubdirectories(str(tmp_path))) == []
    kept = sorted(file.read_text() for file in aside.rglob("events*") if file.is_file())
    assert kept == sorted(names)


def test_a_run_and_its_resumption_log_to_the_same_folder(run: RunFolder) -> None:
    *_, fresh = run.training_loggers(None)
    fresh.log_metrics({"dev/f1": 0.5}, step=1)
    fresh.finalize("success")
    *_, resumed = run.training_loggers(1)
    assert isinstance(fresh, EventsLogger)
    assert isinstance(resumed, EventsLogger)
    assert fresh.folder.parent == resumed.folder.parent == run.path
    assert fresh.folder == resumed.folder
    best, last = (run.checkpoints / f"{which}.ckpt" for which in ("best", "last"))
    assert run.test_events(best) == (fresh.folder, "wikiann-sw/maner/seed_7")
    assert run.test_events(last) == (fresh.folder / "last", "wikiann-sw/maner/seed_7/last")


def test_only_one_process_writes_a_run_folder(run: RunFolder, tmp_path: Path) -> None:
    other = RunFolder(tmp_path, "wikiann-sw", "maner", 7)
    run.lock()
    with pytest.raises(ValueError, match=r"^Another process is training into .*seed_7'"):
        other.lock()
    run.release()
    other.lock()
    other.release()


def test_a_missing_checkpoint_is_an_error_that_says_what_to_do(run: RunFolder) -> None:
    run.checkpoints.mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match=r"no checkpoint file 'x\.ckpt'.*or best or last"):
        run.checkpoint("x.ckpt")
    with pytest.raises(FileNotFoundError, match=r"no '.*last\.ckpt'\. Train first with `fit`"):
        run.checkpoint("last")
    (run.checkpoints / "last.ckpt").touch()
    assert run.checkpoint("last") == run.checkpoints / "last.ckpt"
    with pytest.raises(FileNotFoundError, match=r"no dev scores yet\. Use `--ckpt_path last`"):
        run.checkpoint("best")


def test_locking_a_run_folder_removes_partial_checkpoints_of_a_killed_run(run: RunFolder) -> None:
    half = run.checkpoints / ".last.ckpt.999999999.0.partial"
    half.parent.mkdir(parents=True)
    half.touch()
    (run.checkpoints / "best.ckpt").touch()
    run.lock()
    assert [file.name for file in run.checkpoints.iterdir()] == ["best.ckpt"]
