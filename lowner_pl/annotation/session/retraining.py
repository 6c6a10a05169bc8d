"""Training on the annotated sentences in a process of its own, while a person goes on."""

import csv
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

from lowner_pl.annotation.session.events import Trained
from lowner_pl.annotation.session.training_data import TrainingData
from lowner_pl.corpus import Sentence
from lowner_pl.runs import stopping
from lowner_pl.runs.files import reason_of
from lowner_pl.tagging import TextTagger

LOG = "fit.log"
BEST = "checkpoints/best.ckpt"
_NICE = 19
_DEPTH = 5  # folders of a run below that of the trainings: after_20/runs/mine-sw/sner/seed_1
_END = 5.0  # seconds until a training that is told to end is killed


class Process(Protocol):
    """A training that runs."""

    def wait(self, timeout: float | None = None) -> int:
        """Wait for the end, and return the status."""

    def terminate(self) -> None:
        """Tell it to end."""

    def kill(self) -> None:
        """End it at once."""


Launch = Callable[[Path, Path], Process]
"""Starts a training with a configuration; the second file receives what it prints."""


def launch_fit(config: Path, log: Path) -> Process:
    """Start ``fit`` in a process that gives way to all others, and ends when this one is killed."""
    words = [sys.executable, "-m", "lowner_pl", "fit", "--config", str(config)]
    with log.open("wb") as output:
        process = subprocess.Popen(
            words,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, stopping.PARENT: str(os.getpid())},
            start_new_session=True,  # Ctrl+C is for the page
        )
    with suppress(OSError, AttributeError):  # it may have ended; Windows has no priorities
        os.setpriority(os.PRIO_PROCESS, process.pid, _NICE)
    with suppress(OSError):  # Linux shares the CPU between sessions first: proc_pid_autogroup(5)
        Path(f"/proc/{process.pid}/autogroup").write_text(str(_NICE))
    return process


class Retraining:
    """Trains in the background, each time from the start of the run and with all sentences.

    A new tagger is used if its dev F1 is not lower than that of the tagger in use. Only the
    checkpoint in use is kept, also after a training that failed or was stopped.

    Args:
        data: The data and the configuration of the run.
        start: The run folder.
        folder: Where runs are written.
        every: Annotated sentences between two trainings, at least 1.
        load: Loads a tagger from a run folder.
        failed: Told an unexpected error; returns a sentence about it.
        launch: Starts a training; by default `launch_fit`.

    Attributes:
        first: Dev F1 of the run, from 0 to 1; ``None`` if it is unknown.
        training: Number of annotated sentences of the training that runs; ``None`` if none does.
        ended: Told how a training ended, with the new tagger if it is used.
        freed: Told that another training may begin.
    """

    def __init__(
        self,
        data: TrainingData,
        start: Path,
        folder: Path,
        *,
        every: int,
        load: Callable[[Path], TextTagger],
        failed: Callable[[Exception], str] = str,
        launch: Launch | None = None,
    ) -> None:
        self.every = every
        self.start = str(start.absolute())
        self.first = dev_f1(start)
        self.training: int | None = None
        self.ended: Callable[[Trained, TextTagger | None], None] = lambda _event, _tagger: None
        self.freed: Callable[[], None] = lambda: None
        self._data = data
        self._folder = folder
        self._load = load
        self._failed = failed
        self._launch = launch or launch_fit
        self._used: Path | None = None
        self._others: list[Path] = []  # runs used after other starts
        self._best = self.first
        self._process: Process | None = None
        self._thread: threading.Thread | None = None
        self._stopped = False

    def resume(self, history: Sequence[Trained]) -> Path | None:
        """Find the tagger that an earlier part of the session used last.

        Checkpoints of trainings that were stopped are removed.

        Returns:
            Its run folder, or ``None`` if that of the run itself is to be used.
        """
        used = [one for one in history if one.used]
        self._others = [self._here(one.run) for one in used if one.start != self.start]
        for one in reversed(used):
            run = self._here(one.run)
            if one.start == self.start and (run / BEST).is_file():
                self._used, self._best = run, one.f1
                break
        self._remove_checkpoints()
        return self._used

    def begin(self, sentences: Sequence[Sentence]) -> None:
        """Begin to train with some annotated sentences; `ended` is told of the end."""
        if self._stopped:
            return
        self.training = len(sentences)
        self._thread = threading.Thread(
            target=self._train, args=(list(sentences),), daemon=True, name="retraining"
        )
        self._thread.start()

    def stop(self) -> None:
        """End a training that runs."""
        self._stopped = True
        process, thread = self._process, self._thread
        if process is not None:
            process.terminate()
            try:
                process.wait(_END)
            except subprocess.TimeoutExpired:
                process.kill()
        if thread is not None:
            thread.join(_END)

    def _train(self, sentences: list[Sentence]) -> None:
        """Train, and say how it ended."""
        run, f1, tagger, problem = Path(), None, None, ""
        try:
            run = self._fit(sentences)
            f1 = dev_f1(run)
            if f1 is None or self._best is None or f1 >= self._best:
                tagger = self._load(run)
        except Exception as error:  # annotation goes on
            expected = isinstance(error, TrainingError)
            problem = (
                f"Training with {len(sentences):,} annotated sentences failed: "
                f"{str(error) if expected else self._failed(error)} Annotation goes on with the "
                "tagger so far."
            )
        if self._stopped:
            return
        event = Trained(
            sentences=len(sentences),
            f1=f1,
            used=tagger is not None,
            run=str(run.absolute()),
            start=self.start,
            problem=problem,
            time=datetime.now(UTC).isoformat(timespec="seconds"),
        )
        try:
            self.ended(event, tagger)
        except Exception as error:  # the journal can't be written: this training counts as none
            self._failed(error)
            self._remove_checkpoints()
            self.training = None
            return
        if tagger is not None:
            self._used, self._best = run, f1
        self._remove_checkpoints()
        self.training = None
        self.freed()

    def _fit(self, sentences: list[Sentence]) -> Path:
        """Train, and return the run folder.

        Raises:
            TrainingError: If that fails.
        """
        folder = self._new_folder(len(sentences))
        config = self._data.write(folder, sentences)
        log = folder / LOG
        self._process = self._launch(config, log)
        status = self._process.wait()
        self._process = None
        found = sorted(folder.glob(f"runs/*/*/*/{BEST}"))
        if status or not found:
            raise TrainingError(f"{_reason(log, status)} See '{log}'.")
        return found[0].parents[1]

    def _new_folder(self, size: int) -> Path:
        """Make a folder that no earlier training has used."""
        number = 1
        while True:
            suffix = f".{number}" if number > 1 else ""
            folder = self._folder / f"after_{size}{suffix}"
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                number += 1
            else:
                return folder

    def _here(self, run: str) -> Path:
        """Return where the run folder of a training lies now: the whole folder may have moved."""
        return self._folder.joinpath(*Path(run).parts[-_DEPTH:])

    def _remove_checkpoints(self) -> None:
        """Remove the checkpoints of all trainings whose taggers are not used."""
        used = [*self._others, *([self._used] if self._used else [])]
        kept = {(run / BEST).absolute() for run in used}
        for file in self._folder.glob("after_*/runs/*/*/*/checkpoints/*"):
            if file.absolute() not in kept:
                with suppress(OSError):
                    file.unlink()


class TrainingError(Exception):
    """A training ended without a tagger; the message says why."""


def dev_f1(run: Path) -> float | None:
    """Read the highest dev F1 of a run, that of ``best.ckpt``; ``None`` if there is none."""
    try:
        with (run / "metrics.csv").open(encoding="utf-8", newline="") as lines:
            rows = [row.get("dev/f1") for row in csv.DictReader(lines)]
            return max((float(one) for one in rows if one), default=None)
    except (OSError, ValueError):
        return None


def _reason(log: Path, status: int) -> str:
    """Return the last error in a log."""
    try:
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError as error:
        return f"Its output can't be read: {reason_of(error)}."
    errors = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    if errors:
        return errors[-1][:300]
    return f"It ended with status {status}."
