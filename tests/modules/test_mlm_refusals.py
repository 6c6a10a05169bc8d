"""Errors of masked-language modelling, which leave an earlier run in place."""

from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from torch.utils.data import DataLoader

from lowner_pl.corpus import Sentence
from lowner_pl.modules import MLMLightningModule

from ..running import command as tagging
from .test_mlm import TEXT, command, run_folder


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory, backbones: dict[str, Path]) -> Path:
    """A folder with a finished run."""
    root = tmp_path_factory.mktemp("mlm")
    command("fit", root, str(backbones["xlm-roberta"]), "--trainer.max_epochs=1")
    return root


def refused(message: str, name: str, root: Path, tiny: str, *more: str) -> None:
    """Check that a command fails and leaves the run in place."""
    with pytest.raises((ValueError, OSError), match=message):
        command(name, root, tiny, *more)
    assert (run_folder(root) / "checkpoints" / "last.ckpt").is_file()
    assert not list(root.rglob("seed_12345.*"))


def test_a_bad_learning_rate_leaves_the_earlier_run_in_place(root: Path, tiny: str) -> None:
    message = "does not work with these options: .*learning rate: -1.* Change `--model"
    refused(message, "fit", root, tiny, "--model.optimizer.init_args.lr=-1")


def test_text_in_an_unknown_script_leaves_the_earlier_run_in_place(
    root: Path, tiny: str, tmp_path: Path
) -> None:
    for language in ("en", "sw"):  # in a run folder of the same name
        (tmp_path / f"{language}.txt").write_text("\n".join(f"γραμμή {n}" for n in range(100)))
    refused("of the subwords of en are unknown", "fit", root, tiny, f"--data.paths={tmp_path}")


def test_text_that_is_spelt_in_single_bytes_is_an_error(
    tmp_path: Path, backbones: dict[str, Path]
) -> None:
    text = tmp_path / "am.txt"
    text.write_text("\n".join(f"ሰላም ለዓለም {n}" for n in range(100)))
    with pytest.raises(ValueError, match=r"\d+% of the subwords of am are unknown"):
        command("fit", tmp_path, str(backbones["modernbert"]), f"--data.paths={text}")


def test_predicting_with_a_language_model_is_an_error(root: Path, tiny: str) -> None:
    message = "MLMLightningModule neither tags nor generates.* Use `test`"
    refused(message, "predict", root, tiny)


def test_training_a_tagger_on_raw_text_is_an_error(tmp_path: Path) -> None:
    data = tmp_path / "data.yaml"
    data.write_text(f"class_path: TextDataModule\ninit_args: {{paths: {TEXT}}}\n")
    with pytest.raises(ValueError, match=r"There are no entity types\. .* labelled"):
        tagging("fit", tmp_path, f"--data={data}")


def test_a_plain_loader_works_without_a_data_module(tiny: str, swahili: list[Sentence]) -> None:
    module = MLMLightningModule(backbone=tiny, schedule="constant", warmup=0.0)
    before = {name: weight.clone() for name, weight in module.state_dict().items()}
    trainer = Trainer(
        max_steps=2,
        accelerator="cpu",
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
    )
    loader: Any = DataLoader(swahili[:16], batch_size=8, collate_fn=list)  # type: ignore[arg-type]
    trainer.fit(module, loader, loader)
    assert any(not torch.equal(before[name], w) for name, w in module.state_dict().items())


def test_the_weight_of_a_teacher_needs_a_teacher(root: Path, tiny: str) -> None:
    message = "`teacher_weight` is 3.0, but there is no `teacher`. Name one"
    refused(message, "fit", root, tiny, "--model.teacher_weight=3.0")


def test_a_sample_as_large_as_the_vocabulary_is_refused(root: Path, tiny: str) -> None:
    message = "`sampled_softmax` is 400, but the vocabulary has 400 subwords. Choose fewer, or null"
    refused(message, "fit", root, tiny, "--model.sampled_softmax=400")
