"""What commands print: the data, scores in percent, what was left out, and the next command."""

import json
import shlex
from io import StringIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from lightning.pytorch.callbacks import RichModelSummary, RichProgressBar
from rich.console import Console
from rich.progress import Progress, TextColumn
from rich.table import Column

from lowner_pl.callbacks import progress_shown, read_test_record, without_advice
from lowner_pl.callbacks.screen.next_command import print_end
from lowner_pl.callbacks.screen.progress_bar import EpochLines, ProgressBar
from lowner_pl.commands.cli import run
from lowner_pl.corpus import Sentence, read_conll, write_conll

from ...conftest import SAMPLE
from ...running import command, finished, folder, small_backbone, steps

BAR = "--trainer.enable_progress_bar=null"


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return finished(tmp_path_factory.mktemp("trained"))


def next_commands(output: str) -> list[list[str]]:
    """Return the words of the commands that the output suggests."""
    return [
        shlex.split(line.partition(" -m lowner_pl ")[2])
        for line in output.splitlines()
        if " -m lowner_pl " in line
    ]


def test_fit_prints_the_data_the_scores_and_the_next_commands(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    small_backbone()
    capfd.readouterr()
    root = tmp_path / "my runs"
    command("fit", root, BAR, "--trainer.max_epochs=2")
    output, errors = capfd.readouterr()
    lines = [line.split() for line in output.splitlines()]
    assert lines[0][:4] == ["Training", "sner", "on", "sample-sw"]
    assert ["sentences", "48", "50", "100"] in lines
    assert ["entities", "85", "163"] in [[row[0], *row[2:]] for row in lines if len(row) == 4]
    assert any(row[:3] == ["subwords", "per", "word"] for row in lines)
    dev = dict(steps(folder(root) / "metrics.csv", "dev/f1"))
    for epoch, f1 in enumerate(dev.values()):
        (line,) = (line for line in output.splitlines() if line.startswith(f"Epoch {epoch}: "))
        assert line.endswith(f"dev F1 {100 * f1:.2f}")
    (whole,) = (row for row in lines if row[:1] == ["all"])
    assert whole[1] == f"{100 * max(dev.values()):.2f}"
    assert {"PER", "LOC", "ORG"} <= {row[0] for row in lines if len(row) == 5}
    for text in ("GPU available", "Seed set", "stopped:", "FLOPs", "Tip", "\x1b", "\r"):
        assert text not in output + errors
    test, predict = next_commands(output)
    run(test)
    output, errors = capfd.readouterr()
    assert "Test scores of the best checkpoint (epoch " in output
    assert "Restoring" not in errors
    assert next_commands(output) == [predict]
    new = tmp_path / "new.txt"
    new.write_text("Juma alifika Dodoma .\n", encoding="utf-8")
    run([str(new) if word == "new.txt" else word for word in predict])
    assert (folder(root) / "predictions_new.conll").is_file()


def test_scores_of_a_part_of_the_data_have_a_note(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command("test", trained, "--trainer.limit_test_batches=1", "--ckpt_path=last")
    output = capsys.readouterr().out
    assert "Only 32 of 100 sw test sentences were scored" in output
    assert "--ckpt_path last" in output
    record = read_test_record(folder(trained) / "test_metrics_last.json")
    assert record is not None
    assert (record["complete"], record["limit_test_batches"]) == (False, 1)
    assert record["test_sets"][0]["sentences_scored"] == 32
    command("validate", trained, "--trainer.limit_val_batches=1")
    output = capsys.readouterr().out
    assert "Only 32 of 50 dev sentences were scored (`--trainer.limit_val_batches`)" in output
    command("validate", trained)
    assert "Only " not in capsys.readouterr().out


def test_predictions_for_a_part_of_the_input_are_called_partial(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command("predict", trained)
    command("predict", trained, "--trainer.limit_predict_batches=1")
    whole, part = (folder(trained) / f"predictions{part}_test.conll" for part in ("", "_partial"))
    assert (len(read_conll(whole)), len(read_conll(part))) == (100, 32)
    assert (
        "has only 32 of 100 sentences (`--trainer.limit_predict_batches`)"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize(
    ("option", "notes"),
    [
        ("limit_train_batches", ["1 of 3 training batches"]),
        ("limit_val_batches", ["32 of 50 dev sentences"]),
        ("overfit_batches", ["1 of 3 training batches", "of 50 dev sentences"]),
    ],
)
@pytest.mark.filterwarnings("ignore:You requested to overfit:UserWarning")
def test_training_on_a_part_of_the_data_has_a_note(
    option: str, notes: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command("fit", tmp_path, f"--trainer.{option}=1", "--trainer.max_epochs=1")
    output = capsys.readouterr().out
    for note in notes:
        (line,) = (line for line in output.splitlines() if note in line)
        assert f"(`--trainer.{option}`)" in line
    file = folder(tmp_path) / "checkpoints" / "best.ckpt"
    saved = torch.load(file, weights_only=True)["lowner_pl"]["run"]
    assert saved["dev_complete"] == (option == "limit_train_batches")


def test_a_dev_f1_of_0_is_explained(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    dev = [Sentence(s.words, ("O",) * len(s.words)) for s in read_conll(SAMPLE / "sw/dev.conll")]
    write_conll(tmp_path / "dev.conll", dev)
    init = {f"{part}_path": str(SAMPLE / "sw" / f"{part}.conll") for part in ("train", "test")}
    init |= {"dev_path": str(tmp_path / "dev.conll"), "language": "sw"}
    data = tmp_path / "data.yaml"
    data.write_text(json.dumps({"class_path": "ConllDataModule", "init_args": init}))
    command("fit", tmp_path, f"--data={data}", "--trainer.max_epochs=1")
    output, errors = capsys.readouterr()
    assert "warning: The 50 dev sentences have no entity" in errors
    assert "Dev F1 was 0 in every epoch. The 50 dev sentences have no entity" in output
    assert "Train longer" not in output
    few = ("--trainer.max_epochs=2", "--model.schedule=linear", "--model.head_lr_factor=5")
    command("fit", tmp_path, *few)  # the schedule ends at a learning rate of 0
    output, errors = capsys.readouterr()
    assert "after 6 updates at a learning rate of 0.001. Train longer" in output
    assert "warning" not in errors


def test_terminals_get_a_bar_with_scores_in_percent(monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {"callbacks": None, "enable_progress_bar": None}
    options["enable_model_summary"] = None
    lines, rest = progress_shown(options)
    assert isinstance(lines[0], EpochLines)
    assert rest == {"enable_progress_bar": False, "enable_model_summary": False}
    monkeypatch.setattr("sys.stdout", SimpleNamespace(isatty=lambda: True))
    (bar,), rest = progress_shown(options)
    assert isinstance(bar, ProgressBar)
    assert rest["enable_progress_bar"]
    assert progress_shown({**options, "enable_progress_bar": False})[0] == []
    own = {**options, "callbacks": [RichProgressBar(), RichModelSummary()]}
    assert progress_shown(own) == ([], {"enable_progress_bar": True, "enable_model_summary": True})
    logged = {"train/loss": torch.tensor(0.53642), "dev/f1": torch.tensor(0.2177)}
    trainer: Any = SimpleNamespace(callback_metrics=logged)
    module: Any = SimpleNamespace(headline="f1")
    assert bar.get_metrics(trainer, module) == {"loss": "0.536", "dev F1": "21.77"}
    trainer.callback_metrics = {"train/meta_loss": torch.tensor(1.5)}
    assert bar.get_metrics(trainer, module) == {"meta loss": "1.500"}


def test_in_a_narrow_window_the_bar_shrinks_and_the_numbers_stay() -> None:
    trainer: Any = SimpleNamespace()
    columns = [*ProgressBar().configure_columns(trainer), TextColumn("dev accuracy: 20.00")]
    columns[-1]._table_column = Column(no_wrap=True)
    out = StringIO()
    console = Console(file=out, width=60)
    progress = Progress(*columns, console=console)
    progress.add_task("Epoch 1/1", total=4, start=False)
    console.print(progress.make_tasks_table(progress.tasks))
    (line,) = (line for line in out.getvalue().splitlines() if "dev accuracy" in line)
    assert line.count("-:--:--") == 2


def test_commands_of_a_pipeline_suggest_no_next_command(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with without_advice():
        print_end(tmp_path, "test")
    assert "Next" not in capsys.readouterr().out
    print_end(tmp_path, "", "test")
    assert "Next: " in capsys.readouterr().out
