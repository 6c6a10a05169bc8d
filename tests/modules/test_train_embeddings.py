"""Which subword vectors are trained: all, those of the training sentences, or none."""

from pathlib import Path
from typing import Any

import pytest

from lowner_pl.corpus import Sentence
from lowner_pl.modules import MLMLightningModule, SNERLightningModule
from lowner_pl.nn.backbones.training.embedding_rows import EmbeddingRows

from ..running import command, folder
from .generation.melm_models import melm
from .meta.meta_tasks import TYPES, episodes, new_module, sgd

WITHOUT_DECAY = "--model.optimizer.init_args.weight_decay=0"
WORDS = "tagger.backbone.encoder.embeddings."


def trained(root: Path, choice: str, method: str = "sner") -> Any:
    """Train three epochs, and load the last checkpoint."""
    cli = command("fit", root, f"--model.train_embeddings={choice}", WITHOUT_DECAY, method=method)
    file = folder(root, method) / "checkpoints" / "last.ckpt"
    return type(cli.model).load_from_checkpoint(file)


@pytest.mark.parametrize("method", ["sner", "maner", "mlm_ner", "maner_rand"])
def test_training_the_used_rows_equals_training_all(method: str, tmp_path: Path) -> None:
    every = trained(tmp_path / "all", "all", method)
    used = trained(tmp_path / "used", "used", method)
    table = used.tagger.backbone.embeddings
    assert isinstance(table, EmbeddingRows)
    assert 10 < len(table.ids) < table.num_embeddings
    whole = every.tagger.backbone.embeddings.weight
    assert table.merged().weight.allclose(whole, atol=1e-6)
    head, other = (module.tagger.head.linear.weight for module in (used, every))
    assert head.allclose(other, atol=1e-6)


def test_the_used_rows_are_those_of_the_training_sentences(tmp_path: Path) -> None:
    cli = command("fit", tmp_path, "--model.train_embeddings=used", "--trainer.max_epochs=1")
    encoder = cli.model.word_encoder
    batch = encoder(cli.datamodule.sentences("train"), cli.model.tag_set)
    expected = {*batch.input_ids.tolist(), encoder.mask_id}
    assert set(cli.model.tagger.backbone.embeddings.ids.tolist()) == expected


def test_frozen_vectors_stay_as_they_are(tiny: str) -> None:
    module = SNERLightningModule(entity_types=TYPES, backbone=tiny, train_embeddings="none")
    names = [name for name, p in module.named_parameters() if not p.requires_grad]
    assert [name.removeprefix(WORDS) for name in names] == ["word_embeddings.weight"]


def test_a_resumed_run_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    choice = "--model.train_embeddings=used"
    whole = trained(tmp_path / "whole", "used")
    command("fit", tmp_path / "parts", choice, WITHOUT_DECAY, "--trainer.max_epochs=1")
    command("fit", tmp_path / "parts", choice, WITHOUT_DECAY, "--ckpt_path=last")
    file = folder(tmp_path / "parts") / "checkpoints" / "last.ckpt"
    parts = SNERLightningModule.load_from_checkpoint(file)
    assert all(
        one.equal(other)
        for one, other in zip(whole.state_dict().values(), parts.state_dict().values(), strict=True)
    )


def test_a_task_adapts_the_rows_and_restores_them(tiny: str, swahili: list[Sentence]) -> None:
    module = new_module(tiny, train_embeddings="used", inner_optimizer=sgd(0.1))
    module.train_rows(module.word_encoder.ids(w for s in swahili[:9] for w in s.words))
    table = module.tagger.backbone.embeddings
    assert isinstance(table, EmbeddingRows)
    before = {name: weight.clone() for name, weight in module.state_dict().items()}
    module.add_meta_gradients(episodes(swahili, 2))
    assert table.rows.grad is not None
    assert table.rows.grad.abs().sum() > 0
    assert table.weight.grad is None
    assert all(weight.equal(before[name]) for name, weight in module.state_dict().items())


def test_raw_text_trains_the_masks_row_and_added_subwords(tiny: str) -> None:
    module = MLMLightningModule(backbone=tiny, train_embeddings="added")
    table = module.backbone.embeddings
    assert isinstance(table, EmbeddingRows)
    assert table.ids.tolist() == [module.word_encoder.mask_id]
    frozen = MLMLightningModule(backbone=tiny, train_embeddings="none")
    assert not frozen.backbone.embeddings.weight.requires_grad


def test_melm_trains_the_rows_of_its_label_tokens_too(tiny: str) -> None:
    module = melm(tiny, train_embeddings="added")
    table = module.backbone.embeddings
    assert isinstance(table, EmbeddingRows)
    known = module.tokenizer.get_vocab()
    assert set(table.ids.tolist()) == {
        module.word_encoder.mask_id,
        *(known[f"<{prefix}-{type_}>"] for prefix in "BI" for type_ in module.entity_types),
    }


@pytest.mark.parametrize("choice", ["used", "all"])
def test_training_starts_from_the_rows_of_another_run(choice: str, tmp_path: Path) -> None:
    first = trained(tmp_path / "first", "used")
    start = folder(tmp_path / "first") / "checkpoints" / "last.ckpt"
    second = command(
        "fit",
        tmp_path / "second",
        f"--model.start={start}",
        f"--model.train_embeddings={choice}",
        "--model.optimizer.init_args.lr=0",
        "--trainer.max_epochs=1",
        "--data.train_size=5",
    ).model
    one, other = (module.tagger.backbone.embeddings for module in (first, second))
    assert isinstance(other, EmbeddingRows) == (choice == "used")
    whole = other.merged() if isinstance(other, EmbeddingRows) else other
    assert whole.weight.equal(one.merged().weight)
