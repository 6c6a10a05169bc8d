"""``metrics.csv``: one row per logged step, kept when a run is resumed."""

import csv
from collections.abc import Iterable
from pathlib import Path

from lightning.fabric.loggers.csv_logs import _ExperimentWriter as PlainWriter
from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.loggers.csv_logs import ExperimentWriter

from lowner_pl.runs.files import Partial


class MetricsLogger(CSVLogger):
    """Lightning's CSV logger, but it appends to an existing ``metrics.csv`` and never deletes it.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder.parent, name="", version=folder.name, flush_logs_every_n_steps=1)

    @property
    @rank_zero_experiment
    def experiment(self) -> PlainWriter:
        """The writer of the file."""
        if self._experiment is None:
            self._experiment = _AppendingWriter(log_dir=self.log_dir)
        return self._experiment


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


def drop_rows_from(file: Path, step: int) -> None:
    """Remove the rows of a ``metrics.csv`` from ``step`` on, and a row that was cut short."""
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
        writer = csv.DictWriter(lines, columns)
        writer.writeheader()
        writer.writerows(rows)
