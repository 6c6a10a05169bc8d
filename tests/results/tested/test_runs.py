"""Finished runs are found with everything that a comparison needs; damaged files are named."""

import json
import math
import re
import subprocess
import sys
from pathlib import Path

import pytest

import lowner_pl
from lowner_pl.results.tested.runs import find_runs, survey

from ...running import command, finished, folder
from ..records import write_run

EN = {"corpus": "conll-en", "language": "en", "method": "sner", "variant": "v", "seed": 7}


def test_a_real_run_is_read_as_it_was_recorded(tmp_path: Path) -> None:
    root = finished(tmp_path)
    command("test", root)
    (run,) = find_runs([tmp_path])
    record = json.loads((folder(root) / "test_metrics.json").read_text())
    assert run.folder == folder(root)
    assert (run.corpus, run.language, run.method, run.seed) == ("sample-sw", "sw", "sner", 12345)
    assert (run.train_size, run.train_sentences, run.sentences) == (48, 48, 100)
    assert (run.test_set, run.checkpoint) == ("sw", "best")
    assert run.scores == record["test_sets"][0]["scores"]
    assert (run.dev_f1, run.epoch) == tuple(record["checkpoint"][k] for k in ("dev_f1", "epoch"))
    assert run.tagged.is_file()
    assert run.options["model.optimizer.lr"] == 0.001
    assert run.options["data.language"] == "sw"
    assert run.options["model.class_path"] == "lowner_pl.modules.SNERLightningModule"


def test_each_test_set_is_a_run_of_its_own(tmp_path: Path) -> None:
    tests = {"de": [("B-PER", "B-PER")], "nl": [("B-PER", "O")]}
    run = write_run(tmp_path, tests=tests, language=None, corpus="conll-en-to-de+nl")
    found = {one.test_set: one for one in find_runs([tmp_path])}
    assert {name: one.scores["f1"] for name, one in found.items()} == {"de": 1, "nl": 0}
    assert [one.language for one in found.values()] == ["de", "nl"]
    assert found["nl"].tagged == run / "test_tagged_nl.conll"
    assert found["de"].tagged.is_file()


def test_one_checkpoint_speaks_for_a_run_unless_all_are_asked_for(tmp_path: Path) -> None:
    for which in ("epoch-3", "last", "none", "best"):
        write_run(tmp_path, which=which)
    write_run(tmp_path, "maner", which="last")
    assert [(run.method, run.checkpoint) for run in find_runs([tmp_path])] == [
        ("maner", "last"),
        ("sner", "best"),
    ]
    every = {run.checkpoint for run in find_runs([tmp_path], every_checkpoint=True)}
    assert every == {"epoch-3", "last", "none", "best"}


def test_a_checkpoint_of_another_corpus_is_a_method_of_its_own(tmp_path: Path) -> None:
    write_run(tmp_path, trained_on=EN, folder="from_conll-en_sner-v_seed_7")
    (run,) = find_runs([tmp_path])
    assert (run.method, run.seed, run.corpus) == ("sner-v from conll-en", 7, "toy-sw")
    assert run.folder.name == "from_conll-en_sner-v_seed_7"


def test_the_variant_is_part_of_the_method(tmp_path: Path) -> None:
    write_run(tmp_path, variant="melm_1_gold")
    assert [run.method for run in find_runs([tmp_path])] == ["sner-melm_1_gold"]


def test_superseded_runs_and_what_tensorboard_compares_are_left_out(tmp_path: Path) -> None:
    for skipped in ("superseded", "comparison"):
        write_run(tmp_path / skipped)
    write_run(tmp_path / "kept")
    assert [run.folder.parts[-4] for run in find_runs([tmp_path])] == ["kept"]


def test_a_run_below_two_folders_is_found_once(tmp_path: Path) -> None:
    run = write_run(tmp_path)
    assert len(find_runs([tmp_path, run, str(run.parent)])) == 1


def test_untested_runs_are_known(tmp_path: Path) -> None:
    run = tmp_path / "toy-sw" / "sner" / "seed_1"
    (run / "checkpoints").mkdir(parents=True)
    assert survey([tmp_path]) == ([], [], [run])
    for columns in ("epoch,step", "dev/f1,dev/loss,epoch,step", ""):
        (run / "metrics.csv").write_text(f"{columns}\n0,1\n")
        assert survey([tmp_path]).untested == [run]


def test_a_language_model_needs_no_test(tmp_path: Path) -> None:
    run = tmp_path / "toy-sw" / "melm-melm_2_finetune" / "seed_1"
    (run / "checkpoints").mkdir(parents=True)
    (run / "metrics.csv").write_text("dev/accuracy,dev/loss,epoch,step\n0.1,3.2,0,7\n")
    assert survey([tmp_path]) == ([], [], [])


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"f1": 0.5, "test_s', "is cut short or was changed. Run `test` with this version"),
        ("[" * 100_000, "is cut short or was changed"),
        ('{"scores": {"f1": 0.5}}', "is of an older version of lowner_pl. Run `test`"),
        ('{"test_sets": []}', r"has no test set\. Run `test`"),
        ('{"test_sets": [{"name": "sw"}]}', r"has no trained_on\. Run `test`"),
        ('{"test_sets": [3]}', r"has test_sets\[0\] 3, which must be an object with names"),
    ],
)
def test_a_damaged_file_is_named_and_left_out(tmp_path: Path, text: str, problem: str) -> None:
    write_run(tmp_path)
    damaged = write_run(tmp_path, seed=2) / "test_metrics.json"
    damaged.write_text(text)
    with pytest.warns(UserWarning, match="Run `test` with this version") as warned:
        runs = find_runs([tmp_path])
    assert [run.seed for run in runs] == [1]
    (message,) = [str(one.message) for one in warned]
    assert re.match(f"'{re.escape(str(damaged))}' {problem}", message)


SHARE, COUNT = "a number from 0 to 1", "a whole number of at least 0"


@pytest.mark.parametrize(
    ("place", "value", "expected"),
    [
        ("test_sets.0.scores.f1", 7, SHARE),
        ("test_sets.0.scores.f1", math.nan, SHARE),
        ("test_sets.0.scores.f1", "abc", "a number"),
        ("test_sets.0.scores.recall/PER", -0.5, SHARE),
        ("test_sets.0.scores.perplexity", None, "a number"),
        ("test_sets.0.sentences", 0, "a whole number of at least 1"),
        ("test_sets.0.sentences_scored", "3", COUNT),
        ("test_sets.0.sha256", 3, "a text"),
        ("test_sets.0.language", ["sw"], "a text"),
        ("test_sets.0.language", "s\nw", "a text without control characters"),
        ("test_sets.0.name", "s\0w", "a text without control characters"),
        ("trained_on.variant", "\ud800", "a text without control characters"),
        ("trained_on.seed", math.inf, COUNT),
        ("trained_on.seed", "abc", COUNT),
        ("train_size", [1], COUNT),
        ("train_size", "abc", COUNT),
        ("train_size", -1, COUNT),
        ("train_sentences", 1.5, COUNT),
        ("train_words", True, COUNT),
        ("backbone", ["x"], "a text"),
        ("checkpoint.which", [], "a text"),
        ("checkpoint.dev_f1", "x", "a number"),
        ("checkpoint.epoch", {}, COUNT),
        ("checkpoint", "x" * 90, "an object with names and values"),
    ],
)
def test_a_value_that_can_t_be_is_named_and_its_run_left_out(
    tmp_path: Path, place: str, value: object, expected: str
) -> None:
    write_run(tmp_path)
    damaged = write_run(tmp_path, seed=2) / "test_metrics.json"
    record = json.loads(damaged.read_text())
    *above, last = (int(name) if name.isdigit() else name for name in place.split("."))
    inner = record
    for name in above:
        inner = inner[name]
    inner[last] = value
    damaged.write_text(json.dumps(record))
    with pytest.warns(UserWarning, match="Run `test` with this version") as warned:
        assert lowner_pl.load_runs(tmp_path)["seed"].tolist() == [1]
    (message,) = [str(one.message) for one in warned]
    shown = place.replace("test_sets.0", "test_sets[0]").replace("trained_on.seed", "seed")
    assert message.startswith(f"'{damaged}' has {shown} {repr(value)[:40]}")
    assert f", which must be {expected}. Run" in message
    assert len(message) < len(str(damaged)) + 200


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"\xff", "is damaged: it is not in UTF-8"),
        (b"model: {a: 1}\ndata: {}\n", "is damaged: it has no valid options of trainer"),
        (b"[1, 2]\n", "is damaged: it has no valid options of model, data, trainer"),
        (b"model: [\ndata: {}\ntrainer: {}\n", "is damaged: it has no valid options of model"),
        (b"model: &a [*a]\ndata: {}\ntrainer: {}", "is damaged: it has no valid options of model"),
        (None, "can't be read: Is a directory"),
    ],
)
def test_a_damaged_configuration_is_named_and_its_run_kept(
    tmp_path: Path, content: bytes | None, problem: str
) -> None:
    config = write_run(tmp_path) / "config.yaml"
    config.unlink()
    assert len(find_runs([tmp_path])) == 1  # results alone may be all that was kept
    if content is None:
        config.mkdir()
    else:
        config.write_bytes(content)
    with pytest.warns(UserWarning, match=f"^'{config}' {problem}. Without its options, the run"):
        assert len(find_runs([tmp_path])) == 1


def test_a_test_on_a_part_of_the_sentences_is_left_out(tmp_path: Path) -> None:
    run = write_run(tmp_path, part=2)
    with pytest.warns(UserWarning, match="of a test on 2 of 3 sentences. Run `test` without"):
        assert find_runs([tmp_path]) == []
    assert survey([run]).problems


def test_a_missing_folder_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"'.*nowhere' does not exist\. Give a folder of"):
        find_runs([tmp_path / "nowhere"])


def test_pandas_gets_a_row_per_run_and_test_set(tmp_path: Path) -> None:
    tests = {"de": [("B-PER", "B-PER")], "nl": [("B-PER", "O")]}
    write_run(tmp_path, tests=tests, language=None, options={"model": {"init_args": {"lr": 1}}})
    write_run(tmp_path, "maner", options={"model": {"init_args": {"lr": 2}}})
    frame = lowner_pl.load_runs(tmp_path)
    assert len(frame) == 3
    means = frame.groupby(["method", "language"])["f1"].mean().round(4).to_dict()
    assert means == {("maner", "sw"): 0.6667, ("sner", "de"): 1, ("sner", "nl"): 0}
    assert frame["model.lr"].tolist() == [2, 1, 1]
    assert frame["entities"].tolist() == [3, 1, 1]
    assert {"folder", "seed", "train_size", "sha256", "dev_f1"} <= set(frame.columns)


def test_pandas_gets_the_columns_without_any_run(tmp_path: Path) -> None:
    frame = lowner_pl.load_runs(tmp_path)
    assert len(frame) == 0
    assert "method" in frame


def test_importing_the_package_stays_light() -> None:
    code = "import sys, lowner_pl; assert not {'pandas', 'numpy', 'yaml'} & {*sys.modules}"
    subprocess.run([sys.executable, "-c", code], check=True)
    with pytest.raises(AttributeError, match="no attribute 'load_run'"):
        lowner_pl.load_run  # type: ignore[attr-defined]  # noqa: B018
