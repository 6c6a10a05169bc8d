"""The record of each cell: its state, what it was run with, and its scores or its error."""

import json
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any, Literal, Self

from lowner_pl.runs.files import write_json
from lowner_pl.studies.cells import Cell
from lowner_pl.studies.running.inputs import Digests, Inputs, Unchanged

State = Literal["running", "done", "failed"]
Status = Literal["new", "stopped", "failed", "changed", "done"]
TESTED = "test_metrics.json"
CELLS = "cells"
RECORD = "record.json"


@dataclass
class Record:
    """The file ``record.json`` of a cell.

    Args:
        cell: The cell's name.
        state: ``running`` also if its process has been killed.
        digest: Hash of command, configurations and version; see `Digests`.
        values: The name of the value of each axis.
        label: The cell in the comparison.
        command: The shell command that repeats the cell.
        inputs: The files that it read.
        code: Hash of the package's source.
        folder: Its run folder, relative to the folder of the study; of several runs the last one.
        earlier: The run folders of a simulation's earlier rounds, relative to the same.
        checkpoint: Its best checkpoint, relative to the folder of the study.
        scores: F1 of each test set, from 0 to 1.
        seconds: Time that it took, without earlier attempts.
        error: What went wrong, in one sentence.
        attempts: How often it was begun.
        finished: When it ended, in seconds since 1970.
    """

    cell: str
    state: State
    digest: str
    values: dict[str, str] = field(default_factory=dict)
    label: str = ""
    command: str = ""
    inputs: Inputs = field(default_factory=dict)
    code: str = ""
    folder: str = ""
    earlier: list[str] = field(default_factory=list)
    checkpoint: str = ""
    scores: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    error: str = ""
    attempts: int = 0
    finished: float = 0.0

    @property
    def f1(self) -> float | None:
        """Mean F1 of the test sets, from 0 to 1."""
        return sum(self.scores.values()) / len(self.scores) if self.scores else None

    def write(self, folder: Path) -> None:
        """Write the record, whole or not at all."""
        self.finished = time.time()
        write_json(folder / RECORD, asdict(self))

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """Read the record of a cell; ``None`` if there is none, or it can't be read."""
        try:
            content: Any = json.loads((folder / RECORD).read_bytes())
        except (OSError, ValueError, RecursionError):
            return None
        return cls(**content) if _is_record(content) else None


class Records:
    """The records of a study's cells, in the folder ``cells``.

    Args:
        root: The folder of the study.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self.digests = Digests()
        self.unchanged = Unchanged()
        self._whole: dict[Path, bool] = {}

    def folder(self, cell: Cell) -> Path:
        """The folder of a cell's record, error and output."""
        return self.root / CELLS / cell.folder_name

    def digest(self, cell: Cell) -> str:
        """Hash what a cell depends on, except for its data; see `Digests`."""
        start = [f"{axis}={value}" for axis, value in sorted(cell.start.items())]
        return self.digests.of(cell.command, [*cell.words[:-1], *start])

    def status(self, cell: Cell) -> tuple[Status, Record | None]:
        """Find out whether a cell is done with these configurations and data, and read its record.

        A cell whose results are gone or cut off is to be done. One that was done with other
        configurations, data or another version has ``changed``.
        """
        record = Record.read(self.folder(cell))
        if record is None:
            return "new", None
        if record.state == "done" and not self._is_whole(self.root / record.folder / TESTED):
            return "new", record
        if record.digest == self.digest(cell) and self.unchanged(record.inputs):
            return ("stopped" if record.state == "running" else record.state), record
        return ("changed" if record.state == "done" else "new"), record

    def _is_whole(self, file: Path) -> bool:
        """Tell whether a file of results is there and can be read; once for each file."""
        if not self._whole.get(file):
            try:
                self._whole[file] = isinstance(json.loads(file.read_bytes()), dict)
            except (OSError, ValueError, RecursionError):
                self._whole[file] = False
        return self._whole[file]


def _is_record(content: object) -> bool:
    """Tell whether a value is the content of a record; a file may be cut or changed."""
    if not isinstance(content, dict):
        return False
    known = {one.name: one for one in fields(Record)}
    kinds: Mapping[str, type | tuple[type, ...]] = {
        "values": dict,
        "inputs": dict,
        "earlier": list,
        "scores": dict,
        "seconds": (int, float),
        "finished": (int, float),
        "attempts": int,
    }
    content = {"earlier": [], **content}  # earlier versions did not have it
    return set(content) == set(known) and all(
        isinstance(value, kinds.get(key, str)) for key, value in content.items()
    )
