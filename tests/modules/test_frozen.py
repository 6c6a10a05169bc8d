"""Checkpoints leave out the frozen weights that the files of the backbone hold."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from lowner_pl.corpus import Sentence
from lowner_pl.modules import MANERLightningModule, NERModule, SNERLightningModule, frozen
from lowner_pl.modules.frozen import LEFT_OUT

from ..commands.backbones.test_backbones import checkpoint
from ..running import command, folder, same, small_backbone, weights

pytestmark = pytest.mark.usefixtures("offline")

TABLE = "tagger.backbone.encoder.embeddings.word_embeddings.weight"
BOTTOM = "tagger.backbone.encoder.encoder.layer.0.attention.self.query.weight"
TOP = BOTTOM.replace("layer.0", "layer.1")


def new_tagger(backbone: str | Path, seed: int = 0, **options: Any) -> NERModule:
    torch.manual_seed(seed)
    options = {"frozen_layers": 1, **options}
    return SNERLightningModule(**{"entity_types": ("PER",), "backbone": str(backbone), **options})


def saved(module: NERModule) -> dict[str, Any]:
    """Return the checkpoint of a module, as it comes back from a file."""
    written = checkpoint(module)
    written["state_dict"] = {name: w.clone() for name, w in written["state_dict"].items()}
    return written


def load(written: dict[str, Any], module: NERModule) -> dict[str, Tensor]:
    """Load a checkpoint as Lightning does, and return all weights."""
    written = dict(written)
    module.on_load_checkpoint(written)
    module.load_state_dict(written["state_dict"])
    return module.state_dict()


def change(backbone: Path) -> None:
    """Change one number in the bottom layer of a backbone's file."""
    file = backbone / "model.safetensors"
    tensors = load_file(file)
    name = next(name for name in tensors if name.endswith("layer.0.attention.self.query.weight"))
    tensors[name][0, 0] += 1e-3
    save_file(tensors, file, {"format": "pt"})


def train(module: NERModule, sentences: list[Sentence]) -> None:
    """Move everything that is trained."""
    optimizer = torch.optim.SGD(module.trained_weights(), lr=0.1)
    module.tagger.loss(module.encode(sentences[:4], train=True)).backward()
    optimizer.step()


@pytest.fixture
def one_type(swahili: list[Sentence]) -> list[Sentence]:
    return [sentence.restricted_to(("PER",)) for sentence in swahili]


def test_a_checkpoint_holds_what_is_trained_and_loads_whole(
    tiny: str, one_type: list[Sentence]
) -> None:
    module = new_tagger(tiny)
    train(module, one_type)
    written = saved(module)
    trained = {name for name, weight in module.named_parameters() if weight.requires_grad}
    assert trained <= written["state_dict"].keys()
    frozen = module.state_dict().keys() - written["state_dict"].keys()
    assert frozen == {name for name, w in module.named_parameters() if not w.requires_grad}
    assert {TABLE, BOTTOM} <= frozen
    assert TOP not in frozen
    assert same(load(written, new_tagger(tiny, seed=1)), module.state_dict())


def test_nothing_is_left_out_where_nothing_is_frozen(tiny: str) -> None:
    module = new_tagger(tiny, frozen_layers=None)
    written = saved(module)
    assert same(written["state_dict"], module.state_dict())
    assert LEFT_OUT not in written["lowner_pl"]


def test_the_weights_of_another_backbone_are_refused(tiny: str, tmp_path: Path) -> None:
    written = saved(new_tagger(tiny))
    moved = Path(shutil.copytree(tiny, tmp_path / "moved"))
    load(written, new_tagger(moved))
    change(moved)
    message = (
        rf"leaves out \d+ frozen weights, which come from the backbone '{tiny}' \(hash \w{{8}}\), "
        rf"but the configured backbone, '{moved}' \(hash \w{{8}}\), has another '{BOTTOM}'\. Set "
    )
    with pytest.raises(ValueError, match=message):
        load(written, new_tagger(moved))


def test_a_backbone_of_another_shape_is_refused(
    tiny: str, swahili: list[Sentence], tmp_path: Path
) -> None:
    from lowner_pl.nn.backbones.making.fresh import fresh_backbone

    texts = [" ".join(sentence.words) for sentence in swahili]
    wide = fresh_backbone(tmp_path, texts, vocabulary=400, hidden=32, heads=2)
    with pytest.raises(ValueError, match=r"leaves out .* has another"):
        load(saved(new_tagger(tiny)), new_tagger(wide))


def test_checkpoints_with_all_weights_load(tiny: str) -> None:
    module = new_tagger(tiny)
    old = saved(module)
    old["state_dict"] = {name: weight.clone() for name, weight in module.state_dict().items()}
    del old["lowner_pl"][LEFT_OUT]
    again = new_tagger(tiny, seed=1)
    assert same(load(old, again), module.state_dict())
    assert BOTTOM not in saved(again)["state_dict"]


def test_frozen_weights_that_are_not_the_backbones_are_kept(tiny: str) -> None:
    module = new_tagger(tiny)
    bottom = dict(module.named_parameters())[BOTTOM]
    bottom.data[0, 0] += 1e-6
    written = saved(module)
    assert written["state_dict"][BOTTOM].equal(bottom)
    assert TABLE not in written["state_dict"]
    again = new_tagger(tiny, seed=1)
    assert same(load(written, again), module.state_dict())
    assert same(saved(again)["state_dict"], written["state_dict"])


def test_weights_that_are_trained_after_all_are_kept(tiny: str) -> None:
    module = new_tagger(tiny)
    dict(module.named_parameters())[BOTTOM].requires_grad_(True)
    written = saved(module)
    assert BOTTOM in written["state_dict"]
    assert same(load(written, new_tagger(tiny, seed=1)), module.state_dict())


def test_everything_is_kept_where_the_backbone_is_gone(tiny: str, tmp_path: Path) -> None:
    moved = Path(shutil.copytree(tiny, tmp_path / "moved"))
    module = new_tagger(moved)
    shutil.rmtree(moved)
    assert same(saved(module)["state_dict"], module.state_dict())


def test_a_tagger_without_frozen_layers_loads_the_checkpoint(tiny: str) -> None:
    module = new_tagger(tiny)
    assert same(load(saved(module), new_tagger(tiny, 1, frozen_layers=None)), module.state_dict())


def test_only_the_rows_of_new_tokens_are_kept_of_a_frozen_table(tiny: str) -> None:
    modules = []
    for seed in (0, 1):
        torch.manual_seed(seed)
        module = MANERLightningModule(
            entity_types=("PER",), backbone=tiny, marker="random", frozen_layers=0
        )
        modules.append(module)
    one, other = modules
    written = saved(one)
    assert written["state_dict"][f"{TABLE}[400:]"].equal(one.state_dict()[TABLE][400:])
    assert written["state_dict"][f"{TABLE}[400:]"].shape == (1, 16)
    assert TABLE not in written["state_dict"]
    assert not other.state_dict()[TABLE].equal(one.state_dict()[TABLE])
    assert same(load(written, other), one.state_dict())


def test_weights_rounded_to_sixteen_bits_are_still_the_backbones(tiny: str) -> None:
    module = new_tagger(tiny)
    for weight in module.parameters():
        if not weight.requires_grad:
            weight.data = weight.data.bfloat16()
    written = saved(module)
    assert BOTTOM not in written["state_dict"]
    again = load(written, new_tagger(tiny, seed=1))
    assert again[BOTTOM].bfloat16().equal(module.state_dict()[BOTTOM])
    assert same(load(written, module), module.state_dict())


def test_a_resumed_run_with_frozen_layers_equals_an_uninterrupted_one(tmp_path: Path) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    more = ("--model.frozen_layers=1", "--trainer.max_epochs=2")
    command("fit", whole, *more)
    command("fit", parted, *more, "--trainer.max_epochs=1")
    command("fit", parted, *more, "--ckpt_path=last")
    assert BOTTOM not in weights(whole)
    for which in ("best", "last"):
        assert same(weights(parted, which), weights(whole, which))
    command("test", whole, *more)


def test_training_starts_from_a_checkpoint_that_leaves_out_frozen_weights(
    tmp_path: Path,
) -> None:
    command("fit", tmp_path / "first", "--model.frozen_layers=2", "--trainer.max_epochs=1")
    first = folder(tmp_path / "first") / "checkpoints" / "last.ckpt"
    more = (f"--model.start={first}", "--model.frozen_layers=1", "--trainer.max_epochs=1")
    command("fit", tmp_path / "second", *more, "--model.optimizer.init_args.lr=0")
    started, begun = weights(tmp_path / "second"), weights(tmp_path / "first")
    assert TOP in started
    assert TOP not in begun
    assert all(started[name].equal(weight) for name, weight in begun.items())
    other = Path(shutil.copytree(small_backbone(), tmp_path / "other"))
    change(other)
    with pytest.raises(ValueError, match=rf"`start` is '{first}'\. The checkpoint leaves out"):
        command("fit", tmp_path / "third", *more, f"--model.backbone={other}")


def test_training_that_starts_from_other_frozen_weights_keeps_them(tmp_path: Path) -> None:
    command("fit", tmp_path / "first", "--trainer.max_epochs=1")
    first = folder(tmp_path / "first") / "checkpoints" / "last.ckpt"
    more = (f"--model.start={first}", "--model.frozen_layers=1", "--trainer.max_epochs=1")
    command("fit", tmp_path / "second", *more)
    started, begun = weights(tmp_path / "second"), weights(tmp_path / "first")
    assert started[BOTTOM].equal(begun[BOTTOM])
    command("test", tmp_path / "second", *more)


def test_fingerprints_are_computed_once_for_the_same_files(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backbone = Path(shutil.copytree(tiny, tmp_path / "backbone"))
    monkeypatch.setattr(frozen, "_by_files", {})
    computed, fingerprint = [], frozen._fingerprint

    def counted(weight: Tensor, rows: int | None) -> frozen.Fingerprint:
        computed.append(rows)
        return fingerprint(weight, rows)

    monkeypatch.setattr(frozen, "_fingerprint", counted)
    first = new_tagger(backbone)
    assert computed
    computed.clear()
    second = new_tagger(backbone)
    assert computed == []
    assert saved(second)["state_dict"].keys() == saved(first)["state_dict"].keys()
    with torch.no_grad():  # still noticed in one method, and in it alone
        second.get_parameter(BOTTOM)[0, 0] += 1
    assert BOTTOM in saved(second)["state_dict"]
    assert BOTTOM not in saved(first)["state_dict"]
    change(backbone)
    new_tagger(backbone)
    assert computed
