"""The grid and the kinds of languages of a study."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from lowner_pl.results.comparing import compare_runs
from lowner_pl.results.report.drawing import Drawn
from lowner_pl.results.tested.runs import find_runs
from lowner_pl.studies.cells import Cell
from lowner_pl.studies.pictures import study_pictures
from lowner_pl.studies.records import Record
from lowner_pl.studies.study_file.reading import read_study
from lowner_pl.studies.study_file.spec import Report, Study

from ..results.records import random_tagging, write_run
from .small import written

Cells = list[tuple[Cell, Record]]


def done(values: Mapping[str, str], f1: float) -> tuple[Cell, Record]:
    cell = Cell(values, "fit", (), {}, "x", None, {})  # type: ignore[arg-type]
    return cell, Record(cell.name, "done", "", scores={"sw": f1})


def drawn(root: Path, report: Report, cells: Cells) -> dict[str, Drawn]:
    for number, language in enumerate(("sw", "yo")):
        tests = {language: random_tagging(9, 0.5, 1, number)}
        for method in ("sner", "maner"):
            write_run(root, method, corpus=f"t-{language}", language=language, tests=tests)
    runs = find_runs([root])
    study = Study("s", "Table 4", (), report=report)
    return study_pictures(study, cells, compare_runs(runs, resamples=0), runs)


def test_a_grid_shows_the_mean_over_seeds_of_each_pair_of_values(tmp_path: Path) -> None:
    cells = [
        done({"eta": "0.3", "mu": "10", "seed": "1"}, 0.25),
        done({"eta": "0.3", "mu": "10", "seed": "2"}, 0.75),
        done({"eta": "0.3", "mu": "9", "seed": "1"}, 0.125),
        done({"eta": "0.7", "mu": "9", "seed": "1"}, 1.0),
    ]
    picture = drawn(tmp_path, Report(grid=("eta", "mu")), cells)["grid"]
    axes: Any = picture.figure.axes[0]
    numbers = {text.get_position(): text.get_text() for text in axes.texts}
    assert numbers == {(0, 0): "12.5", (1, 0): "50.0", (0, 1): "100.0", (1, 1): "–"}
    assert [label.get_text() for label in axes.get_xticklabels()] == ["9", "10"]
    assert picture.heading == "Table 4: F1 by eta and mu"


def test_kinds_of_languages_have_groups(tmp_path: Path) -> None:
    kinds = {"seen": ("sw",), "unseen": ("yo", "zu")}
    picture = drawn(tmp_path, Report(kinds=kinds), [])["kinds"]
    titles = [axes.get_title(loc="left") for axes in picture.figure.axes]
    assert titles == ["seen (1 language)", "unseen (1 language)"]


def test_a_picture_that_lacks_cells_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert drawn(tmp_path, Report(kinds={"far": ("zu",)}), []) == {}
    assert "note: The picture `kinds` is not drawn yet: There is no language" in (
        capsys.readouterr().out
    )


def test_a_study_file_names_them(tmp_path: Path) -> None:
    report: dict[str, Any] = {"grid": ["method", "language"], "kinds": {"seen": ["sw"]}}
    read = read_study(written(tmp_path, report=report)).report
    assert read == Report(grid=("method", "language"), kinds={"seen": ("sw",)})
    for grid in ("method", ["method"], ["method", "size"]):
        with pytest.raises(ValueError, match=r"`report.grid` is .* two of the axes"):
            read_study(written(tmp_path, report={"grid": grid}))
    with pytest.raises(ValueError, match=r"`report.kinds.seen` must be a list"):
        read_study(written(tmp_path, report={"kinds": {"seen": "sw"}}))
