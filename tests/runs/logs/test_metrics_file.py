"""``metrics.csv`` is continued by a resumed run and is never left half-written."""

from pathlib import Path

import pytest

from lowner_pl.runs.logs.metrics_file import MetricsLogger, drop_rows_from


def test_a_resumed_run_replaces_the_rows_after_its_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "metrics.csv"
    file.write_text("epoch,step,train/loss\n0,0,3\n0,1,2\n1,2,1\n1,")  # killed while writing
    drop_rows_from(file, 2)
    logger = MetricsLogger(tmp_path)
    logger.log_metrics({"epoch": 1, "train/loss": 0.5}, step=2)
    logger.log_metrics({"epoch": 1, "dev/f1": 0.25}, step=2)
    logger.save()
    assert file.read_text().split() == [
        "dev/f1,epoch,step,train/loss",
        ",0,0,3",
        ",0,1,2",
        ",1,2,0.5",
        "0.25,1,2,",
    ]


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_leaves_the_rows_when_a_column_is_added(tmp_path: Path) -> None:
    file = tmp_path / "metrics.csv"
    before = "step,train/loss\n" + "".join(f"{step},0.5\n" for step in range(10_000))
    file.write_text(before)
    logger = MetricsLogger(tmp_path)
    with pytest.raises(OSError, match=r"^'.*metrics\.csv' can't be written: File too large"):
        logger.log_metrics({"dev/f1": 0.25}, step=10_000)
    assert file.read_text() == before
    assert list(tmp_path.iterdir()) == [file]
