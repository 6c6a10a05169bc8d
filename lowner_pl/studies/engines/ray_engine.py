"""Cells as tasks of a Ray cluster, or of Ray on this machine."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from lowner_pl.runs import stopping
from lowner_pl.studies.engines.engine import ATTEMPTS, WAIT, Event
from lowner_pl.studies.engines.warm import ONE_THREAD, logged, warmed
from lowner_pl.studies.running.job import Job, Outcome, fail

GRACE = 4.0  # seconds in which running cells may stop by themselves
ADDRESS = "RAY_ADDRESS"


class RayEngine:
    """Runs jobs as Ray tasks, each with one CPU core and a share of a GPU.

    The cluster is the one that the environment variable ``RAY_ADDRESS`` names; without it, Ray is
    started on this machine. All machines need this package and the same paths for configurations,
    data and the folder of runs.

    Args:
        workers: How many jobs run at once, at most; by default as many as the cluster has room for.
        gpus_per_run: Share of a GPU for each job; ``None`` for none.

    Raises:
        ValueError: If Ray is not installed or not reachable, or has no room for a job.
    """

    def __init__(self, workers: int | None, gpus_per_run: float | None) -> None:
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
        try:
            import ray
        except ImportError as error:
            raise ValueError(
                "Ray is not installed. Run `pip install 'lowner_pl[ray]'`, or use `--engine local`."
            ) from error
        self._ray: Any = ray
        address = os.environ.get(ADDRESS)
        local = {} if address else {"num_cpus": workers, "include_dashboard": False}
        try:
            ray.init(
                address=address,
                log_to_driver=False,
                logging_level="ERROR",
                runtime_env={"env_vars": ONE_THREAD},
                **local,
            )
        except ConnectionError as error:
            raise ValueError(
                f"There is no Ray cluster at {str(address)[:80]!r}, which `{ADDRESS}` names. Start "
                "it, or unset the variable to run on this machine."
            ) from error
        stopping.take_back()  # Ray handles SIGTERM, too
        if gpus_per_run is None:
            _note_gpus(ray.cluster_resources())
        gpus = gpus_per_run or 0.0
        self.workers = _room(ray.cluster_resources(), gpus, workers)
        # The default of `max_calls` would end the process after every job on a GPU.
        task = ray.remote(num_cpus=1, num_gpus=gpus, max_retries=0, max_calls=0)
        self._run: Any = task(_run_there)
        self._running: dict[Any, Job] = {}

    def run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Run jobs. One whose process or machine is lost is run once more."""
        waiting, deaths = list(jobs), dict.fromkeys((job.cell for job in jobs), 0)
        while waiting or self._running:
            while waiting and len(self._running) < self.workers:
                job = waiting.pop(0)
                self._running[self._run.remote(job.as_dict(), str(Path.cwd()))] = job
                yield Event("started", job)
            ended, _ = self._ray.wait([*self._running], num_returns=1, timeout=WAIT)
            for task in ended:
                job = self._running.pop(task)
                try:
                    yield Event("ended", job, Outcome(**self._ray.get(task)))
                except self._ray.exceptions.RayError as error:
                    deaths[job.cell] += 1
                    if deaths[job.cell] < ATTEMPTS:
                        waiting.insert(0, job)
                        yield Event("lost", job)
                    else:
                        yield Event("ended", job, fail(job, _why(error)))
            if not ended:
                yield Event("waited")

    def stop(self) -> None:
        """Ask the running cells to stop, and leave the cluster; Ray on this machine ends."""
        if not self._ray.is_initialized():
            return
        with suppress(self._ray.exceptions.RayError):
            for task in self._running:
                self._ray.cancel(task, force=False)
            limit = time.monotonic() + GRACE
            while self._running and time.monotonic() < limit:
                ended, _ = self._ray.wait([*self._running], num_returns=1, timeout=0.1)
                self._running = {t: j for t, j in self._running.items() if t not in ended}
            for task in self._running:
                self._ray.cancel(task, force=True)
        self._running = {}
        self._ray.shutdown()


_warmed = cache(warmed)


def _run_there(job: dict[str, Any], folder: str) -> dict[str, Any]:
    """Run a job in a process of the cluster.

    Args:
        job: The job.
        folder: The working directory of the study.
    """
    os.chdir(folder)
    run_job, described = _warmed(), Job.of(job)
    with logged(described):
        outcome = run_job(described)
    return vars(outcome)


def _room(resources: dict[str, float], gpus: float, most: int | None) -> int:
    """Compute how many jobs a cluster has room for.

    Raises:
        ValueError: If there is none.
    """
    room = int(resources.get("CPU", 0))
    if gpus:
        room = min(room, int(resources.get("GPU", 0) / gpus + 1e-9))
    if room < 1:
        raise ValueError(
            f"The Ray cluster has {resources.get('CPU', 0):.0f} cores and "
            f"{resources.get('GPU', 0):.0f} GPUs, which is too little for a cell with one core and "
            f"{gpus:g} GPUs. Lower `--gpus_per_run`, or add machines."
        )
    return room if most is None else min(room, most)


def _note_gpus(resources: dict[str, float]) -> None:
    """Say if a cluster has GPUs that nobody shares out."""
    if there := resources.get("GPU", 0):
        print(
            f"The Ray cluster has GPUs ({there:.0f}), but no cell reserves a share of one. "
            "Depending on the version of Ray, the cells see no GPU, or all cells of a machine use "
            "its first one. Add `--gpus_per_run 1`, or less if several cells fit into one GPU."
        )


def _why(error: Exception) -> str:
    """Say why a task was lost."""
    return (
        f"Its process was lost twice ({type(error).__name__}), as when memory runs out. Use fewer "
        "`--workers`, or a smaller `--data.batch_size`."
    )
