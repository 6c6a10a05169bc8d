"""The loss over a sample of the vocabulary."""

from itertools import product
from math import exp, log
from pathlib import Path

import pytest
import torch
from transformers import AutoConfig, AutoModelForMaskedLM

from lowner_pl.nn import MaskedLMHead, SampledSoftmax, check_sampling, load_backbone
from lowner_pl.nn.backbones.training.embedding_rows import EmbeddingRows

SCORES = [0.5, -1.0, 2.0]


def test_its_parts_equal_those_worked_out_by_hand() -> None:
    # Weights (c + 1)^0.75 of counts 0, 15 and 80 are 1, 8 and 27; two draws.
    sampled = SampledSoftmax(torch.tensor([0, 15, 80]), 2)
    assert sampled.proposal.tolist() == pytest.approx([1 / 36, 8 / 36, 27 / 36])
    inclusion = [1 - (35 / 36) ** 2, 1 - (28 / 36) ** 2, 1 - (9 / 36) ** 2]
    assert sampled.log_inclusion.exp().tolist() == pytest.approx(inclusion)

    # Target 2, sample {1, 2}: the target counts once, subword 1 by its inverse probability.
    loss = sampled(
        torch.tensor([SCORES[2]]),
        torch.tensor([[SCORES[1], SCORES[2]]]),
        torch.tensor([2]),
        torch.tensor([1, 2]),
        sampled.log_inclusion[[1, 2]],
    )
    expected = -SCORES[2] + log(exp(SCORES[2]) + exp(SCORES[1]) / inclusion[1])
    assert loss.item() == pytest.approx(expected)


def test_the_expected_sum_is_the_sum_over_the_vocabulary() -> None:
    """Enumerates all draws of two subwords out of three."""
    sampled = SampledSoftmax(torch.tensor([0, 15, 80]), 2)
    target, total = 0, 0.0
    for drawn in product(range(3), repeat=2):
        chance = float(sampled.proposal[list(drawn)].prod())
        sample = torch.tensor(sorted(set(drawn)))
        loss = sampled(
            torch.tensor([SCORES[target]]),
            torch.tensor([[SCORES[j] for j in sample]]),
            torch.tensor([target]),
            sample,
            sampled.log_inclusion[sample],
        )
        total += chance * exp(loss.item() + SCORES[target])
    assert total == pytest.approx(sum(map(exp, SCORES)), rel=1e-5)


def test_samples_are_padded_to_one_size_with_columns_that_count_nothing() -> None:
    sampled = SampledSoftmax(torch.tensor([0, 15, 80]), 50)
    torch.manual_seed(0)
    sample, shift = sampled.draw()
    assert sample.shape == shift.shape == (50,)
    real = shift.isfinite()
    assert 1 <= int(real.sum()) <= 3
    assert len(set(sample[real].tolist())) == int(real.sum())
    assert (shift[~real] == float("inf")).all()


@pytest.mark.parametrize("kind", ["xlm-roberta", "bert", "modernbert"])
@pytest.mark.parametrize("rows", [False, True])
def test_with_the_whole_vocabulary_it_equals_cross_entropy(
    kind: str, rows: bool, backbones: dict[str, Path]
) -> None:
    backbone, head, _ = load_backbone(str(backbones[kind]), needs_head=True)
    if rows:
        backbone.train_rows([5, 6, 7])
    torch.manual_seed(0)
    hidden = torch.randn(4, backbone.hidden_size)
    targets = torch.tensor([5, 9, 5, 11])
    vocabulary = head.output_layer.out_features
    # So many draws that every subword is in the sample, with a probability that rounds to 1.
    sampled = SampledSoftmax(torch.zeros(vocabulary), 60 * vocabulary)
    head.eval()
    found = sampled.loss(hidden, targets, head=head, table=backbone.embeddings)
    expected = torch.nn.functional.cross_entropy(head(hidden), targets)
    assert found.item() == pytest.approx(expected.item(), rel=1e-4)
    found.backward()
    table = backbone.embeddings
    learnt = table.rows if isinstance(table, EmbeddingRows) else table.weight
    assert learnt.grad is not None
    assert learnt.grad.abs().sum() > 0


def test_a_head_that_computes_more_than_its_output_layer_is_refused() -> None:
    shape = {"num_attention_heads": 2, "num_hidden_layers": 1, "intermediate_size": 16}
    sizes = {"vocab_size": 50, "hidden_size": 16, "embedding_size": 8, **shape}
    for kind in ("albert", "mobilebert"):
        head = MaskedLMHead(AutoModelForMaskedLM.from_config(AutoConfig.for_model(kind, **sizes)))
        before = torch.get_rng_state()
        if kind == "albert":
            assert check_sampling(head, 16) == 50
        else:
            with pytest.raises(ValueError, match=r"type 'mobilebert' .* `sampled_softmax` to `nu"):
                check_sampling(head, 16)
        assert torch.get_rng_state().equal(before)
