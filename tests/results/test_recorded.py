"""A comparison survives being written to a file, which is refused when it is broken."""

import json
from pathlib import Path

import pytest

from lowner_pl.results.comparing import compare_runs
from lowner_pl.results.comparison import Comparison
from lowner_pl.results.recorded import About, read_record, write_record
from lowner_pl.results.tested.runs import find_runs
from lowner_pl.results.tested.tested_run import TestedRun

from .records import random_tagging, write_run

ABOUT: About = {
    "title": "SNER and MANER on two toy corpora",
    "written": "2026-11-29",
    "version": "0.1.0",
    "backbones": ["embedded"],
    "train_sentences": [100],
    "paper": [("sw, maner", 53.1, None)],
    "reach": 100,
}


@pytest.fixture
def runs(tmp_path: Path) -> list[TestedRun]:
    for method, right in {"sner": 0.6, "maner": 0.8}.items():
        for seed in (1, 2):
            for language in ("sw", "አማ") if method == "sner" else ("sw",):
                test = random_tagging(20 + len(language), right, seed)
                corpus = f"toy-{language}"
                write_run(
                    tmp_path, method, seed, corpus=corpus, language=language, tests={language: test}
                )
    return find_runs([tmp_path])


@pytest.fixture
def comparison(runs: list[TestedRun]) -> Comparison:
    return compare_runs(runs, resamples=50)


def test_a_comparison_is_read_as_it_was_written(
    tmp_path: Path, comparison: Comparison, runs: list[TestedRun]
) -> None:
    write_record(tmp_path / "record.json", comparison, ABOUT, runs)
    recorded = read_record(tmp_path / "record.json")
    assert recorded.comparison == comparison
    assert json.dumps(recorded.about) == json.dumps(ABOUT)


@pytest.mark.parametrize("change", ["half", "list", "version"])
def test_a_broken_record_is_refused(
    tmp_path: Path, comparison: Comparison, runs: list[TestedRun], change: str
) -> None:
    file = tmp_path / "record.json"
    write_record(file, comparison, ABOUT, runs)
    text = file.read_text()
    broken = {
        "half": text[: len(text) // 2],
        "list": "[1]",
        "version": text.replace('"format": 1', '"format": 2', 1),
    }
    file.write_text(broken[change])
    message = "has format 2, but" if change == "version" else "is no record of a comparison, or"
    with pytest.raises(ValueError, match=message):
        read_record(file)
