"""``metrics.csv`` is continued by a resumed run and is never left half-written."""

from pathlib import Path

import pandas
import pytest
from matplotlib import pyplot

from lowner_pl.runs.logs.metrics_file import MetricsLogger, forget_after


def log(folder: Path, *rows: tuple[int, dict[str, float]]) -> None:
    for logger in (MetricsLogger(folder), MetricsLogger(folder, steps=True)):
        for step, row in rows:
            logger.log_metrics(row, step=step)
        logger.save()


def test_dev_scores_and_training_steps_have_a_file_each(tmp_path: Path) -> None:
    rows = [(step, {"epoch": 0.0, "train/loss": 2.0 - step}) for step in range(2)]
    log(tmp_path, *rows, (1, {"epoch": 0, "dev/f1": 0.5}), (3, {"epoch": 1, "dev/f1": 0.75}))
    assert (tmp_path / "metrics.csv").read_text().split() == [
        "dev/f1,epoch,step",
        "0.5,0,1",
        "0.75,1,3",
    ]
    assert (tmp_path / "steps.csv").read_text().split() == [
        "epoch,step,train/loss",
        "0.0,0,2.0",
        "0.0,1,1.0",
    ]


def test_pandas_plots_dev_scores_without_holes(tmp_path: Path) -> None:
    rows = [(step, {"epoch": float(step // 2), "train/loss": 1.0}) for step in range(6)]
    scores = [(2 * epoch + 1, {"epoch": epoch, "dev/f1": epoch / 10}) for epoch in range(3)]
    log(tmp_path, *sorted(rows + scores, key=lambda row: row[0]))
    (line,) = pandas.read_csv(tmp_path / "metrics.csv").plot(x="epoch", y="dev/f1").lines
    assert line.get_xydata().tolist() == [[0, 0], [1, 0.1], [2, 0.2]]
    pyplot.close("all")


def test_a_resumed_run_replaces_the_rows_after_its_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "metrics.csv").write_text("dev/f1,epoch,step\n0.1,0,1\n0.2,1,3\n")
    (tmp_path / "steps.csv").write_text("epoch,step,train/loss\n0,0,3\n0,1,2\n1,2,1\n1,")  # killed
    forget_after(tmp_path, 2)
    log(tmp_path, (2, {"epoch": 1, "train/loss": 0.5}), (3, {"epoch": 1, "dev/f1": 0.25}))
    assert (tmp_path / "metrics.csv").read_text().split() == [
        "dev/f1,epoch,step",
        "0.1,0,1",
        "0.25,1,3",
    ]
    assert (tmp_path / "steps.csv").read_text().split() == [
        "epoch,step,train/loss",
        "0,0,3",
        "0,1,2",
        "1,2,0.5",
    ]


def test_an_old_file_with_all_rows_is_split_when_its_run_is_resumed(tmp_path: Path) -> None:
    old = "dev/f1,epoch,step,train/loss\n,0,0,3\n,0,1,2\n0.1,0,1,\n,1,2,1\n0.2,1,2,\n,1,"
    (tmp_path / "metrics.csv").write_text(old)
    for _ in range(2):  # stopped and resumed once more
        forget_after(tmp_path, 2)
        assert (tmp_path / "metrics.csv").read_text().split() == ["dev/f1,epoch,step", "0.1,0,1"]
        assert (tmp_path / "steps.csv").read_text().split() == [
            "epoch,step,train/loss",
            "0,0,3",
            "0,1,2",
        ]


def test_a_run_without_any_rows_can_be_resumed(tmp_path: Path) -> None:
    forget_after(tmp_path, 2)
    assert not list(tmp_path.iterdir())


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_leaves_the_rows_when_a_column_is_added(tmp_path: Path) -> None:
    file = tmp_path / "metrics.csv"
    before = "step,dev/loss\n" + "".join(f"{step},0.5\n" for step in range(10_000))
    file.write_text(before)
    logger = MetricsLogger(tmp_path)
    with pytest.raises(OSError, match=r"^'.*metrics\.csv' can't be written: File too large"):
        logger.log_metrics({"dev/f1": 0.25}, step=10_000)
    assert file.read_text() == before
    assert list(tmp_path.iterdir()) == [file]
