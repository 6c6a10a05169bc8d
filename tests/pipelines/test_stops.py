"""Stopped pipelines: which runs continue, and which must not."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from lowner_pl.__main__ import run_command
from lowner_pl.pipelines import pipeline

from ..conftest import SAMPLE
from .augmenting import arguments, record, spied, without

ONE_EPOCH = "--trainer.max_epochs=1"


@pytest.fixture
def commands(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    return spied(monkeypatch)


def stopped(words: list[str], monkeypatch: pytest.MonkeyPatch, *, after: bool) -> None:
    """Run a pipeline and stop it after its first command, or before it begins."""

    def stopping(*inner: Any) -> Any:
        if after:
            spy(*inner)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        spy: Any = vars(pipeline)["run"]
        patch.setattr(pipeline, "run", stopping)
        with pytest.raises(KeyboardInterrupt):
            run_command(words)


def test_a_stopped_stage_goes_on(
    tmp_path: Path, commands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = arguments(tmp_path, "--until=gold")
    stopped(words, monkeypatch, after=True)
    assert "done" not in record(tmp_path)["gold"]
    run_command(words)
    assert commands == ["fit", "fit on", "test"]
    assert record(tmp_path)["gold"]["done"]


def test_a_stopped_stage_without_a_checkpoint_begins_anew(
    tmp_path: Path, commands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = arguments(tmp_path, ONE_EPOCH, "--until=gold")
    stopped(words, monkeypatch, after=False)
    run_command(words)
    assert commands == ["fit", "test"]


def test_a_run_with_other_options_is_not_continued(
    tmp_path: Path, commands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    # Two pipelines whose first stage lands in one folder.
    one, other = (
        arguments(tmp_path, ONE_EPOCH, rate, "--until=gold", config=without(tmp_path, name=name))
        for name, rate in (
            ("one.yaml", "--model.optimizer.init_args.lr=1e-3"),
            ("other.yaml", "--model.optimizer.init_args.lr=2e-3"),
        )
    )
    stopped(one, monkeypatch, after=True)
    run_command(other)
    commands.clear()
    run_command(one)
    assert commands == ["fit", "test"]


def test_a_run_on_other_sentences_is_not_continued(
    tmp_path: Path, commands: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    words = arguments(tmp_path, ONE_EPOCH, "--until=gold", f"--data={corpus(tmp_path)}")
    stopped(words, monkeypatch, after=True)
    shorten(tmp_path / "train.conll")
    commands.clear()
    stopped(words, monkeypatch, after=False)
    run_command(words)
    assert commands == ["fit", "test"]


def test_changed_sentences_are_noticed(tmp_path: Path, commands: list[str]) -> None:
    sizes = ("--data.train_size=null", "--data.dev_size=null")
    words = arguments(tmp_path, ONE_EPOCH, f"--data={corpus(tmp_path)}", *sizes, "--until=gold")
    run_command(words)
    for split in ("train", "dev", "test"):
        commands.clear()
        shorten(tmp_path / f"{split}.conll")
        run_command(words)
        assert commands == ["fit", "test"], split


def test_changed_sentences_of_the_generator_alone_are_noticed(
    tmp_path: Path, commands: list[str]
) -> None:
    data = f"--generator.data={corpus(tmp_path)}"
    sizes = ("--generator.data.train_size=null", "--generator.data.dev_size=null")
    words = arguments(tmp_path, ONE_EPOCH, data, *sizes, "--until=finetune")
    run_command(words)
    shorten(tmp_path / "train.conll")
    run_command(words)
    assert commands == ["fit", "test", "fit", "fit"]


def corpus(root: Path) -> Path:
    """Write a copy of the sample corpus and return its config."""
    for split in ("train", "dev", "test"):
        (root / f"{split}.conll").write_bytes((SAMPLE / "sw" / f"{split}.conll").read_bytes())
        for _ in range(3):
            shorten(root / f"{split}.conll")
    paths = {f"{split}_path": str(root / f"{split}.conll") for split in ("train", "dev", "test")}
    file = root / "corpus.yaml"
    data = {"class_path": "lowner_pl.datamodules.ConllDataModule"}
    file.write_text(yaml.safe_dump({**data, "init_args": {**paths, "name": "sample-sw"}}))
    return file


def shorten(file: Path) -> None:
    """Remove the first sentence of a corpus file."""
    file.write_text(file.read_text().partition("\n\n")[2])
