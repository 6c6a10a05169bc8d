"""MulDA from the command line: resuming and generating."""

import json
from pathlib import Path

import pytest
import torch

from lowner_pl.commands.cli import NERCLI, run
from lowner_pl.corpus import read_conll
from lowner_pl.modules import MulDALightningModule, generate

from ...running import CONFIGS, same
from ...sequence_models import Kind, write_well_formed

pytestmark = pytest.mark.usefixtures("offline")


def command(name: str, root: Path, folder: str, *more: str) -> NERCLI:
    return run(
        [
            name,
            f"--model={CONFIGS / 'parts' / 'model' / 'mulda.yaml'}",
            f"--data={CONFIGS / 'parts' / 'data' / 'sample.yaml'}",
            "--data.train_size=24",
            "--data.dev_size=8",
            f"--model.backbone={folder}",
            "--model.languages=[sw]",
            "--model.max_length=24",
            "--trainer.max_epochs=2",
            "--trainer.accelerator=cpu",
            "--trainer.enable_progress_bar=false",
            "--trainer.enable_model_summary=false",
            f"--log_root={root}",
            *more,
        ]
    )


def test_a_resumed_run_equals_an_uninterrupted_one_and_its_checkpoint_reloads(
    sequence_folders: dict[Kind, str], tmp_path: Path
) -> None:
    one, other = tmp_path / "one", tmp_path / "other"
    command("fit", one, sequence_folders["mt5"])
    command("fit", other, sequence_folders["mt5"], "--trainer.max_epochs=1")
    command("fit", other, sequence_folders["mt5"], "--ckpt_path=last")
    files = [next(root.glob("**/last.ckpt")) for root in (one, other)]
    whole, resumed = (torch.load(file, weights_only=True) for file in files)
    assert whole["epoch"] == resumed["epoch"] == 1
    assert same(whole["state_dict"], resumed["state_dict"])
    module = MulDALightningModule.load_from_checkpoint(files[0], weights_only=True)
    assert same(module.state_dict(), whole["state_dict"])
    assert module.tokenizer.convert_tokens_to_ids("<sw>") < module.model.config.vocab_size
    assert module.model.config.vocab_size == len(module.tokenizer)
    with pytest.raises(ValueError, match=r"but \['en'\] is configured"):
        command("test", one, sequence_folders["mt5"], "--model.languages=[en]")


def test_predict_writes_new_sentences_with_a_report(
    sequence_folders: dict[Kind, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_well_formed(monkeypatch)
    command("fit", tmp_path, sequence_folders["mt5"], "--trainer.max_epochs=1")
    cli = command("predict", tmp_path, sequence_folders["mt5"], "--model.rounds=2")
    (file,) = tmp_path.rglob("generated_train.conll")
    new = read_conll(file)
    record = json.loads(file.with_suffix(".json").read_text())
    assert record["sentences_in"] == 24
    assert record["sentences_out"] == len(new) > 40  # a one-word sentence has one prefix
    assert record["options"] == {
        "rounds": 2,
        "draws": 20,
        "beams": 5,
        "returned": 1,
        "sample": False,
        "prefix_words": 3,
        "max_length": 24,
        "languages": ["sw"],
    }
    assert not list(tmp_path.rglob("*.journal"))
    streamed = generate(cli.model, cli.datamodule.sentences("train"), seed=0)
    assert [(s.words, s.tags) for s in streamed] == [(s.words, s.tags) for s in new]
