"""A record holds all of its runs that a comparison needs, and compares like their folders."""

import json
import math
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lowner_pl
from lowner_pl.results.comparing import compare_runs
from lowner_pl.results.options import without_folders
from lowner_pl.results.output import write_comparison
from lowner_pl.results.recorded import about_runs, write_record
from lowner_pl.results.tested.recorded_runs import read_runs, runs_as_json
from lowner_pl.results.tested.runs import find_runs, survey
from lowner_pl.results.tested.tagged import sentence_counts
from lowner_pl.results.tested.tested_run import TestedRun

from ...running import command, finished
from ..records import ONE, random_tagging, write_run


def lr(rate: float | None) -> dict[str, Any]:
    return {"model": {"init_args": {"lr": rate, "head": "crf"}}}


@pytest.fixture
def runs(tmp_path: Path) -> list[TestedRun]:
    for seed in (1, 2):
        for method, right in {"sner": 0.5, "maner": 0.8}.items():
            for language in ("sw", "አማ"):
                write_run(
                    tmp_path / "runs",
                    method,
                    seed,
                    corpus=f"toy-{language}",
                    language=language,
                    tests={language: random_tagging(30, right, seed, len(language))},
                    options=lr(None if method == "sner" else 0.1),
                )
    return find_runs([tmp_path / "runs"])


def record(folder: Path, runs: list[TestedRun]) -> Path:
    file = folder / "comparison.json"
    write_record(file, compare_runs(runs, resamples=0), about_runs(runs, "Toy"), runs)
    return file


def test_a_record_compares_like_the_folders_that_are_gone(
    tmp_path: Path, runs: list[TestedRun]
) -> None:
    by_type = compare_runs(runs, metric="f1", resamples=200)
    assert by_type.differences[by_type.rows[0], "maner"].low is not None
    file = record(tmp_path, runs)
    shutil.rmtree(tmp_path / "runs")
    assert compare_runs(read_runs(file), metric="f1", resamples=200) == by_type


def test_every_attribute_and_option_is_read_as_it_was(
    tmp_path: Path, runs: list[TestedRun]
) -> None:
    again = read_runs(record(tmp_path, runs))
    for one, other in zip(runs, again, strict=True):
        same = replace(
            other, folder=one.folder, tagged=one.tagged, options=one.options, counts=None
        )
        assert vars(same) == vars(one)
        assert {**other.options} == {**one.options}
        assert [{**part} for part in other.options.parts] == [
            {**part} for part in one.options.parts if part
        ]
        assert other.options.has("model.lr")  # also those without a value
    assert str(again[0].folder).endswith("comparison.json/toy-sw/maner/seed_1")
    assert "lr" not in json.dumps(runs_as_json(runs)["options"])
    assert runs_as_json(runs)["options"] == {"model.head": "crf"}


def test_counts_of_each_type_by_hand(tmp_path: Path) -> None:
    # Sentence 1: PER right. Sentence 2: LOC one word off. Sentence 3: ORG right.
    write_run(tmp_path / "runs", tests={"sw": ONE})
    (run,) = read_runs(record(tmp_path, find_runs([tmp_path / "runs"])))
    assert {type_: counts.tolist() for type_, counts in (run.counts or {}).items()} == {
        "LOC": [[0, 0, 0], [0, 1, 1], [0, 0, 0]],
        "ORG": [[0, 0, 0], [0, 0, 0], [1, 1, 1]],
        "PER": [[1, 1, 1], [0, 0, 0], [0, 0, 0]],
    }
    assert sentence_counts(run).tolist() == [[1, 1, 1], [0, 1, 1], [1, 1, 1]]
    assert sentence_counts(run, "LOC").tolist() == [[0, 0, 0], [0, 1, 1], [0, 0, 0]]
    assert sentence_counts(run, "DATE").tolist() == [[0, 0, 0]] * 3


def test_a_real_test_is_recorded_with_the_counts_of_its_scores(tmp_path: Path) -> None:
    root = finished(tmp_path)
    command("test", root)
    (run,) = find_runs([root])
    (again,) = read_runs(record(tmp_path, [run]))
    assert np.array_equal(sentence_counts(again), sentence_counts(run))
    assert sentence_counts(again)[:, 2].sum() == run.scores["entities"]
    named = {name: without_folders(value) for name, value in run.options.items()}
    assert {**again.options} == named


def test_records_and_folders_are_compared_together(tmp_path: Path, runs: list[TestedRun]) -> None:
    expected = compare_runs(runs, resamples=100)
    file = record(tmp_path, [run for run in runs if run.method == "sner"])
    shutil.rmtree(tmp_path / "runs" / "toy-sw" / "sner")
    shutil.rmtree(tmp_path / "runs" / "toy-አማ" / "sner")
    found = find_runs([tmp_path / "runs", file, file])
    assert compare_runs(found, resamples=100) == expected
    table = lowner_pl.load_runs(tmp_path / "runs", file)
    assert sorted(table["f1"]) == sorted(run.scores["f1"] for run in runs)
    assert "counts" not in table.columns


def test_a_record_of_a_record_is_the_same(tmp_path: Path, runs: list[TestedRun]) -> None:
    first = json.loads(record(tmp_path, runs).read_text())["runs"]
    again = json.loads(record(tmp_path, read_runs(tmp_path / "comparison.json")).read_text())
    assert again["runs"] == first


def test_a_run_without_its_tagged_file_has_no_intervals(
    tmp_path: Path, runs: list[TestedRun]
) -> None:
    runs[0].tagged.unlink()
    with pytest.warns(UserWarning, match="Until then, the record can't give its intervals"):
        file = record(tmp_path, runs)
    again = read_runs(file)
    assert again[0].counts is None
    comparison = compare_runs(again, resamples=100)
    row = next(row for row in comparison.rows if row.sha256 == runs[0].sha256)
    assert comparison.differences[row, "maner"].low is None
    (note,) = [note for note in comparison.notes if "no counts of entities" in note]
    assert note.startswith(f"'{again[0].folder}' has no counts")
    assert note.endswith("and write the record anew. Until then, sw has no intervals.")


def test_runs_without_a_configuration_have_no_options(
    tmp_path: Path, runs: list[TestedRun]
) -> None:
    for run in runs:
        (run.folder / "config.yaml").unlink()
    again = read_runs(record(tmp_path, find_runs([tmp_path / "runs"])))
    assert [{**run.options} for run in again] == [{}] * len(runs)


def test_nothing_of_the_machine_is_in_a_record(tmp_path: Path) -> None:
    more = {"train_path": str(tmp_path / "mine" / "train"), "files": [str(tmp_path / "a" / "b")]}
    options = lr(0.1) | {"data": {"init_args": more}}
    write_run(tmp_path / "runs", options=options)
    write_run(tmp_path / "copy", options=options)
    runs = find_runs([tmp_path / "runs", tmp_path / "copy"])
    comparison = compare_runs(runs, resamples=0)
    assert str(tmp_path) in comparison.notes[0]
    write_comparison(comparison, tmp_path / "out", runs)
    file = tmp_path / "out" / "comparison.json"
    assert str(tmp_path) not in file.read_text()
    (run,) = read_runs(file)  # and no copies
    assert run.options["data.train_path"] == "mine/train"
    assert run.options["data.files"] == "{'': 'a/b'}"


def test_a_perplexity_that_is_infinite_is_no_other_json(tmp_path: Path) -> None:
    write_run(tmp_path / "runs")
    (run,) = find_runs([tmp_path / "runs"])
    scores = {"perplexity": math.inf, "loss": -math.inf, "other": math.nan, "f1": 0.5}
    text = json.dumps(runs_as_json([replace(run, scores=scores, counts={})]), allow_nan=False)
    file = tmp_path / "comparison.json"
    file.write_text(f'{{"format": 1, "runs": {text}}}')
    assert repr(read_runs(file)[0].scores) == repr(scores)


def test_a_record_of_an_earlier_version_has_no_runs(tmp_path: Path, runs: list[TestedRun]) -> None:
    file = record(tmp_path, runs)
    content = json.loads(file.read_text())
    del content["runs"]
    file.write_text(json.dumps(content))
    with pytest.raises(ValueError, match="has no runs, since an earlier version wrote it"):
        survey([file])


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        ("runs", 3, "has runs 3, which must be an object"),
        ("runs.each", 3, "has runs without a list `each`"),
        ("runs.each.0", "x", r"has runs.each\[0\] 'x', which must be an object"),
        ("runs.each.0.seed", -1, r"has runs.each\[0\].seed -1, which must be a whole number"),
        ("runs.each.0.sentences", 29, r"has runs.each\[0\].counts.\w+, which is not of 29 sent"),
        ("runs.each.0.scores.f1", 2, r"has runs.each\[0\].scores.f1 2, which must be a number"),
        ("runs.each.0.counts.PER", "AAAA", r"has runs.each\[0\].counts.PER, which is damaged"),
        ("runs.each.0.counts.PER", "A", r"has runs.each\[0\].counts.PER, which is damaged"),
        (
            "runs.each.0.counts.PER",
            "eJwDAAAAAAE=",
            r"has .*counts.PER, which is not of 30 sentences",
        ),
        ("runs.each.0.counts.PER", 3, r"has runs.each\[0\].counts.PER 3, which must be a text"),
        ("runs.each.0.counts.PER", "é", r"has runs.each\[0\].counts.PER, which is damaged"),
        ("runs.each.0.sentences", 10**20, r"has runs.each\[0\].sentences 10+, which must be"),
        ("runs.each.0.options.model.lr", [1], r"has the option 'model.lr' \[1\], which is no"),
        ("runs.each.0.options.model.lr", "\x1b[m", r"has the option 'model.lr' .* control char"),
    ],
)
def test_a_damaged_record_is_refused(
    tmp_path: Path, runs: list[TestedRun], place: str, value: object, problem: str
) -> None:
    file = record(tmp_path, runs)
    content = json.loads(file.read_text())
    *above, last = place.replace("options.model.lr", "options.model/lr").split(".")
    inner = content
    for name in above:
        inner = inner[int(name) if name.isdigit() else name]
    inner[int(last) if last.isdigit() else last.replace("/", ".")] = value
    file.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=rf"comparison.json' {problem}.*Write it anew with"):
        find_runs([file])
