import math
from itertools import pairwise

import pytest
import torch
from torch import nn

from lowner_pl.corpus import TagSet, entities_of
from lowner_pl.nn import HeadName, build_head
from lowner_pl.nn.tagging.uncertainty import (
    dropout_on,
    has_dropout,
    mutual_information,
    uncertainty,
    word_probabilities,
)

from .test_confidence import HEADS, LENGTHS, SCHEMES, odds_of_legal_paths, random_batch, random_head


@HEADS
@SCHEMES
@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_all_measures_equal_sums_over_the_legal_paths(
    name: HeadName, scheme: str, temperature: float
) -> None:
    tag_set = TagSet(["PER", "LOC"], scheme=scheme)  # type: ignore[arg-type]
    head = random_head(name, tag_set)
    emissions, mask = random_batch(len(tag_set))
    padded = emissions.masked_fill(~mask.unsqueeze(2), 50.0)  # the padding never matters
    found = uncertainty(head, padded, mask, temperature)
    of_words = word_probabilities(head, padded, mask, temperature)
    for row, length in enumerate(LENGTHS):
        odds = odds_of_legal_paths(head, emissions[row, :length], temperature)
        total = sum(odds.values())
        best = -math.log(max(odds.values()) / total) / length
        assert found.path[row].item() == pytest.approx(best, rel=1e-5)
        entropy = 0.0
        for word in range(length):
            for tag in range(len(tag_set)):
                share = sum(odd for path, odd in odds.items() if path[word] == tag) / total
                assert of_words[row, word, tag].item() == pytest.approx(share, rel=1e-5)
                entropy -= share * math.log(share) if share else 0.0
        assert found.entropy[row].item() == pytest.approx(entropy / length, rel=1e-5)
        for number, type_ in enumerate(tag_set.entity_types):
            count = sum(
                odd * sum(entity.type == type_ for entity in entities_of(tag_set.decode(path)))
                for path, odd in odds.items()
            )
            assert found.expected[row, number].item() == pytest.approx(count / total, rel=1e-5)
    assert not of_words[~mask].any()


def test_the_measures_of_two_words_equal_values_computed_by_hand() -> None:
    # Odds of O, B and I: (1, 3, 9) and (2, 1, 4). Legal paths: OO 2, OB 1, BO 6, BB 3, BI 12;
    # together 24. The best path is BI: -log(12/24) / 2. The first word is O in 3/24, the second is
    # O in 8/24, B in 4/24 and I in 12/24. One entity in OB, BO and BI, two in BB: 25/24.
    head = build_head("softmax", 4, TagSet(["PER"]), 0.0)
    emissions = torch.tensor([[[1.0, 3.0, 9.0], [2.0, 1.0, 4.0]]]).log()
    found = uncertainty(head, emissions, torch.ones(1, 2, dtype=torch.bool))
    assert found.path.tolist() == pytest.approx([math.log(2) / 2])
    shares = [3 / 24, 21 / 24, 8 / 24, 4 / 24, 12 / 24]
    assert found.entropy.tolist() == pytest.approx([-sum(p * math.log(p) for p in shares) / 2])
    assert found.expected[0].tolist() == pytest.approx([25 / 24])


def test_the_best_path_is_not_longer_than_its_sentence() -> None:
    # The probability per word is the same for one word and for two like it.
    head = build_head("softmax", 4, TagSet(["PER"], scheme="io"), 0.0)
    emissions = torch.tensor([[[3.0, 1.0], [3.0, 1.0]], [[3.0, 1.0], [9.0, 1.0]]]).log()
    mask = torch.tensor([[True, True], [True, False]])
    found = uncertainty(head, emissions, mask)
    assert found.path.tolist() == pytest.approx([-math.log(3 / 4)] * 2)
    assert found.entropy[0].item() == pytest.approx(found.entropy[1].item())


def test_models_that_agree_share_no_information_and_those_that_contradict_share_one_bit() -> None:
    # First sentence: both models are sure, of different tags: log 2 per word, in one of two words.
    # Second: both say 1/2, so the tag is uncertain, but no model knows more than the other.
    sure, other = [1.0, 0.0], [0.0, 1.0]
    unsure = [0.5, 0.5]
    one = torch.tensor([[sure, sure], [unsure, [9.0, 9.0]]])
    two = torch.tensor([[other, sure], [unsure, [0.1, 0.2]]])
    mask = torch.tensor([[True, True], [True, False]])
    found = mutual_information(torch.stack([one, two]), mask)
    assert found.tolist() == pytest.approx([math.log(2) / 2, 0.0])


def test_mutual_information_equals_a_value_computed_by_hand() -> None:
    # p = 0.9 and 0.5: H(0.7) - (H(0.9) + H(0.5)) / 2.
    def entropy(p: float) -> float:
        return -p * math.log(p) - (1 - p) * math.log(1 - p)

    passes = torch.tensor([[[[0.9, 0.1]]], [[[0.5, 0.5]]]], dtype=torch.float64)
    found = mutual_information(passes, torch.ones(1, 1, dtype=torch.bool))
    assert found.item() == pytest.approx(entropy(0.7) - (entropy(0.9) + entropy(0.5)) / 2)


def test_dropout_works_inside_a_block_only() -> None:
    model = nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.5)).eval()
    setattr(model[0], "gradient_checkpointing", True)  # noqa: B010
    with dropout_on(model):
        passes = [model(torch.ones(1, 8)) for _ in range(2)]
        assert [module.training for module in model] == [False, True]
    assert not passes[0].equal(passes[1])
    for before, after in pairwise([model(torch.ones(1, 8)) for _ in range(3)]):
        assert before.equal(after)


def test_a_model_without_dropout_is_recognised() -> None:
    attention = nn.Linear(1, 1)
    model = nn.Sequential(nn.Dropout(0.0), attention)
    assert not has_dropout(model)
    attention.attention_dropout = 0.1  # type: ignore[assignment]
    assert has_dropout(model)
    assert has_dropout(nn.Dropout(0.1))
