"""A worker process of the local engine: reads jobs, one JSON object per line, and runs them.

Its output goes to the log file of the job. It stops when its input ends, because the process that
started it has ended or was killed.
"""

import gc
import json
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from queue import SimpleQueue

from lowner_pl.runs import stopping
from lowner_pl.studies.job import Job, Outcome

LOG = "output.log"


def main() -> None:
    """Run jobs until the input ends."""
    stopping.install()
    stopping.advise("Repeat the study's command to go on.")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever is printed outside of jobs
    jobs: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True, name="jobs").start()
    try:
        run_job = _prepared(int(sys.argv[1]))
        stopping.be_graceful()
        while line := jobs.get():
            job = Job.of(json.loads(line))
            with _logged(Path(job.folder) / LOG):
                outcome = run_job(job)
            answers.write(json.dumps(asdict(outcome)) + "\n")
            answers.flush()
    except KeyboardInterrupt:
        pass
    finally:
        stopping.finish()


def _listen(jobs: "SimpleQueue[str]") -> None:
    """Pass on the lines of the input; stop the process when the input ends."""
    for line in sys.stdin:
        jobs.put(line)
    os.kill(os.getpid(), signal.SIGTERM)


def _prepared(number: int) -> Callable[[Job], Outcome]:
    """Import everything, choose a GPU if there are several, and keep backbones from now on."""
    import torch

    from lowner_pl.nn.backbones.kept import keep
    from lowner_pl.studies.cell_run import run_job

    torch.set_num_threads(1)
    gpus = torch.cuda.device_count()
    if gpus > 1:
        os.environ["CUDA_VISIBLE_DEVICES"] = str(number % gpus)
    keep()
    gc.collect()
    gc.freeze()  # imports: looking at them after every cell would take half a second
    return run_job


@contextmanager
def _logged(file: Path) -> Iterator[None]:
    """Write the output of this process to a file."""
    file.parent.mkdir(parents=True, exist_ok=True)
    saved = os.dup(1), os.dup(2)
    with file.open("wb") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    try:
        yield
    finally:
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
        for number, descriptor in enumerate(saved, 1):
            os.dup2(descriptor, number)
            os.close(descriptor)


if __name__ == "__main__":
    main()
