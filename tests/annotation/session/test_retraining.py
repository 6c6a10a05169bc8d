"""Training in the background: what is used, what is kept, and failures."""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from lowner_pl.annotation.session.events import Trained
from lowner_pl.annotation.session.retraining import BEST, Retraining, dev_f1, launch_fit
from lowner_pl.annotation.session.training_data import TrainingData
from lowner_pl.corpus import Sentence, read_conll, write_conll
from lowner_pl.runs import stopping
from lowner_pl.tagging import TextTagger
from lowner_pl.tagging.run_data import data_of_run
from lowner_pl.tagging.run_files import RunFiles

from ...tagging.capitals import capitals
from ...tagging.test_loading import EPISODES

LAST = "checkpoints/last.ckpt"
TRAIN = [Sentence(("Anna", "left"), ("B-PER", "O"))]
DEV = [Sentence(("Berta", "came"), ("B-PER", "O"))]
NEW = [Sentence(("Nairobi", "grew"), ("B-LOC", "O")), *TRAIN, *DEV]
CONFIG = {
    "seed_everything": 1,
    "trainer": {"max_epochs": 2},
    "model": {"class_path": "SNERLightningModule"},
    "data": {"class_path": "SampleDataModule", "init_args": {"batch_size": 4, "language": "sw"}},
    "log_root": "lightning_logs",
    "variant": "small",
}


class Fit:
    """A training that writes its scores at once, or fails."""

    def __init__(self, config: Path, log: Path, f1: float | str) -> None:
        self.status = 0
        root = Path(yaml.safe_load(config.read_text())["log_root"])
        if isinstance(f1, str):
            self.status = 1
            write_run(root / "annotated-sw" / "sner" / "seed_1", 0.9)
            log.write_text(f"Training\nerror: {f1}\n")
            return
        write_run(root / "annotated-sw" / "sner" / "seed_1", f1)

    def wait(self, timeout: float | None = None) -> int:
        del timeout
        return self.status

    def terminate(self) -> None:
        """Do nothing: it has ended."""

    def kill(self) -> None:
        """Do nothing: it has ended."""


def write_run(run: Path, f1: float) -> None:
    """Write the files of a run with two epochs."""
    for file in (BEST, LAST):
        (run / file).parent.mkdir(parents=True, exist_ok=True)
        (run / file).write_text("weights")
    (run / "metrics.csv").write_text(f"dev/f1,epoch\n0.1,0\n{f1},1\n,1\n")


@pytest.fixture
def start(tmp_path: Path) -> Path:
    """The run folder that the session began with."""
    write_run(tmp_path / "run", 0.5)
    return tmp_path / "run"


def retraining(
    start: Path, scores: list[float | str], *, types: Sequence[str] = ("PER", "LOC")
) -> tuple[Retraining, list[Trained]]:
    """Make what trains to the next of some scores, and the list of its ends."""
    ends: list[Trained] = []

    def load(run: Path) -> TextTagger:
        assert (run / BEST).is_file()
        return capitals(source=run)

    def ended(event: Trained, tagger: TextTagger | None) -> None:
        assert event.used == (tagger is not None)
        ends.append(event)

    made = Retraining(
        TrainingData(CONFIG, TRAIN, DEV, "sw", types),
        start,
        start.parent / "mine.conll.training",
        every=2,
        load=load,
        launch=lambda config, log: Fit(config, log, scores.pop(0)),
    )
    made.ended = ended
    return made, ends


def train(made: Retraining, sentences: list[Sentence] = NEW) -> None:
    """Train, and wait for the end."""
    made.begin(sentences)
    wait(lambda: made.training is None)


def wait(done: Callable[[], bool]) -> None:
    """Wait until something is true."""
    limit = time.monotonic() + 20
    while not done():
        assert time.monotonic() < limit
        time.sleep(0.001)


def test_a_tagger_is_used_if_it_is_not_worse_and_only_its_checkpoint_is_kept(start: Path) -> None:
    made, ends = retraining(start, [0.6, 0.55, 0.6])
    assert made.first == 0.5
    for _ in range(3):
        train(made)
    assert [(one.f1, one.used) for one in ends] == [(0.6, True), (0.55, False), (0.6, True)]
    assert [(Path(one.run) / BEST).exists() for one in ends] == [False, False, True]
    assert not any((Path(one.run) / LAST).exists() for one in ends)
    assert (start / BEST).exists()
    assert (start / LAST).exists()
    again, _ = retraining(start, [])
    assert again.resume(ends) == Path(ends[2].run)
    other, _ = retraining(start, [])
    other.start = "another run"
    assert other.resume(ends) is None


def test_the_data_are_those_of_the_run_and_new_sentences_once(start: Path) -> None:
    made, _ = retraining(start, [0.6])
    train(made)
    folder = start.parent / "mine.conll.training" / "after_3"
    assert read_conll(folder / "train.conll") == [*TRAIN, NEW[0]]
    assert read_conll(folder / "dev.conll") == DEV
    config = yaml.safe_load((folder / "config.yaml").read_text())
    assert config["model"] == CONFIG["model"]
    assert config["trainer"]["max_epochs"] == 2
    assert config["variant"] == "small-annotated-3"
    assert config["data"]["init_args"] == {
        "train_path": str(folder / "train.conll"),
        "dev_path": str(folder / "dev.conll"),
        "language": "sw",
        "name": "annotated",
        "batch_size": 4,
    }


def test_dev_data_are_scored_with_the_types_that_they_are_annotated_with(start: Path) -> None:
    made, _ = retraining(start, [0.6], types=["PER"])
    train(made)
    file = start.parent / "mine.conll.training" / "after_3" / "config.yaml"
    options = yaml.safe_load(file.read_text())["data"]["init_args"]
    assert options["dev_types"] == ["PER"]
    # A session that begins with this run goes on in the same way.
    run = RunFiles(file.parent / BEST, file.parent)
    data = data_of_run(run)
    assert data is not None
    again = TrainingData.of(run, data)
    assert (data.entity_types, again.dev_types) == (("PER", "LOC"), ("PER",))


def test_types_that_only_the_dev_data_have_are_annotated_there(tmp_path: Path) -> None:
    dev = [*DEV, Sentence(("Acme", "grew"), ("B-ORG", "O"))]
    data = TrainingData(CONFIG, TRAIN, dev, "sw", ["PER"])
    for number, (annotated, expected) in enumerate(((NEW, ["PER", "ORG"]), (TRAIN, None))):
        folder = tmp_path / str(number)
        folder.mkdir()
        config = yaml.safe_load(data.write(folder, annotated).read_text())
        assert config["data"]["init_args"].get("dev_types") == expected


def test_a_small_training_set_knows_all_types_of_its_corpus(tmp_path: Path) -> None:
    write_conll(tmp_path / "train.conll", [*TRAIN, NEW[0]])
    write_conll(tmp_path / "dev.conll", DEV)
    paths = {f"{name}_path": str(tmp_path / f"{name}.conll") for name in ("train", "dev")}
    options = {"class_path": "ConllDataModule", "init_args": {**paths, "train_size": 1}}
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({**CONFIG, "data": options}))
    run = RunFiles(tmp_path / BEST, tmp_path)
    data = data_of_run(run)
    assert data is not None
    assert TrainingData.of(run, data).dev_types == ("PER", "LOC")


def test_a_failed_training_is_said_in_one_sentence_and_the_next_one_is_tried(start: Path) -> None:
    made, ends = retraining(start, ["The disk is full. Free some space.", 0.7])
    train(made)
    train(made)
    assert ends[0].problem.startswith(
        "Training with 3 annotated sentences failed: The disk is full. Free some space. See "
    )
    assert ends[0].problem.endswith("Annotation goes on with the tagger so far.")
    assert [(one.f1, one.used) for one in ends] == [(None, False), (0.7, True)]


def test_no_checkpoint_of_a_failed_or_stopped_training_is_kept(start: Path) -> None:
    made, ends = retraining(start, [0.6, "The disk is full. Free some space."])
    train(made)
    train(made)
    stopped = start.parent / "mine.conll.training" / "after_9" / "runs" / "a" / "b" / "seed_1"
    assert left(start) == [Path(ends[0].run) / BEST]
    write_run(stopped, 0.1)  # its end was told nobody
    again, _ = retraining(start, [])
    again.resume(ends)
    assert left(start) == [Path(ends[0].run) / BEST]
    other, _ = retraining(start, [0.7])
    other.start = "another run"
    other.resume(ends)
    train(other)
    assert Path(ends[0].run) / BEST in left(start)  # for when the first run is used again
    assert len(left(start)) == 2


def test_the_tagger_in_use_is_found_and_kept_when_the_folder_was_moved(start: Path) -> None:
    made, ends = retraining(start, [0.6])
    train(made)
    folder = start.parent / "mine.conll.training"
    gone = [
        replace(one, run=str(Path("/gone") / Path(one.run).relative_to(folder))) for one in ends
    ]
    again, _ = retraining(start, [])
    assert again.resume(gone) == Path(ends[0].run)
    assert left(start) == [Path(ends[0].run) / BEST]


def left(start: Path) -> list[Path]:
    """List the checkpoints of trainings."""
    return sorted((start.parent / "mine.conll.training").rglob("*.ckpt"))


def test_if_the_end_of_a_training_can_not_be_noted_the_tagger_before_stays(start: Path) -> None:
    made, ends = retraining(start, [0.6, 0.7, 0.65])
    freed: list[int | None] = []
    made.freed = lambda: freed.append(made.training)
    train(made)
    noted = made.ended

    def fail(*_: object) -> None:
        raise OSError("The disk is full.")

    made.ended = fail
    train(made)
    assert freed == [None]
    assert left(start) == [Path(ends[0].run) / BEST]
    made.ended = noted
    train(made)
    assert ends[1].used  # it is compared to 0.6


def test_a_training_that_runs_ends_with_the_session(start: Path) -> None:
    made, ends = retraining(start, [])
    sleeper: list[subprocess.Popen[bytes]] = []

    def sleep(_config: Path, _log: Path) -> subprocess.Popen[bytes]:
        sleeper.append(subprocess.Popen([sys.executable, "-S", "-c", "input()"], stdin=-1))
        return sleeper[0]

    made._launch = sleep
    made.begin(NEW)
    wait(lambda: made._process is not None)
    made.stop()
    assert sleeper[0].wait(20) != 0
    assert sleeper[0].stdin is not None
    sleeper[0].stdin.close()
    assert ends == []
    made.begin(NEW)
    assert len(sleeper) == 1


def test_the_score_of_a_run_is_its_best(start: Path, tmp_path: Path) -> None:
    assert dev_f1(start) == 0.5
    assert dev_f1(tmp_path / "no run") is None


def test_a_checkpoint_without_its_run_can_not_be_trained_again(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"lies in no run folder.*--retrain_every 0"):
        TrainingData.of(RunFiles(tmp_path / "best.ckpt", None), None)
    (tmp_path / "config.yaml").write_text(yaml.safe_dump({"model": {}, **EPISODES}))
    run = RunFiles(tmp_path / "checkpoints" / "best.ckpt", tmp_path)
    data = data_of_run(run)
    with pytest.raises(ValueError, match=r"is meta-learned.*--retrain_every 0"):
        TrainingData.of(run, data)


def test_a_training_is_told_which_process_it_must_not_outlive(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: dict[str, Any] = {}

    class Started:
        pid = 2**30  # of no process, whose priority could be lowered

        def __init__(self, words: list[str], **options: Any) -> None:
            started.update(options, words=words)

    monkeypatch.setattr(subprocess, "Popen", Started)
    launch_fit(tmp_path / "mine.yaml", tmp_path / "fit.log")
    assert started["words"][1:] == ["-m", "lowner_pl", "fit", "--config", f"{tmp_path}/mine.yaml"]
    assert started["env"][stopping.PARENT] == str(os.getpid())
    assert started["env"]["PATH"] == os.environ["PATH"]


def autogroups() -> bool:
    """Tell whether Linux shares the CPU between sessions first."""
    switch = Path("/proc/sys/kernel/sched_autogroup_enabled")
    return switch.exists() and switch.read_text().strip() == "1"


@pytest.mark.skipif(not autogroups(), reason="an option of Linux")
def test_a_training_gives_way_to_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = tmp_path / "program"
    program.write_text("#!/bin/sh\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))
    process = launch_fit(tmp_path / "mine.yaml", tmp_path / "fit.log")
    assert isinstance(process, subprocess.Popen)
    try:
        assert os.getpriority(os.PRIO_PROCESS, process.pid) == 19
        assert Path(f"/proc/{process.pid}/autogroup").read_text().rstrip().endswith("nice 19")
    finally:
        process.kill()
        process.wait()
