"""The work of a worker process: keep imports and backbones, run jobs with their own logs."""

import gc
import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from lowner_pl.studies.running.job import Job, Outcome

LOG = "output.log"
# One thread per process: together they use every core.
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
}


def warmed() -> Callable[[Job], Outcome]:
    """Import everything, keep backbones from now on, and return the function that runs a cell."""
    import torch

    from lowner_pl.nn.backbones.kept import keep
    from lowner_pl.studies.running.cell_run import run_job

    torch.set_num_threads(1)
    keep()
    gc.collect()
    gc.freeze()  # imports: looking at them after every cell would take half a second
    return run_job


@contextmanager
def logged(job: Job) -> Iterator[None]:
    """Write the output of this process to the log of a job."""
    file = Path(job.folder) / LOG
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
