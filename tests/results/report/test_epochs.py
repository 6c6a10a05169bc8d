"""Dev scores by epoch, averaged over test sets and seeds."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from lowner_pl.results.groups import Cells, group_runs
from lowner_pl.results.report.bands import banded
from lowner_pl.results.report.epochs import dev_scores, epoch_curves
from lowner_pl.results.tested.runs import find_runs

from ..records import ONE, write_run


def write_metrics(run: Path, scores: Sequence[float]) -> None:
    """Write a ``metrics.csv`` with rows of steps between those of epochs."""
    lines = ["dev/f1,dev/loss,epoch,step,train/loss"]
    for epoch, score in enumerate(scores):
        lines += [f",,{epoch},{2 * epoch},0.5", f"{score},1.0,{epoch},{2 * epoch + 1},"]
    (run / "metrics.csv").write_text("\n".join(lines) + "\n")


def toy(root: Path, language: str, seed: int) -> Path:
    return write_run(
        root, "sner", seed, corpus=f"toy-{language}", language=language, tests={language: ONE}
    )


def cells(root: Path) -> Cells:
    return group_runs(find_runs([root])).cells


def test_a_curve_is_the_mean_over_test_sets_and_its_band_is_that_of_the_seeds(
    tmp_path: Path,
) -> None:
    # Over languages, seed 1 has .2 .5 and seed 2 has .4 .9; their standard deviations are
    # .2 / sqrt(2) and .4 / sqrt(2).
    for language, seed, scores in (
        ("sw", 1, [0.1, 0.4]),
        ("yo", 1, [0.3, 0.6, 0.9]),
        ("sw", 2, [0.3, 0.8]),
        ("yo", 2, [0.5, 1.0]),
    ):
        run = toy(tmp_path, language, seed)
        write_metrics(run, scores)
    (curve,) = epoch_curves(cells(tmp_path), "f1")
    assert curve.name == "sner"
    assert curve.x == [1, 2]  # not all have the third epoch
    assert curve.mean == pytest.approx([0.3, 0.7])
    spread = [0.2 / 2**0.5, 0.4 / 2**0.5]
    assert curve.low == pytest.approx([0.3 - spread[0], 0.7 - spread[1]])
    assert curve.high == pytest.approx([0.3 + spread[0], 0.7 + spread[1]])


def test_a_seed_that_a_test_set_lacks_is_left_out(tmp_path: Path) -> None:
    for language, seed, score in (("sw", 1, 0.2), ("yo", 1, 0.4), ("sw", 2, 0.9)):
        run = toy(tmp_path, language, seed)
        write_metrics(run, [score])
    (curve,) = epoch_curves(cells(tmp_path), "f1")
    assert curve.mean == pytest.approx([0.3])
    assert curve.low == curve.high == curve.mean  # one seed has no band


def test_runs_without_metrics_have_no_curve(tmp_path: Path) -> None:
    write_run(tmp_path, "sner")
    assert epoch_curves(cells(tmp_path), "f1") == []
    (file := tmp_path / "cut.csv").write_text("dev/f1,epoch\n0.5,0\n0.")
    assert dev_scores(file, "f1") == {1: 0.5}
    file.write_text("dev/f1,epoch\n0.5,0\nnan,1\ninf,2\n")
    assert dev_scores(file, "f1") == {1: 0.5}
    file.write_text("dev/f1,epoch\nhalf,0\n")
    assert dev_scores(file, "f1") == {}


def test_a_band_is_one_standard_deviation_to_both_sides() -> None:
    curve = banded("x", [1], [[0.1], [0.2], [0.3]])
    assert [*curve.low, *curve.mean, *curve.high] == pytest.approx([0.1, 0.2, 0.3])
