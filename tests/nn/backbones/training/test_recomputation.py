from importlib.util import find_spec
from pathlib import Path

import pytest
import torch
from torch import Tensor

from lowner_pl.nn import Backbone, load_backbone

from ....conftest import KINDS

pytestmark = pytest.mark.usefixtures("offline")

IDS, LENGTHS = torch.tensor([0, 7, 8, 9, 2, 0, 11, 2]), (5, 3)


def load(folder: str | Path, rank: int | None, recomputes: bool) -> Backbone:
    torch.manual_seed(0)
    return load_backbone(str(folder), lora_rank=rank, gradient_checkpointing=recomputes)[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "rank",
    [
        None,
        pytest.param(
            2, marks=pytest.mark.skipif(not find_spec("peft"), reason="needs the extra `lora`")
        ),
    ],
)
def test_recomputed_layers_give_the_same_gradients_and_keep_less(
    kind: str, rank: int | None, backbones: dict[str, Path]
) -> None:
    gradients: list[list[Tensor]] = []
    kept = []
    for recomputes in (False, True):
        backbone = load(backbones[kind], rank, recomputes)
        for name, weight in backbone.named_parameters():
            if ".lora_" in name:
                torch.nn.init.normal_(weight, std=0.3)
        sizes: list[int] = []

        def note(tensor: Tensor, sizes: list[int] = sizes) -> Tensor:
            sizes.append(tensor.numel())
            return tensor

        torch.manual_seed(1)  # dropout
        with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
            loss = backbone(IDS, LENGTHS).square().sum()
        loss.backward()
        gradients.append([w.grad for w in backbone.parameters() if w.grad is not None])
        kept.append(sum(sizes))
    assert len(gradients[0]) == len(gradients[1]) > 0
    assert all(one.equal(other) for one, other in zip(*gradients, strict=True))
    assert kept[1] < kept[0] / 2


def test_a_backbone_that_cannot_recompute_its_layers_is_refused(
    tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "transformers.XLMRobertaPreTrainedModel.supports_gradient_checkpointing", False
    )
    with pytest.raises(ValueError, match="`gradient_checkpointing` is true, but the layers of"):
        load(tiny, None, True)
