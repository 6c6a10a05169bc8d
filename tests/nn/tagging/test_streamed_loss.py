"""A batch in several passes has the loss and gradient of one pass, without recomputation."""

from typing import Any

import pytest
import torch
from torch import Tensor

from lowner_pl.corpus import Sentence
from lowner_pl.modules import SNERLightningModule
from lowner_pl.nn import Backbone

TYPES = ("PER", "LOC", "ORG")


def new_module(backbone: str, most: int, **options: Any) -> SNERLightningModule:
    torch.manual_seed(0)
    module = SNERLightningModule(
        entity_types=TYPES,
        backbone=backbone,
        max_length=24,
        context=4,
        subwords_per_pass=most,
        **{"dropout": 0.0, **options},
    )
    for part in module.modules():
        if isinstance(part, torch.nn.Dropout):
            part.p = 0.0
    return module


def gradients(module: SNERLightningModule) -> dict[str, Tensor | None]:
    return {name: p.grad for name, p in module.named_parameters()}


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Number of subwords of each run of an encoder."""
    counted: list[int] = []
    run = Backbone._run

    def counting(self: Backbone, input_ids: Tensor, lengths: tuple[int, ...]) -> Tensor:
        counted.append(len(input_ids))
        return run(self, input_ids, lengths)

    monkeypatch.setattr(Backbone, "_run", counting)
    return counted


@pytest.mark.parametrize("average", ["words", "sentences"])
@pytest.mark.parametrize("frozen_layers", [None, 1])
def test_several_passes_have_the_loss_and_gradients_of_one(
    frozen_layers: int | None, average: Any, tiny: str, swahili: list[Sentence], runs: list[int]
) -> None:
    # The windows of the long sentence are distributed over several passes.
    words = tuple(word for sentence in swahili[:6] for word in sentence.words)
    tags = tuple(tag for sentence in swahili[:6] for tag in sentence.tags or ())
    batch = [swahili[7], Sentence(words, tags), swahili[8]]
    options = {"average": average, "frozen_layers": frozen_layers}
    whole, split = new_module(tiny, 10_000, **options), new_module(tiny, 50, **options)
    losses = []
    for module in (whole, split):
        runs.clear()
        loss = module.loss(batch)
        (3.0 * loss).backward()
        losses.append(loss.detach())
        encoded = module.encode(batch, train=True)
        assert sum(runs) == len(encoded.input_ids)  # each subword runs forward once
    assert len(runs) > 2
    torch.testing.assert_close(losses[1], losses[0])
    for name, gradient in gradients(whole).items():
        other = gradients(split)[name]
        assert (gradient is None) == (other is None)
        if gradient is not None:
            torch.testing.assert_close(other, gradient, rtol=1e-4, atol=1e-6)


def test_passes_are_recomputed_for_a_crf_and_for_scaled_gradients(
    tiny: str, swahili: list[Sentence], runs: list[int]
) -> None:
    for options, kind in (({"head": "crf"}, torch.bfloat16), ({}, torch.float16)):
        module = new_module(tiny, 50, **options)
        subwords = len(module.encode(swahili[:6], train=True).input_ids)
        runs.clear()
        with torch.autocast("cpu", kind, enabled=not options):
            loss = module.loss(swahili[:6])
        assert sum(runs) == subwords
        loss.backward()
        assert sum(runs) == 2 * subwords


def test_passes_are_differentiated_at_once_under_autocast(
    tiny: str, swahili: list[Sentence], runs: list[int]
) -> None:
    module = new_module(tiny, 50)
    with torch.autocast("cpu", torch.bfloat16):
        loss = module.loss(swahili[:6])
    passes = len(runs)
    loss.backward()
    assert len(runs) == passes > 2
    assert all(g.dtype == torch.float32 for g in gradients(module).values() if g is not None)


def test_nothing_is_differentiated_where_gradients_are_disabled(
    tiny: str, swahili: list[Sentence]
) -> None:
    module = new_module(tiny, 50)
    with torch.no_grad():
        assert not module.loss(swahili[:6]).requires_grad
    assert all(gradient is None for gradient in gradients(module).values())
