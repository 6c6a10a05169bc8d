"""``compare`` as users type it."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from lowner_pl.results.command import compare

from ..conftest import ROOT
from .records import write_run
from .test_comparing import of_entities, write_study


@pytest.fixture
def study(tmp_path: Path) -> Path:
    root = tmp_path / "runs"
    write_study(
        root,
        {language: {"sner": {1: 3, 2: 3}, "maner": {1: 7, 2: 7}} for language in ("sw", "yo")},
    )
    return root


def run(*words: object) -> None:
    compare([*map(str, words), "--resamples", "100"])


def test_the_table_is_printed_and_written_in_all_formats(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(study)
    out, err = capsys.readouterr()
    assert "maner is better than sner: +" in out
    assert out.endswith(
        f"Written: {study}/comparison.{{txt,csv,md,tex,json}} and {study}/pictures\n"
        f"Open {study}/comparison.html, or run tensorboard --logdir {study}/comparison\n"
    )
    assert not err
    names = {file.name for file in study.glob("comparison.*")}
    assert names == {
        f"comparison.{ending}" for ending in ("txt", "csv", "md", "tex", "json", "html")
    }
    assert (study / "pictures" / "differences_maner.png").is_file()
    assert (study / "comparison" / "sw" / "maner" / "1").is_dir()
    run(study)  # its own files are no runs
    assert capsys.readouterr().out == out


def test_tables_only_draws_no_pictures(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(study, "--tables_only")
    assert capsys.readouterr().out.endswith(
        "comparison.txt, comparison.csv, comparison.md, comparison.tex\n"
    )
    assert len([*study.glob("comparison*")]) == 4
    assert not (study / "pictures").exists()


def test_options_choose_what_is_compared_and_where_it_is_written(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(study, "--baseline", "maner", "--test_set", "sw", "--out", tmp_path / "deep" / "out")
    out = capsys.readouterr().out
    assert "sner - maner" in out
    assert " yo " not in out
    assert (tmp_path / "deep" / "out" / "comparison.tex").is_file()
    assert not (study / "comparison.tex").exists()


def test_damaged_and_untested_runs_are_named(
    study: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = study / "toy-sw" / "maner" / "seed_2" / "test_metrics.json"
    damaged.write_text(damaged.read_text()[:200])
    untested = study / "toy-sw" / "meta" / "seed_1"
    (untested / "checkpoints").mkdir(parents=True)
    run(study)
    out, err = capsys.readouterr()
    assert err == (
        f"warning: '{damaged}' is cut short or was changed. Run `test` with this version to write "
        "it anew.\n"
    )
    assert f"note: 1 run has no test results and is left out: '{untested}'. Run `test` on" in out
    assert "maner on sw ran with one seed" in out


def test_results_that_are_all_damaged_are_no_missing_results(study: Path) -> None:
    for file in study.rglob("test_metrics.json"):
        file.write_text("{")
    with pytest.raises(ValueError, match=r"No results below '.*' can be read: see the warnings\."):
        run(study)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (["--metric", "f2"], "No run has a score 'f2'. Use one of f1."),
        (["--baseline", "manner"], "No run is of the baseline 'manner'. Did you mean maner?"),
        (["--by", "modle"], "Runs can't be compared by 'modle'. Use method, size, backbone or"),
        (["--test_set", "zu"], "No run was tested on 'zu'. Use one of sw, toy-sw, toy-yo, yo."),
    ],
)
def test_a_mistake_is_one_sentence(study: Path, words: list[str], problem: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(problem)}"):
        run(study, *words)
    assert not list(study.glob("comparison.*"))


@pytest.mark.parametrize("number", [-1, 1, 99])
def test_too_few_resamples_are_refused(study: Path, number: int) -> None:
    with pytest.raises(ValueError, match=f"`--resamples` is {number}, but it must be at least 100"):
        compare([str(study), f"--resamples={number}"])


def test_folders_without_tested_runs_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"There are no tested runs below '.*'\. Run `fit` and"):
        run(tmp_path)
    (tmp_path / "sample-sw" / "sner" / "seed_1" / "checkpoints").mkdir(parents=True)
    with pytest.raises(ValueError, match=r"None of the 1 runs below '.*' has test results\. Run"):
        run(tmp_path)
    with pytest.raises(FileNotFoundError, match="'nowhere' does not exist"):
        run("nowhere")


def test_a_folder_that_can_t_be_written_is_named_after_the_table(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(
        OSError, match=r"file/out/comparison.txt' can't be written: Not a directory"
    ):
        run(study, "--out", tmp_path / "file" / "out")
    assert "maner is better than sner" in capsys.readouterr().out


def test_the_command_starts_without_torch(study: Path) -> None:
    code = (
        "import sys; sys.argv = ['x', 'compare', sys.argv[1], '--resamples', '0'];"
        "from lowner_pl.__main__ import main; main(); assert 'torch' not in sys.modules"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(study)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "can't be told apart" in done.stdout or "better" in done.stdout


def test_a_mistyped_option_is_explained(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        compare([str(study), "--metrics", "f1"])
    assert stop.value.code == 2
    assert (
        capsys.readouterr().err == "error: There is no option --metrics. Did you mean --metric?\n"
    )
    with pytest.raises(SystemExit):
        compare([])
    assert "FOLDER" in capsys.readouterr().err


def test_different_sentences_are_refused_and_a_choice_helps(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_run(tmp_path, "sner", corpus="wikiann-sw", tests={"sw": of_entities(3)})
    write_run(tmp_path, "maner", corpus="masakhaner-sw", tests={"sw": of_entities(3, 9)})
    with pytest.raises(ValueError, match="were tested on different sentences in sw"):
        run(tmp_path)
    run(tmp_path, "--test_set", "wikiann-sw")
    assert "Test F1 in percent" in capsys.readouterr().out


def test_a_record_is_compared_beside_a_folder(
    study: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(study, "--title", "Two methods")
    table = (study / "comparison.txt").read_text()
    assert "<h1>Two methods</h1>" in (study / "comparison.html").read_text()
    kept = (study / "comparison.json").rename(tmp_path / "theirs.json")
    before = kept.read_bytes()
    run(kept, "--out", tmp_path / "again")
    assert (tmp_path / "again" / "comparison.txt").read_text() == table
    assert (tmp_path / "again" / "comparison" / "sw" / "maner" / "1").is_dir()
    capsys.readouterr()
    run(kept, study / "toy-sw")
    assert "repeats" in capsys.readouterr().out
    with pytest.raises(ValueError, match=r"comparison.json' is compared, and would be written"):
        run(study / "toy-sw" / "comparison.json", study / "toy-sw")
    assert (study / "toy-sw" / "comparison.json").is_file()
    assert kept.read_bytes() == before
    with pytest.raises(ValueError, match=r"theirs.json' is a record, and no folder says where"):
        run(kept)


def test_a_record_with_runs_that_are_gone_is_not_written_over(study: Path) -> None:
    run(study)
    before = (study / "comparison.json").read_bytes()
    run(study, "--test_set", "sw")  # the other runs are still there
    run(study)
    shutil.rmtree(study / "toy-yo" / "maner" / "seed_2")
    with pytest.raises(ValueError, match=r"has 1 of 8 runs that are not compared now, such as '"):
        run(study)
    assert (study / "comparison.json").read_bytes() == before
    run(study, "--tables_only")
    shutil.rmtree(study / "toy-yo")
    shutil.rmtree(study / "toy-sw")
    with pytest.raises(ValueError, match=r"but a record of some\. Give '.*comparison\.json'"):
        run(study, "--out", study / "elsewhere")
