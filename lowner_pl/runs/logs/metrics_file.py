"""``metrics.csv`` and ``steps.csv``: dev scores and training losses, kept when a run is resumed."""

import csv
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from lightning.fabric.loggers.csv_logs import _ExperimentWriter as PlainWriter
from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.loggers.csv_logs import ExperimentWriter
from lightning.pytorch.utilities import rank_zero_only

from lowner_pl.runs.files import Partial

METRICS, STEPS = "metrics.csv", "steps.csv"
DEV, TRAIN = "dev/", "train/"


class MetricsLogger(CSVLogger):
    """Lightning's CSV logger, but it appends to an existing file and never deletes it.

    It writes either ``metrics.csv``, with a row of dev scores per validation, or ``steps.csv``,
    with a row of training losses per step. In one file, each would leave holes in the other's
    columns, and a line plotted through holes is invisible.

    Args:
        folder: The run folder.
        steps: Whether to write ``steps.csv``.
    """

    def __init__(self, folder: Path, *, steps: bool = False) -> None:
        super().__init__(folder.parent, name="", version=folder.name, flush_logs_every_n_steps=1)
        self._steps = steps

    @property
    @rank_zero_experiment
    def experiment(self) -> PlainWriter:
        """The writer of the file."""
        if self._experiment is None:
            kind = _StepsWriter if self._steps else _AppendingWriter
            self._experiment = kind(log_dir=self.log_dir)
        return self._experiment

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Write a row, unless it belongs to the other file."""
        if any(name.startswith(DEV) for name in metrics) is not self._steps:
            super().log_metrics(dict(metrics), step)


class _AppendingWriter(ExperimentWriter):
    """Writer that appends rows to the existing file."""

    def _check_log_dir_exists(self) -> None:
        """Read the columns of an existing file, where Lightning would delete the file."""
        file = Path(self.metrics_file_path)
        if file.is_file():
            self.metrics_keys, _ = _read(file)

    def _rewrite_with_new_header(self, fieldnames: list[str]) -> None:
        """Add columns to the file. With Lightning, it would be lost if the process were killed."""
        file = Path(self.metrics_file_path)
        _, rows = _read(file)
        _write(file, fieldnames, rows)

    def save(self) -> None:
        """Write the new rows. The run's options are in ``config.yaml``, so no ``hparams.yaml``."""
        PlainWriter.save(self)


class _StepsWriter(_AppendingWriter):
    """Writer of ``steps.csv``."""

    NAME_METRICS_FILE = STEPS


def forget_after(folder: Path, step: int) -> None:
    """Drop the rows of a run's files from a step on; a resumed run logs them again.

    Versions before 0.2 wrote all rows to ``metrics.csv``. Those of training steps move to
    ``steps.csv``.

    Args:
        folder: The run folder.
        step: Number of steps in the resumed checkpoint.
    """
    metrics, steps = folder / METRICS, folder / STEPS
    _split(metrics, steps)
    drop_rows_from(metrics, step)
    drop_rows_from(steps, step)


def _split(metrics: Path, steps: Path) -> None:
    """Move the training steps of an old ``metrics.csv`` to a file of their own."""
    columns, rows = _read(metrics) if metrics.is_file() else ([], [])
    of_training = [name for name in columns if name.startswith(TRAIN)]
    if not of_training:
        return
    of_dev = [name for name in columns if name not in of_training]
    trained: list[dict[str, str]] = []
    others: list[dict[str, str]] = []
    for row in rows:
        (trained if any(row.get(name) for name in of_training) else others).append(row)
    shared = [name for name in of_dev if not name.startswith(DEV)]
    _write(steps, [*shared, *of_training], trained)
    _write(metrics, of_dev, others)


def drop_rows_from(file: Path, step: int) -> None:
    """Remove the rows of a file from ``step`` on, and a row that was cut short."""
    if not file.is_file():
        return
    columns, rows = _read(file)
    steps = ((row, row.get("step") or "") for row in rows)
    _write(file, columns, (row for row, at in steps if at.isdigit() and int(at) < step))


def _read(file: Path) -> tuple[list[str], list[dict[str, str]]]:
    """Read the columns and the rows of a CSV file."""
    with file.open(newline="") as lines:
        reader = csv.DictReader(lines)
        rows = list(reader)
        return list(reader.fieldnames or []), rows


def _write(file: Path, columns: list[str], rows: Iterable[dict[str, str]]) -> None:
    """Write a CSV file, whole or not at all."""
    with Partial(file) as partial, partial.path.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
