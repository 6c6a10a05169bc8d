"""Losses and gradients with 16-bit weights are those of 32 bits, within the rounding."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from lowner_pl.corpus import Sentence, TagSet
from lowner_pl.modules import MANERLightningModule, MLMLightningModule, SNERLightningModule
from lowner_pl.nn import SampledSoftmax, build_head, set_dropout
from lowner_pl.runs.trainer.master_weights import MasterWeights

TYPES = ("PER", "LOC", "ORG")
Made = tuple[torch.nn.Module, Callable[[], Tensor]]


def tagger(sentences: list[Sentence], backbone: str, **options: Any) -> Made:
    torch.manual_seed(0)
    cls = MANERLightningModule if "marker" in options else SNERLightningModule
    module = cls(entity_types=TYPES, backbone=backbone, **options)
    set_dropout(module, 0.0)
    torch.nn.init.normal_(module.tagger.head.linear.weight)
    return module, lambda: module.loss(sentences)


def language_model(sentences: list[Sentence], backbone: str, **options: Any) -> Made:
    module = MLMLightningModule(backbone=backbone, length=32, dropout=0.0, **options)
    batch = module.mask(sentences, torch.Generator().manual_seed(1))
    if "sampled_softmax" in options:
        counts = torch.arange(module.language_model.output_layer.out_features)
        module.sampled = SampledSoftmax(counts, 50)

    def loss() -> Tensor:
        torch.manual_seed(2)  # draws the same sample
        return module.loss(batch)

    return module, loss


CASES: dict[str, tuple[Callable[..., Made], dict[str, Any]]] = {
    "softmax": (tagger, {}),
    "softmax_in_passes": (tagger, {"subwords_per_pass": 100}),
    "crf": (tagger, {"head": "crf"}),
    "used_rows": (tagger, {"train_embeddings": "none", "marker": "mask"}),
    "mlm": (language_model, {}),
    "sampled": (language_model, {"sampled_softmax": 50, "train_embeddings": "added"}),
}


def loss_and_gradient(module: torch.nn.Module, loss: Callable[[], Tensor]) -> tuple[Tensor, Tensor]:
    """Compute a loss, and its gradient as one vector."""
    module.zero_grad()
    value = loss()
    value.backward()
    parts = [p.grad.float().flatten() for p in module.parameters() if p.grad is not None]
    return value.detach(), torch.cat(parts)


@pytest.mark.parametrize("case", CASES)
def test_losses_are_those_of_32_bits(case: str, tiny: str, swahili: list[Sentence]) -> None:
    make, options = CASES[case]
    module, loss = make(swahili[:16], tiny, **options)
    expected, gradient = loss_and_gradient(module, loss)
    with torch.autocast("cpu", torch.bfloat16):
        mixed = loss_and_gradient(module, loss)
    plugin = MasterWeights()
    plugin.convert_module(module)
    true = loss_and_gradient(module, loss)
    for found, found_gradient in (mixed, true):
        assert found.dtype == torch.float32
        assert found.item() == pytest.approx(expected.item(), rel=2**-7)
        # Each weight and activation is rounded by up to 2^-9, in several layers.
        assert (found_gradient - gradient).norm() < 0.05 * gradient.norm()
    plugin.teardown()
    # Trained weights have all bits again; frozen ones stay rounded.
    frozen = not all(weight.requires_grad for weight in module.parameters())
    after = loss_and_gradient(module, loss)[0].item()
    assert after == pytest.approx(expected.item(), rel=2**-7 if frozen else 0, abs=0)


@pytest.mark.parametrize("name", ["softmax", "crf"])
def test_heads_round_nothing_more(name: Any) -> None:
    torch.manual_seed(0)
    head = build_head(name, 8, TagSet(TYPES), 0.0)
    emissions = (10 * torch.randn(3, 6, len(TagSet(TYPES)))).bfloat16()
    tags, mask = torch.randint(0, 5, (3, 6)), torch.arange(6) < torch.tensor([[6], [4], [1]])
    exact = head.loss(emissions.float(), tags, mask, max_weight=2.0)
    assert head.loss(emissions, tags, mask, max_weight=2.0).equal(exact)
    assert head.decode(emissions, mask).equal(head.decode(emissions.float(), mask))
