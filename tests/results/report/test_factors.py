"""Scores by two options and by kinds of languages."""

from dataclasses import replace
from pathlib import Path

import pytest

from lowner_pl.results.comparing import compare_runs
from lowner_pl.results.options import Options
from lowner_pl.results.report.factors import kind_bars, option_grid
from lowner_pl.results.tested.runs import find_runs
from lowner_pl.results.tested.tested_run import TestedRun

from ..records import random_tagging, write_run


@pytest.fixture
def one(tmp_path: Path) -> TestedRun:
    write_run(tmp_path)
    return find_runs([tmp_path])[0]


def test_a_grid_holds_means_over_shared_test_sets_and_seeds(one: TestedRun) -> None:
    def run(eta: float, mu: str, f1: float, sha256: str = "a") -> TestedRun:
        options = Options({"eta": eta, "mu": mu})
        return replace(one, options=options, scores={"f1": f1}, sha256=sha256)

    # At (10, x), test set a has the mean .3 over two seeds, b has .7; only (10, x) has c.
    runs = [run(10, "x", 0.2), run(10, "x", 0.4), run(10, "x", 0.7, "b"), run(10, "x", 0.9, "c")]
    runs += [run(2, "x", 0.5), run(2, "x", 0.9, "b"), run(2, "y", 0.1), run(2, "y", 0.2, "b")]
    grid = option_grid(runs, "eta", "mu")
    assert (grid.rows, grid.columns) == (["2", "10"], ["x", "y"])
    assert grid.scores[0] == pytest.approx([0.7, 0.15])
    assert grid.scores[1] == [pytest.approx(0.5), None]


def test_a_grid_needs_options_and_shared_test_sets(one: TestedRun) -> None:
    with pytest.raises(ValueError, match="both options 'eta' and 'mu'"):
        option_grid([one], "eta", "mu")
    two = [
        replace(one, options=Options({"eta": eta, "mu": 1}), sha256=str(eta), scores={"f1": 0.5})
        for eta in (1, 2)
    ]
    with pytest.raises(ValueError, match="No test set was tested with all 2 pairs"):
        option_grid(two, "eta", "mu")


def test_kinds_of_languages_have_a_dot_per_language(tmp_path: Path) -> None:
    for number, language in enumerate(("sw", "yo", "zu")):
        for method in ("sner", "maner"):
            tests = {language: random_tagging(9, 0.5, len(method), number)}
            write_run(tmp_path, method, corpus=f"t-{language}", language=language, tests=tests)
    runs = find_runs([tmp_path])
    bars = kind_bars(compare_runs(runs, resamples=0), {"seen": ["sw", "yo"], "unseen": ["zu"]})
    scores = {(run.method, run.language): run.scores["f1"] for run in runs}
    assert {kind: [bar.name for bar in of] for kind, of in bars.items()} == {
        "seen": ["sner", "maner"],
        "unseen": ["sner", "maner"],
    }
    assert bars["seen"][1].values == pytest.approx([scores["maner", "sw"], scores["maner", "yo"]])
    assert bars["unseen"][0].values == pytest.approx([scores["sner", "zu"]])
    with pytest.raises(ValueError, match="kind 'far'"):
        kind_bars(compare_runs(runs, resamples=0), {"far": ["xx"]})
