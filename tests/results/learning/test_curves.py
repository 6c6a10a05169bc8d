"""Learning curves compared with those of a baseline, with numbers worked out by hand."""

import csv
import io
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from lowner_pl.__main__ import run_command
from lowner_pl.results.comparison import Comparison, Scores
from lowner_pl.results.groups import Row
from lowner_pl.results.learning.curves import learning_curves
from lowner_pl.results.learning.tables import (
    OVERALL,
    curves_csv,
    curves_markdown,
    layouts,
    print_curves,
)
from lowner_pl.results.metric import Metric
from lowner_pl.results.tables.terminal import printed
from lowner_pl.statistics.significance import signed_rank_p

from ..records import write_run

Curves = Mapping[str, Mapping[str, Mapping[int, Mapping[int, float]]]]
"""Scores by test set, system, seed and size."""
FLAT = {20: 0.2, 40: 0.2, 100: 0.2}
RISING = {20: 0.2, 40: 0.4, 100: 0.5}
SLOW = {20: 0.2, 40: 0.3, 100: 0.4}
TWO: Curves = {
    "sw": {"random": {1: SLOW, 2: SLOW}, "diverse": {1: RISING, 2: RISING}},
    "yo": {"random": {1: RISING, 2: SLOW}, "diverse": {1: SLOW, 2: FLAT}},
}


def compared(curves: Curves, baseline: str = "random") -> Comparison:
    """Make a comparison of scores."""
    scores: dict[tuple[Row, str], Scores] = {}
    systems = list(dict.fromkeys(system for by_system in curves.values() for system in by_system))
    for test, by_system in curves.items():
        sizes = {n for seeds in by_system.values() for curve in seeds.values() for n in curve}
        for size in sorted(sizes):
            row = Row(f"{test} n={size}", test, f"toy-{test}", test, 9, (("size", size),))
            for system, seeds in by_system.items():
                by_seed = {seed: curve[size] for seed, curve in seeds.items() if size in curve}
                if by_seed:
                    scores[row, system] = Scores(by_seed)
    rows = list(dict.fromkeys(row for row, _ in scores))
    return Comparison(Metric("f1"), "method", baseline, systems, rows, scores, {}, {}, 0)


def test_areas_are_paired_by_test_set_and_seed() -> None:
    curves = learning_curves(compared(TWO), 100)
    random, diverse = curves.systems["random"], curves.systems["diverse"]
    # Rising: (20 * 0.3 + 60 * 0.45) / 80 = 0.4125. Slow: (20 * 0.25 + 60 * 0.35) / 80 = 0.325.
    assert random.areas == pytest.approx(
        {("sw", 1): 0.325, ("sw", 2): 0.325, ("yo", 1): 0.4125, ("yo", 2): 0.325}
    )
    assert random.differences == {}
    assert random.difference is None
    assert diverse.differences == pytest.approx(
        {("sw", 1): 0.0875, ("sw", 2): 0.0875, ("yo", 1): -0.0875, ("yo", 2): -0.125}
    )
    assert diverse.difference == pytest.approx(-0.009375)
    assert diverse.p == signed_rank_p([*diverse.differences.values()])
    # Means over test sets: seed 1 (0.4125 + 0.325) / 2 = 0.36875, seed 2 (0.4125 + 0.2) / 2.
    assert diverse.sd == pytest.approx((0.36875 - 0.30625) / 2**0.5)


def test_the_target_is_reached_on_the_mean_curve_over_seeds() -> None:
    curves = learning_curves(compared(TWO), 40)
    # sw: 0.3, which the rising curve has half-way from 20 to 40. yo: (0.4 + 0.3) / 2 = 0.35;
    # the mean of slow and flat ends at 0.3 and does not reach it.
    assert curves.targets == pytest.approx({"sw": 0.3, "yo": 0.35})
    assert curves.systems["diverse"].reached == {"sw": pytest.approx(30), "yo": None}
    assert curves.systems["random"].reached == pytest.approx({"sw": 40, "yo": 40})
    # Mean curves: random 0.2, 0.325, 0.425; diverse 0.2, 0.325, 0.4.
    assert curves.target_on_average == pytest.approx(0.325)
    assert curves.systems["diverse"].reached_on_average == pytest.approx(40)
    between = learning_curves(compared(TWO), 70).systems
    assert between["random"].reached == pytest.approx({"sw": 70, "yo": 70})
    # 0.375 on average, which diverse has 2/3 of the way from 0.325 at 40 to 0.4 at 100.
    assert between["diverse"].reached_on_average == pytest.approx(80)


def test_p_values_are_corrected_for_the_number_of_systems() -> None:
    shift = {seed: {n: s + seed / 100 for n, s in SLOW.items()} for seed in range(1, 8)}
    systems = {"random": dict.fromkeys(range(1, 8), SLOW), "one": shift, "two": shift}
    curves = learning_curves(compared({"sw": systems}), 40)
    assert curves.systems["one"].p == pytest.approx(2 / 2**7)  # all seven better: exact
    assert curves.systems["one"].p_holm == pytest.approx(4 / 2**7)
    assert curves.systems["random"].p_holm is None
    (areas, _) = layouts(curves).values()
    assert [row[-1].text for row in areas.rows] == ["", "7 / 0 / 0", "7 / 0 / 0"]


def test_a_curve_that_lacks_a_size_is_left_out_with_a_note() -> None:
    part = {"sw": {"random": {1: SLOW, 2: SLOW}, "diverse": {1: RISING, 2: {20: 0.2, 40: 0.3}}}}
    curves = learning_curves(compared(part), 40)
    assert set(curves.systems["diverse"].areas) == {("sw", 1)}
    assert curves.notes == [
        "1 learning curve of diverse without some sizes of random: left out.",
        "diverse has 1 curves and random 2: the means are over these, and the difference is over "
        "the 1 that both have.",
    ]
    assert learning_curves(compared(TWO), 40).notes == []
    few = {"sw": {"random": {1: SLOW}, "diverse": {1: {20: 0.2}}}}
    alone = learning_curves(compared(few), 40)
    assert [*alone.systems] == ["random"]
    (areas, _) = layouts(alone).values()
    assert [[cell.text for cell in row] for row in areas.rows] == [["random", "32.50"]]
    assert len(areas.headings) == 2


def test_test_sets_with_other_sizes_have_no_mean_curve() -> None:
    uneven = {"sw": TWO["sw"], "yo": {"random": {1: {20: 0.1, 50: 0.2}}}}
    curves = learning_curves(compared(uneven), 40)
    assert not curves.has_mean
    assert curves.notes[0] == (
        "The sizes differ between test sets: 20 to 100 (sw), 20 to 50 (yo). Each area is over its "
        "own sizes."
    )
    assert "\n| mean curve |" not in curves_markdown(curves)
    assert "\n| mean curve |" in curves_markdown(learning_curves(compared(TWO), 40))
    assert curves.systems["random"].reached["yo"] == pytest.approx(40)


@pytest.mark.parametrize(
    ("size", "message"),
    [(19, "random was trained with 20 to 100 sentences on sw"), (101, "`reach` is 101")],
)
def test_a_size_outside_of_the_curves_is_refused(size: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        learning_curves(compared(TWO), size)


def test_scores_that_make_no_curves_are_refused() -> None:
    one_size = {"sw": {"random": {1: {20: 0.1}}}}
    with pytest.raises(ValueError, match="random with at least two training sizes, but there are"):
        learning_curves(compared(one_size), 20)
    with pytest.raises(ValueError, match="the metric is perplexity"):
        learning_curves(replace(compared(TWO), metric=Metric("perplexity")), 40)


def test_every_format_has_both_tables() -> None:
    curves = learning_curves(compared(TWO), 40)
    text, written = printed(lambda out: print_curves(curves, out)), curves_markdown(curves)
    for one in (text, written):
        assert "F1 averaged from 20 to 100 sentences" in one
        assert "not reached" in one
        assert "2 / 0 / 2" in one
        assert "33.75" in one  # diverse: (0.4125 + 0.4125 + 0.325 + 0.2) / 4
    rows = [*csv.DictReader(io.StringIO(curves_csv(curves)))]
    found = {(row["system"], row["test_set"]): row for row in rows}
    assert found["diverse", "sw"]["sentences_to_reach"] == "30.000000"
    assert found["diverse", "yo"]["sentences_to_reach"] == ""
    assert found["diverse", "overall"]["difference"] == "-0.009375"
    assert found["random", "overall"]["target"] == "0.325000"
    assert [layout.rows[0][0].text for layout in layouts(curves).values()] == ["random", "sw"]


def test_compare_writes_learning_curves_if_asked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for variant in ("random", "diverse"):
        for size in (20, 40):
            write_run(tmp_path / f"size_{size}", variant=variant, train_size=size)
    words = [str(tmp_path), "--baseline=sner-random", "--resamples=0", "--tables_only"]
    run_command(["compare", *words])
    assert not (tmp_path / "learning_curves.txt").exists()
    assert "words in" not in capsys.readouterr().out
    run_command(["compare", *words, "--reach=40"])
    shown = capsys.readouterr().out
    assert "Sentences to reach the F1 that sner-random has with 40" in shown
    assert "words in 40 sentences" in shown
    assert re.search(r"sner-diverse .* 407\s", shown)
    assert "comparison.tex, learning_curves.txt" in shown
    written = (tmp_path / "learning_curves.csv").read_text()
    rows = [*csv.DictReader(io.StringIO(written))]
    found = {row["system"]: row["words_at_last_size"] for row in rows if row["test_set"] == OVERALL}
    assert found == {"sner-random": "406.000000", "sner-diverse": "407.000000"}
    assert {file.suffix for file in tmp_path.glob("learning_curves.*")} == {".txt", ".csv", ".md"}
