"""A cell as workers get it, and how it ended."""

from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Self

from lowner_pl.runs.files import write_text
from lowner_pl.studies.records import Record
from lowner_pl.studies.running.inputs import code_hash


@dataclass(frozen=True)
class Job:
    """What a worker needs to run a cell.

    Args:
        cell: The cell's name.
        command: ``fit``, ``augment`` or ``simulate``.
        configs: Paths of configurations.
        words: All configurations and options.
        folder: The folder of the cell's record.
        digest: See `Record`.
        values: The name of the value of each axis.
        label: The cell in the comparison.
        by_hand: The shell command that repeats the cell.
        keeps_checkpoints: Whether its checkpoints stay.
    """

    cell: str
    command: str
    configs: list[str]
    words: list[str]
    folder: str
    digest: str
    values: dict[str, str] = field(default_factory=dict)
    label: str = ""
    by_hand: str = ""
    keeps_checkpoints: bool = True

    def as_dict(self) -> dict[str, Any]:
        """Write the job as plain values."""
        return asdict(self)

    @classmethod
    def of(cls, content: dict[str, Any]) -> Self:
        """Read a job from plain values."""
        return cls(**content)

    def new_record(self) -> Record:
        """Make the record of the job's next attempt."""
        earlier = Record.read(Path(self.folder))
        return Record(
            cell=self.cell,
            state="running",
            digest=self.digest,
            values=self.values,
            label=self.label,
            command=self.by_hand,
            code=code_hash(),
            attempts=1 + (earlier.attempts if earlier else 0),
        )


@dataclass(frozen=True)
class Outcome:
    """How a cell ended.

    Args:
        state: ``done`` or ``failed``.
        scores: F1 of each test set, from 0 to 1.
        seconds: How long it took.
        error: What went wrong, in one sentence.
        is_full: Whether the disk is full, so that no other cell can run.
    """

    state: str
    scores: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""
    is_full: bool = False


def fail(job: Job, error: str) -> Outcome:
    """Record that a cell failed without an exception, because its process ended."""
    record = job.new_record()
    record.state, record.error = "failed", error
    folder = Path(job.folder)
    record.write(folder)
    write_text(folder / "error.txt", f"{error}\n")
    return Outcome("failed", error=error)
