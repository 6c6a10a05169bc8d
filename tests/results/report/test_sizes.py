"""Scores by number of training sentences."""

from pathlib import Path

import pytest

from lowner_pl.results.comparing import compare_runs
from lowner_pl.results.comparison import Comparison
from lowner_pl.results.report.sizes import size_curves
from lowner_pl.results.tested.runs import find_runs

from ..records import write_run

RIGHT, WRONG = (("B-PER", "B-PER"), ("B-LOC", "B-PER"))


def compared(root: Path, languages: int, *, both: bool = True) -> Comparison:
    for number in range(languages):
        language = f"l{number:02d}"
        tests = {language: [RIGHT, WRONG, *([RIGHT] * (number + 1))]}
        for size in (100, 200):
            for method in ("sner", "maner"):
                if method == "sner" or size == 100 or both:
                    write_run(
                        root,
                        method,
                        corpus=f"toy-{language}",
                        language=language,
                        variant=f"n{size}",
                        train_size=size,
                        tests=tests,
                    )
    return compare_runs(find_runs([root]), resamples=0)


def test_each_language_has_a_panel_with_a_curve_per_method(tmp_path: Path) -> None:
    # Language l00 has 2 of 3 entities right, l01 3 of 4.
    panels = size_curves(compared(tmp_path, 2))
    assert {name: [curve.name for curve in curves] for name, curves in panels.items()} == {
        "l00": ["sner", "maner"],
        "l01": ["sner", "maner"],
        "mean of 2 languages": ["sner", "maner"],
    }
    assert [*panels["mean of 2 languages"][0].mean] == pytest.approx([(2 / 3 + 3 / 4) / 2] * 2)
    assert [*panels["l00"][0].x] == [100, 200]
    assert [*panels["l00"][0].mean] == pytest.approx([2 / 3] * 2)
    assert [*panels["l01"][1].mean] == pytest.approx([3 / 4] * 2)


def test_a_method_at_one_size_has_no_curve(tmp_path: Path) -> None:
    panels = size_curves(compared(tmp_path, 1, both=False))
    assert [curve.name for curve in panels["l00"]] == ["sner"]


def test_many_languages_become_their_mean(tmp_path: Path) -> None:
    panels = size_curves(compared(tmp_path, 12))
    ((name, curves),) = panels.items()
    assert name == "mean of 12 languages"
    expected = sum((2 + number) / (3 + number) for number in range(12)) / 12
    assert [*curves[0].mean] == pytest.approx([expected] * 2)


def test_runs_of_one_size_have_no_panels(tmp_path: Path) -> None:
    write_run(tmp_path, "sner")
    write_run(tmp_path, "maner")
    assert size_curves(compare_runs(find_runs([tmp_path]), resamples=0)) == {}
