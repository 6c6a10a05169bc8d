"""Low-rank updates of every method: what is trained, what checkpoints hold, resuming, exporting."""

from pathlib import Path
from typing import Any

import pytest
import torch

from lowner_pl.__main__ import run_command
from lowner_pl.corpus import Sentence
from lowner_pl.modules import MetaLightningModule, MLMLightningModule, SNERLightningModule
from lowner_pl.modules.base import BaseModule

from ..commands.backbones.test_backbones import checkpoint
from ..running import command, folder, same, steps, weights
from .meta.meta_tasks import episodes, new_module
from .test_methods import METHODS, TYPES
from .test_mlm import command as mlm
from .test_mlm import masked
from .test_mlm import run_folder as mlm_folder

pytest.importorskip("peft", reason="needs the extra `lora`")
pytestmark = pytest.mark.usefixtures("offline")

LORA = "--model.lora_rank=2"
SIZE = 2 * 2 * 2 * (2 * 16)  # two layers of width 16; queries and values; A and B


@pytest.fixture(params=METHODS)
def module(request: pytest.FixtureRequest, tiny: str) -> Any:
    torch.manual_seed(0)
    cls, options = METHODS[request.param]
    return cls(**{"entity_types": TYPES, "backbone": tiny, "lora_rank": 2, **options})


@pytest.fixture
def quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a module log without a trainer."""
    monkeypatch.setattr(BaseModule, "log", lambda *_, **__: None)


@pytest.mark.usefixtures("quiet")
def test_only_updates_and_heads_get_gradients(module: Any, swahili: list[Sentence]) -> None:
    sentences = [sentence.restricted_to(module.entity_types) for sentence in swahili]
    module.loss(sentences[:8]).backward()
    trained = {name for name, weight in module.named_parameters() if weight.requires_grad}
    assert trained == {name for name, w in module.named_parameters() if w.grad is not None}
    heads = ("tagger.head.", "language_model.")
    in_backbone = {name for name in trained if not name.startswith(heads)}
    assert len(in_backbone) == 2 * 2 * 2
    assert all(".lora_" in name for name in in_backbone)


def test_a_checkpoint_holds_updates_heads_and_new_tokens_only(module: Any) -> None:
    written = checkpoint(module)["state_dict"]
    named = module.named_parameters(remove_duplicate=False)
    trained = {name for name, weight in named if weight.requires_grad}
    table = "tagger.backbone.encoder.embeddings.word_embeddings.weight[400:]"
    assert written.keys() - trained == ({table} if module.marker == "random" else set())
    assert trained <= written.keys()
    in_backbone = [w.numel() for name, w in written.items() if ".lora_" in name]
    assert sum(in_backbone) == SIZE


@pytest.mark.parametrize("name", ["maner", "sner_crf"])
def test_resuming_gives_the_weights_of_an_uninterrupted_run(name: str, tmp_path: Path) -> None:
    more = [LORA, "--trainer.max_epochs=2", "--trainer.precision=bf16-true"]
    more += ["--model.gradient_checkpointing=true"]
    method, _, head = name.partition("_")
    more += [f"--model.head={head}"] if head else []
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    command("fit", whole, *more, method=method)
    command("fit", parted, *more, "--trainer.max_epochs=1", method=method)
    command("fit", parted, *more, "--ckpt_path=last", method=method)
    for which in ("best", "last"):
        state = weights(whole, which, method)
        assert same(weights(parted, which, method), state)
        assert {weight.dtype for weight in state.values()} == {torch.float32}
        assert all(".lora_" in key or key.startswith("tagger.head.") for key in state)
    one, other = (steps(folder(r, method) / "metrics.csv", "train/loss") for r in (whole, parted))
    assert one == other
    assert one[-1][1] < one[0][1]
    file = folder(whole, method) / "checkpoints" / "best.ckpt"
    assert file.stat().st_size < 60_000  # the backbone has 45,000 numbers of four bytes
    command("test", whole, *more, method=method)
    assert (folder(whole, method) / "test_metrics.json").is_file()
    with pytest.raises(
        ValueError, match=r"checkpoint has lora_rank 2, but null is configured\. Us"
    ):
        command("test", whole, *more, "--model.lora_rank=null", method=method)


def test_the_seed_of_the_run_decides_on_the_random_matrices(tmp_path: Path) -> None:
    more = (LORA, "--trainer.max_epochs=1", "--model.optimizer.init_args.lr=0")
    starts = []
    for root, seed in (("one", 1), ("again", 1), ("other", 2)):
        command("fit", tmp_path / root, *more, f"--seed_everything={seed}")
        file = folder(tmp_path / root, seed=seed) / "checkpoints" / "last.ckpt"
        starts.append(torch.load(file, weights_only=True)["state_dict"])
    one, again, other = starts
    assert same(one, again)
    assert not any(one[name].equal(other[name]) for name in one if "lora_A" in name)


def test_an_exported_backbone_has_the_updates_in_its_weights(
    tmp_path: Path, tiny: str, swahili: list[Sentence]
) -> None:
    mlm("fit", tmp_path, tiny, LORA, "--model.optimizer.init_args.lr=0.01")
    file = mlm_folder(tmp_path) / "checkpoints" / "last.ckpt"
    out = tmp_path / "out"
    run_command(["export-backbone", f"--ckpt_path={file}", f"--folder={out}"])
    trained = MLMLightningModule.load_from_checkpoint(file, weights_only=True).eval()
    exported = MLMLightningModule(backbone=str(out), length=32).eval()
    plain = MLMLightningModule(backbone=tiny, length=32).eval()
    assert exported.state_dict().keys() == plain.state_dict().keys()
    batch = masked(trained, swahili[:4])
    torch.testing.assert_close(exported(batch), trained(batch), atol=1e-5, rtol=1e-5)
    query = "backbone.encoder.encoder.layer.0.attention.self.query.weight"
    assert not exported.state_dict()[query].equal(plain.state_dict()[query])
    assert "peft" not in (out / "config.json").read_text()


@pytest.mark.parametrize("algorithm", ["fomaml", "maml", "reptile", "anil"])
def test_meta_learning_moves_updates_and_head_only(
    algorithm: Any, tiny: str, swahili: list[Sentence]
) -> None:
    module = new_module(tiny, lora_rank=2, algorithm=algorithm)
    before = {name: weight.clone() for name, weight in module.state_dict().items()}
    module.add_meta_gradients(episodes(swahili, 2))
    assert same(module.state_dict(), before)  # the inner loop restores its weights
    moved = {name for name, weight in module.named_parameters() if weight.grad is not None}
    assert moved == {name for name, weight in module.named_parameters() if weight.requires_grad}
    assert all(".lora_" in name or name.startswith("tagger.head.") for name in moved)


def test_adaptation_moves_updates_and_head_only_and_restores_them(
    tiny: str, swahili: list[Sentence]
) -> None:
    module = new_module(tiny, lora_rank=2, adaptation_lr=0.1).eval()
    before = {name: weight.clone() for name, weight in module.state_dict().items()}
    task = episodes(swahili, 1)
    with torch.inference_mode():
        ((_, adapted),) = module.adaptations(task)
        with adapted:
            inside = {name: weight.clone() for name, weight in module.state_dict().items()}
    changed = {name for name, weight in inside.items() if not weight.equal(before[name])}
    # B is zero at first, so A has no gradient in the first step.
    assert changed == {
        name
        for name, weight in module.named_parameters()
        if weight.requires_grad and "lora_A" not in name
    }
    assert same(module.state_dict(), before)
    assert {*module.adaptation._buffers} == {*module.trained_weights()}


def test_second_order_meta_gradients_refuse_recomputed_layers(tiny: str) -> None:
    with pytest.raises(
        ValueError, match="`gradient_checkpointing` is true, but with `algorithm: m"
    ):
        new_module(tiny, algorithm="maml", gradient_checkpointing=True)


def test_first_order_meta_gradients_are_the_same_with_recomputed_layers(
    tiny: str, swahili: list[Sentence]
) -> None:
    gradients = []
    for recomputes in (False, True):
        module = new_module(tiny, gradient_checkpointing=recomputes)
        module.add_meta_gradients(episodes(swahili, 2))
        gradients.append({n: w.grad for n, w in module.named_parameters() if w.grad is not None})
    assert gradients[0].keys() == gradients[1].keys()
    for name, gradient in gradients[0].items():
        torch.testing.assert_close(gradients[1][name], gradient)


@pytest.mark.parametrize("cls", [SNERLightningModule, MetaLightningModule])
def test_low_rank_updates_with_frozen_layers_are_refused(cls: Any, tiny: str) -> None:
    message = "^`lora_rank` is 8 and `frozen_layers` is 1, but .* Set one of them to `null`.$"
    with pytest.raises(ValueError, match=message):
        cls(entity_types=TYPES, backbone=tiny, lora_rank=8, frozen_layers=1)
