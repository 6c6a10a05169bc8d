"""DAGA from the command line: training, generating, testing, resuming."""

import json
from math import exp, log
from pathlib import Path

import pytest
import torch

from lowner_pl.augmentation import TokenVocabulary
from lowner_pl.commands.cli import NERCLI, run
from lowner_pl.corpus import Sentence, read_conll
from lowner_pl.datamodules import SampleDataModule
from lowner_pl.modules import DAGALightningModule, generate

from ...running import CONFIGS, same


def command(name: str, root: Path, *more: str) -> NERCLI:
    return run(
        [
            name,
            f"--config={CONFIGS / 'melm' / 'generators' / 'daga.yaml'}",
            f"--data={CONFIGS / 'parts' / 'data' / 'sample.yaml'}",
            "--data.train_size=null",
            "--data.dev_size=null",
            "--model.embedding_size=16",
            "--model.hidden_size=24",
            "--trainer.max_epochs=4",
            "--trainer.accelerator=cpu",
            "--trainer.enable_progress_bar=false",
            "--trainer.enable_model_summary=false",
            f"--log_root={root}",
            *more,
        ]
    )


def checkpoint(root: Path, which: str = "last") -> Path:
    return root / "sample-sw" / "daga" / "seed_12345" / "checkpoints" / f"{which}.ckpt"


def loaded(root: Path, which: str = "last") -> DAGALightningModule:
    file = checkpoint(root, which)
    return DAGALightningModule.load_from_checkpoint(file, weights_only=True)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("daga")
    command("fit", root)
    return root


@pytest.fixture(scope="module")
def gold() -> list[Sentence]:
    return SampleDataModule(language="sw").sentences("train")


def test_training_lowers_the_loss_and_keeps_the_best_epoch(trained: Path) -> None:
    saved = torch.load(checkpoint(trained), weights_only=True)["daga"]
    assert saved["labels"] == sorted(saved["labels"])
    assert saved["language"] == "sw"
    best = loaded(trained, "best")
    assert best.least_loss == saved["least_loss"] < log(len(saved["words"]))


def test_a_checkpoint_restores_its_vocabulary(trained: Path, gold: list[Sentence]) -> None:
    module = loaded(trained)
    assert module.vocabulary is not None
    expected = TokenVocabulary.of(gold)
    assert module.vocabulary.words == expected.words
    assert module.vocabulary.labels == expected.labels
    module.draws, module.rounds = 200, 20
    source = Sentence(("a", "source"), ("O", "O"))
    new = list(generate(module, [source], seed=0, gold=gold))
    assert len(new) == 20
    assert {s.language for s in new} == {"sw"}
    assert not {s.words for s in new} & {s.words for s in gold}


def test_predict_writes_new_sentences_with_a_report(trained: Path) -> None:
    cli = command("predict", trained, "--model.draws=200", "--data.train_size=30")
    folder = checkpoint(trained).parents[1]
    new = read_conll(folder / "generated_train.conll")
    record = json.loads((folder / "generated_train.json").read_text())
    assert record["sentences_in"] == 30
    assert record["sentences_out"] == len(new) > 30
    assert record["candidates"] == len(new) + sum(record["dropped"].values())
    assert record["options"]["draws"] == 200
    assert all(s.entities for s in new)
    module = loaded(trained, "best")
    module.draws = 200
    streamed = generate(module, cli.datamodule.sentences("train"), seed=12345)
    assert [(s.words, s.tags) for s in streamed] == [(s.words, s.tags) for s in new]


def test_test_uses_the_vocabulary_of_the_checkpoint(
    trained: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The English sample has another vocabulary, whose size does not fit the weights.
    english = ("--data.language=en", f"--ckpt_path={checkpoint(trained)}")
    cli = command("test", trained, *english)
    assert "perplexity" in capsys.readouterr().out
    (record,) = trained.glob("sample-en/daga/**/test_metrics_last.json")
    scores = json.loads(record.read_text())["overall"]
    assert scores["perplexity"] == pytest.approx(exp(scores["loss"]), rel=1e-5)
    assert cli.model.language == "sw"


def test_a_resumed_run_equals_an_uninterrupted_one(trained: Path, tmp_path: Path) -> None:
    command("fit", tmp_path, "--trainer.max_epochs=2")
    command("fit", tmp_path, "--ckpt_path=last")
    one, other = (torch.load(checkpoint(root), weights_only=True) for root in (trained, tmp_path))
    assert same(one["state_dict"], other["state_dict"])
    assert one["daga"] == other["daga"]


def test_another_seed_gives_other_weights(trained: Path, tmp_path: Path) -> None:
    command("fit", tmp_path, "--seed_everything=1", "--trainer.max_epochs=1")
    file = tmp_path / "sample-sw" / "daga" / "seed_1" / "checkpoints" / "last.ckpt"
    state = torch.load(file, weights_only=True)["state_dict"]
    assert not same(state, torch.load(checkpoint(trained), weights_only=True)["state_dict"])


def test_loading_a_checkpoint_of_another_width_is_an_error(trained: Path) -> None:
    with pytest.raises(ValueError, match="weights differ from the checkpoint in name or shape"):
        command("test", trained, "--model.hidden_size=12", "--ckpt_path=last")


def test_training_on_a_single_sentence_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="have no word that occurs twice"):
        command("fit", tmp_path, "--data.train_size=1")
