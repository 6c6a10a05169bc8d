"""docs/results.md says what the recorded results are."""

from pathlib import Path

import pytest

from lowner_pl.results.comparing import compare_runs
from lowner_pl.results.learning.curves import learning_curves
from lowner_pl.results.learning.tables import curves_markdown
from lowner_pl.results.output import write_comparison
from lowner_pl.results.recorded import about_runs, write_record
from lowner_pl.results.tested.runs import find_runs

from .conftest import ROOT
from .results.records import random_tagging, write_run


@pytest.fixture(autouse=True)
def scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))


def test_the_page_is_up_to_date() -> None:
    from results_page import PAGE, page

    assert PAGE.read_text(encoding="utf-8") == page(), "Run `python benchmarks/results_page.py`."


def test_a_section_has_the_table_the_papers_numbers_and_the_remarks(tmp_path: Path) -> None:
    from results_page import section

    for method, right in {"sner": 0.6, "maner_rand": 0.8}.items():
        for seed in (1, 2):
            test = random_tagging(20, right, seed)
            write_run(tmp_path / "runs", method, seed, tests={"sw": test})
    runs = find_runs([tmp_path / "runs"])
    about = about_runs(runs, "MANER's Table 1", [("sw, maner_rand", 53.1, 42.0), ("yo", 1.5, None)])
    write_record(tmp_path / "one.json", compare_runs(runs, resamples=20), about, runs)
    (tmp_path / "one.md").write_text("The paper's gain is twice as large.\n")
    text = section(tmp_path / "one.json")
    assert text.startswith("### MANER's Table 1\n\nBackbone: ")
    assert "**" in text
    assert r"| sw, maner\_rand | 53.10 | 42.00 |" in text
    assert "| yo | 1.50 |  |" in text
    assert text.endswith("The paper's gain is twice as large.")


@pytest.mark.parametrize(
    ("sizes", "shown"),
    [
        ([100], "100 training"),
        ([1000, 100], "100 or 1,000 training"),
        ([*range(100, 1101, 200)], "100 to 1,100 training"),
    ],
)
def test_many_sizes_are_a_range(tmp_path: Path, sizes: list[int], shown: str) -> None:
    from results_page import section

    write_run(tmp_path / "runs", "sner", 1, tests={"sw": random_tagging(20, 0.6, 1)})
    runs = find_runs([tmp_path / "runs"])
    about = about_runs(runs, "Sizes") | {"train_sentences": sizes}
    write_record(tmp_path / "one.json", compare_runs(runs, resamples=20), about, runs)
    assert f"; {shown} sentences; " in section(tmp_path / "one.json")


def test_a_record_of_learning_curves_has_their_tables(tmp_path: Path) -> None:
    from results_page import section

    for size, right in {20: 0.4, 100: 0.8}.items():
        for method in ("sner-random", "sner-diverse"):
            test = random_tagging(20, right + 0.1 * (method == "sner-diverse"), 1)
            write_run(
                tmp_path / "runs", method, variant=f"n{size}", train_size=size, tests={"sw": test}
            )
    runs = find_runs([tmp_path / "runs"])
    comparison = compare_runs(runs, baseline="sner-random", resamples=0)
    curves = learning_curves(comparison, 100, runs)
    write_comparison(comparison, tmp_path / "out", runs, title="Curves", curves=curves)
    text = section((tmp_path / "out" / "comparison.json").rename(tmp_path / "two.json"))
    assert text.endswith(curves_markdown(curves).strip())
    assert "| test set | F1 to reach | sner-random | sner-diverse |" in text
