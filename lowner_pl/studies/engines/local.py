"""Warm worker processes on this machine, which keep their imports and the backbone's weights."""

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from lowner_pl.runs import stopping
from lowner_pl.studies.engines.engine import ATTEMPTS, WAIT, Event
from lowner_pl.studies.engines.warm import ONE_THREAD
from lowner_pl.studies.running.job import Job, Outcome, fail

GRACE = 4.0  # seconds in which a worker may stop by itself; less than `stopping.GRACE`


class LocalEngine:
    """Runs jobs in processes of this machine.

    Args:
        workers: How many; no more are started than there are jobs.
        log: File for what workers say outside of jobs.
    """

    def __init__(self, workers: int, log: Path) -> None:
        self.workers = workers
        self.log = log
        self._started: list[_Worker] = []
        self._selector = selectors.DefaultSelector()

    def run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Run jobs. One whose process dies is run once more."""
        waiting = list(jobs)
        deaths: dict[str, int] = {}
        while waiting or any(worker.job for worker in self._started):
            for worker in self._idle(len(waiting)):
                job = waiting.pop(0)
                worker.begin(job)
                yield Event("started", job)
            ready = self._selector.select(WAIT)
            for key, _ in ready:
                worker = key.data
                job, outcome = worker.job, worker.read()
                if outcome is None and not worker.has_ended:
                    continue  # a part of an answer
                if outcome is not None:
                    yield Event("ended", job, outcome)
                    continue
                self._forget(worker)
                if job is None:
                    continue
                deaths[job.cell] = deaths.get(job.cell, 0) + 1
                if deaths[job.cell] < ATTEMPTS:
                    waiting.insert(0, job)
                    yield Event("lost", job)
                else:
                    yield Event("ended", job, fail(job, _why(worker)))
            if not ready:
                yield Event("waited")

    def stop(self) -> None:
        """Ask the workers to stop, and kill those that don't within `GRACE` seconds."""
        for worker in self._started:
            worker.process.terminate()
        limit = time.monotonic() + GRACE
        for worker in self._started:
            try:
                worker.process.wait(max(0.0, limit - time.monotonic()))
            except subprocess.TimeoutExpired:
                worker.process.kill()
            worker.close()
        self._started = []
        stopping.end_with(())
        self._selector.close()

    def _idle(self, needed: int) -> list["_Worker"]:
        """Find or start workers for as many jobs as there are."""
        idle = [worker for worker in self._started if worker.job is None]
        while len(idle) < needed and len(self._started) < self.workers:
            numbers = {worker.number for worker in self._started}
            number = next(n for n in range(self.workers) if n not in numbers)
            worker = _Worker(number, self.log)
            self._started.append(worker)
            self._selector.register(worker.process.stdout, selectors.EVENT_READ, worker)  # type: ignore[arg-type]
            idle.append(worker)
            stopping.end_with([one.process for one in self._started])
        return idle[:needed]

    def _forget(self, worker: "_Worker") -> None:
        """Remove a worker whose process has ended; another one takes its place."""
        self._selector.unregister(worker.process.stdout)  # type: ignore[arg-type]
        self._started.remove(worker)
        worker.close()
        stopping.end_with([one.process for one in self._started])


class _Worker:
    """A worker process; see `lowner_pl.studies.engines.worker`.

    It is in a session of its own, so that a Ctrl-C in the terminal reaches only this process, which
    then stops it. When this process is killed, it stops because its input ends.

    Args:
        number: Chooses its GPU if there are several.
        log: File for what it says outside of jobs.
    """

    def __init__(self, number: int, log: Path) -> None:
        self.number = number
        self.job: Job | None = None
        self.has_ended = False
        self._answer = b""
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "lowner_pl.studies.engines.worker", str(number)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=output,
                env={**os.environ, **ONE_THREAD},
                start_new_session=True,
            )
        assert self.process.stdout is not None
        os.set_blocking(self.process.stdout.fileno(), False)

    def begin(self, job: Job) -> None:
        """Send it a job."""
        self.job = job
        assert self.process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # the end of its output tells that it has died
            self.process.stdin.write(json.dumps(job.as_dict()).encode() + b"\n")
            self.process.stdin.flush()

    def read(self) -> Outcome | None:
        """Read how its job has ended; ``None`` if it has not, or the process has."""
        assert self.process.stdout is not None
        while data := os.read(self.process.stdout.fileno(), 65_536):
            self._answer += data
            line, end, rest = self._answer.partition(b"\n")
            if end:
                self._answer, self.job = rest, None
                return Outcome(**json.loads(line))
            return None
        self.has_ended = True
        return None

    def close(self) -> None:
        """Wait for the end of the process, and close both pipes."""
        self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            with contextlib.suppress(BrokenPipeError):  # a job that it never read
                pipe.close()


def _why(worker: _Worker) -> str:
    """Say why a process died."""
    status = worker.process.returncode
    if status == -signal.SIGKILL:
        return (
            "Its process was killed twice, as the system does when memory runs out. Use fewer "
            "`--workers`, or a smaller `--data.batch_size`."
        )
    ended = signal.Signals(-status).name if status < 0 else f"status {status}"
    return f"Its process ended twice, the second time with {ended}. Its output.log may say why."
