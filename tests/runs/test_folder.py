from pathlib import Path

import pytest

from lowner_pl.runs.event_files import EventsLogger
from lowner_pl.runs.folder import RunFolder


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    return RunFolder(tmp_path, "wikiann-sw", "maner", 7)


def test_the_path_is_corpus_method_seed(run: RunFolder, tmp_path: Path) -> None:
    assert run.path == tmp_path / "wikiann-sw" / "maner" / "seed_7"


def test_an_earlier_run_is_moved_aside_and_numbered(run: RunFolder, tmp_path: Path) -> None:
    assert run.set_aside() is None
    for number in (1, 2):
        run.path.mkdir(parents=True, exist_ok=True)
        (run.path / "metrics.csv").write_text(str(number))
        (run.path / "config.yaml").write_text("x: 1")
        aside = run.set_aside()
        assert aside == tmp_path / "superseded" / "wikiann-sw" / "maner" / f"seed_7.{number}"
        assert (aside / "metrics.csv").read_text() == str(number)
        assert [file.name for file in run.path.iterdir()] == ["config.yaml"]


def test_tensorboard_reads_no_events_of_a_run_that_was_moved_aside(
    run: RunFolder, tmp_path: Path
) -> None:
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


def test_the_events_of_a_run_and_of_a_resumed_one_share_a_folder(run: RunFolder) -> None:
    _, fresh = run.training_loggers(None)
    fresh.log_metrics({"dev/f1": 0.5}, step=1)
    fresh.finalize("success")
    _, resumed = run.training_loggers(1)
    assert isinstance(fresh, EventsLogger)
    assert isinstance(resumed, EventsLogger)
    assert fresh.folder.parent == resumed.folder.parent == run.path
    assert fresh.folder == resumed.folder
    best, last = (run.checkpoints / f"{which}.ckpt" for which in ("best", "last"))
    assert run.test_events(best) == (fresh.folder, "wikiann-sw/maner/seed_7")
    assert run.test_events(last) == (fresh.folder / "last", "wikiann-sw/maner/seed_7/last")


def test_a_file_is_known_by_its_place(
    run: RunFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    relative = RunFolder(Path(), "wikiann-sw", "maner", 7)
    assert relative.holds(run.checkpoints / "last.ckpt")
    assert not relative.holds(tmp_path / "last.ckpt")
    assert not relative.holds(None)


def test_one_writer_at_a_time(run: RunFolder, tmp_path: Path) -> None:
    other = RunFolder(tmp_path, "wikiann-sw", "maner", 7)
    run.lock()
    with pytest.raises(ValueError, match=r"must have one writer, was: '.*seed_7'"):
        other.lock()
    run.release()
    other.lock()
    other.release()


def test_resuming_drops_what_was_logged_after_the_checkpoint(run: RunFolder) -> None:
    run.path.mkdir(parents=True)
    file = run.path / "metrics.csv"
    file.write_text("epoch,step,train/loss\n0,0,3\n0,1,2\n1,2,1\n1,")  # killed while writing
    run.forget_after(2)
    logger, _ = run.training_loggers(2)
    logger.log_metrics({"epoch": 1, "train/loss": 0.5}, step=2)
    logger.log_metrics({"epoch": 1, "dev/f1": 0.25}, step=2)
    logger.save()
    assert file.read_text().split() == [
        "dev/f1,epoch,step,train/loss",
        ",0,0,3",
        ",0,1,2",
        ",1,2,0.5",
        "0.25,1,2,",
    ]


def test_what_a_killed_training_left_half_written_goes_with_the_next_one(run: RunFolder) -> None:
    half = run.checkpoints / ".last.ckpt.999999999.0.partial"
    half.parent.mkdir(parents=True)
    half.touch()
    (run.checkpoints / "best.ckpt").touch()
    run.lock()
    assert [file.name for file in run.checkpoints.iterdir()] == ["best.ckpt"]
    run.release()


def test_an_earlier_run_comes_back_as_it_was(run: RunFolder) -> None:
    names = ["config.yaml", "checkpoints/best.ckpt", "0101-120000/events.out.tfevents.1.vm.2.0"]
    for name in names:
        (run.path / name).parent.mkdir(parents=True, exist_ok=True)
        (run.path / name).touch()
    assert run.has_checkpoint()
    aside = run.set_aside()
    assert aside is not None
    assert not run.has_checkpoint()
    left = run.put_back(aside)
    assert left is not None
    assert [file.name for file in left.iterdir()] == ["config.yaml"]
    found = {str(file.relative_to(run.path)) for file in run.path.rglob("*") if file.is_file()}
    assert found == set(names)
