"""A worker process of the local engine: reads jobs, one JSON object per line, and runs them.

It stops when its input ends, because the process that started it has ended or was killed.
"""

import json
import os
import signal
import sys
import threading
from dataclasses import asdict
from queue import SimpleQueue

from lowner_pl.runs import stopping
from lowner_pl.studies.engines.warm import logged, warmed
from lowner_pl.studies.running.job import Job


def main() -> None:
    """Run jobs until the input ends."""
    stopping.install()
    stopping.advise("Repeat the study's command to go on.")
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever is printed outside of jobs
    jobs: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True, name="jobs").start()
    try:
        run_job = warmed()
        _choose_gpu(int(sys.argv[1]))
        stopping.be_graceful()
        while line := jobs.get():
            job = Job.of(json.loads(line))
            with logged(job):
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


def _choose_gpu(number: int) -> None:
    """Let workers take turns if there are several GPUs."""
    import torch

    gpus = torch.cuda.device_count()
    if gpus > 1:
        visible = os.environ.get("CUDA_VISIBLE_DEVICES", "").split(",")
        os.environ["CUDA_VISIBLE_DEVICES"] = (
            visible[number % gpus] if len(visible) == gpus else str(number % gpus)
        )


if __name__ == "__main__":
    main()
