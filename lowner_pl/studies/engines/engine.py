"""The interface of engines: they run jobs and report each that begins, ends or is lost."""

from collections.abc import Iterator, Sequence
from typing import Literal, NamedTuple, Protocol

from lowner_pl.studies.running.job import Job, Outcome

ATTEMPTS = 2  # of a job whose process dies
WAIT = 1.0  # seconds until `waited`


class Event(NamedTuple):
    """Something that happened to a job.

    Attributes:
        kind: ``started``, ``ended``, ``lost`` if its process has died and it will be run again, or
            ``waited`` after a second without news.
        job: The job; ``None`` after waiting.
        outcome: How it ended.
    """

    kind: Literal["started", "ended", "lost", "waited"]
    job: Job | None = None
    outcome: Outcome | None = None


class Engine(Protocol):
    """Runs jobs."""

    workers: int
    """How many jobs run at once."""

    def run(self, jobs: Sequence[Job]) -> Iterator[Event]:
        """Run jobs, in their order as far as possible."""

    def stop(self) -> None:
        """Stop the jobs that are running, and release all processes."""
