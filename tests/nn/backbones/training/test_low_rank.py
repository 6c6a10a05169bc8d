import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from lowner_pl.nn import Backbone, load_backbone
from lowner_pl.nn.backbones.training.low_rank import (
    add_low_rank_updates,
    has_low_rank_updates,
    remove_low_rank_updates,
)

from ....conftest import KINDS

pytest.importorskip("peft", reason="needs the extra `lora`")
pytestmark = pytest.mark.usefixtures("offline")

IDS, LENGTHS = torch.tensor([0, 7, 8, 9, 2, 0, 11, 2]), (5, 3)


def load(folder: str | Path, rank: int | None = 2, seed: int = 0, **options: Any) -> Backbone:
    torch.manual_seed(seed)
    return load_backbone(str(folder), lora_rank=rank, **options)[0]


def updates(backbone: Backbone) -> dict[str, Tensor]:
    return {name: w for name, w in backbone.named_parameters() if ".lora_" in name}


def move(backbone: Backbone) -> None:
    """Make all updates differ from zero."""
    for weight in updates(backbone).values():
        torch.nn.init.normal_(weight, std=0.3)


@pytest.mark.parametrize("kind", KINDS)
def test_at_first_the_hidden_states_are_exactly_those_of_the_plain_backbone(
    kind: str, backbones: dict[str, Path]
) -> None:
    plain, updated = (load(backbones[kind], rank) for rank in (None, 2))
    for mode in (True, False):  # in training mode with the same dropout
        outputs = []
        for backbone in (plain, updated):
            torch.manual_seed(1)
            outputs.append(backbone.train(mode)(IDS, LENGTHS))
        assert outputs[0].equal(outputs[1])


def test_a_layer_multiplies_by_its_weight_plus_the_scaled_product(tiny: str) -> None:
    # Rank 2 and alpha 4: W + (4 / 2) B A. Row 0 of B A is 3 a1 - a2, the other rows are 0.
    layer: Any = load(tiny).encoder.get_submodule("encoder.layer.0.attention.self.query")
    first, second, x = torch.randn(3, 16)
    layer.lora_A["default"].weight.data = torch.stack([first, second])
    layer.lora_B["default"].weight.data = torch.zeros(16, 2)
    layer.lora_B["default"].weight.data[0] = torch.tensor([3.0, -1.0])
    expected = layer.base_layer(x)
    expected[0] += 2 * (3 * first - second) @ x
    torch.testing.assert_close(layer(x), expected)


@pytest.mark.parametrize(
    ("kind", "numbers"),
    # Rank 2, width 16, two layers: A has 2 x 16 numbers and B 16 x 2, each for queries and values.
    # ModernBERT computes queries, keys and values in one layer: B has 48 x 2 numbers.
    [("xlm-roberta", 2 * 2 * (32 + 32)), ("bert", 2 * 2 * (32 + 32)), ("modernbert", 2 * 128)],
)
def test_only_the_updates_are_trained(kind: str, numbers: int, backbones: dict[str, Path]) -> None:
    backbone = load(backbones[kind])
    trained = {name: w for name, w in backbone.named_parameters() if w.requires_grad}
    assert trained.keys() == updates(backbone).keys()
    assert sum(weight.numel() for weight in trained.values()) == numbers
    move(backbone)
    backbone(IDS, LENGTHS).sum().backward()
    assert all(weight.grad is not None for weight in trained.values())


def test_the_head_of_a_language_model_is_trained_but_not_its_vocabulary_matrix(tiny: str) -> None:
    backbone, head, _ = load_backbone(tiny, lora_rank=2)
    trained = {name for name, weight in head.named_parameters() if weight.requires_grad}
    assert trained == {
        f"model.lm_head.{name}"
        for name in ("bias", "dense.weight", "dense.bias", "layer_norm.weight", "layer_norm.bias")
    }
    table = backbone.encoder.get_input_embeddings().weight
    assert head.get_parameter("model.lm_head.decoder.weight") is table


def test_the_random_matrices_depend_on_the_seed(tiny: str) -> None:
    one, again, other = (updates(load(tiny, seed=seed)) for seed in (0, 0, 1))
    assert all(weight.equal(again[name]) for name, weight in one.items())
    assert not any(w.equal(other[name]) for name, w in one.items() if "lora_A" in name)


@pytest.mark.parametrize("kind", KINDS)
def test_merged_updates_give_the_same_hidden_states(kind: str, backbones: dict[str, Path]) -> None:
    backbone, plain = load(backbones[kind]).eval(), load(backbones[kind], None).eval()
    move(backbone)
    before = backbone(IDS, LENGTHS)
    assert has_low_rank_updates(backbone.encoder)
    remove_low_rank_updates(backbone.encoder)
    assert not has_low_rank_updates(backbone.encoder)
    assert backbone.state_dict().keys() == plain.state_dict().keys()
    torch.testing.assert_close(backbone(IDS, LENGTHS), before, atol=1e-5, rtol=1e-5)
    assert not torch.allclose(plain(IDS, LENGTHS), before, atol=1e-3)


def test_without_the_package_one_sentence_says_what_to_install(
    tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(ValueError, match=r"needs the package `peft`.* `pip install 'lowner_pl\[lo"):
        load(tiny)


@pytest.mark.parametrize("rank", [0, -1])
def test_ranks_below_one_are_refused(rank: int, tiny: str) -> None:
    with pytest.raises(ValueError, match=f"`lora_rank` is {rank}, but it must be at least 1"):
        load(tiny, rank)


def test_a_rank_above_the_width_is_refused(tiny: str) -> None:
    assert updates(load(tiny, 16))
    message = "`lora_rank` is 17, but the layers of the backbone '.*' have 16 inputs, so no upd"
    with pytest.raises(ValueError, match=message):
        load(tiny, 17)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        ("fnet", "`peft` does not know which layers of the backbone 'mine', of type 'fnet', to up"),
        ("deberta", "the backbone 'mine', of type 'deberta', has no linear layers in_proj to upda"),
    ],
)
def test_backbones_without_layers_to_update_are_refused(
    kind: str, message: str, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    backbone, head, _ = load_backbone(tiny)
    monkeypatch.setattr(backbone.encoder.config, "model_type", kind)
    with pytest.raises(ValueError, match=f"^`lora_rank` is 8, but {message}.* leave `lora_rank` o"):
        add_low_rank_updates(backbone, head, 8, name="mine")
