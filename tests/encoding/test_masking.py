from random import Random
from statistics import NormalDist

import pytest
import torch

from lowner_pl.corpus import Sentence
from lowner_pl.encoding import (
    gaussian_mask,
    mask_entities,
    mask_entity_words,
    mask_subwords,
    mask_words,
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def test_words_are_masked_with_the_given_probability() -> None:
    # 20,000 draws at 0.15: mean 3,000, standard deviation √(20,000 · 0.15 · 0.85) = 50.5.
    masked = mask_words([20_000], 0.15, generator())
    assert abs(sum(masked[0]) - 3_000) < 4 * 50.5


@pytest.mark.parametrize(("probability", "share"), [(0.0, 0), (1.0, 1)])
def test_probability_0_masks_no_word_and_1_masks_all(probability: float, share: int) -> None:
    assert sum(mask_words([500], probability, generator())[0]) == 500 * share


def test_masks_match_the_sentences_and_depend_on_the_generator() -> None:
    first, again = mask_words([3, 5], 0.5, generator(1)), mask_words([3, 5], 0.5, generator(1))
    assert [len(part) for part in first] == [3, 5]
    assert first == again
    assert first != mask_words([3, 5], 0.5, generator(2))


def test_subwords_are_masked_80_10_10() -> None:
    ids = torch.full((100_000,), 7)
    maskable = torch.ones(100_000, dtype=torch.bool)
    masked, positions = mask_subwords(
        ids, maskable, probability=0.15, mask_id=4, vocabulary=1000, generator=generator()
    )
    chosen = masked[positions]
    # 15,000 chosen: 12,000 ± 49 masks, 1,500 ± 37 random (a thousandth of them is 7), rest kept.
    assert abs(len(positions) - 15_000) < 4 * 113
    assert abs((chosen == 4).sum().item() / len(positions) - 0.8) < 0.015
    assert abs((chosen == 7).sum().item() / len(positions) - 0.1) < 0.012
    # About 1,500 draws from 1,000 subwords give 1000 · (1 - e^-1.5) = 777 distinct ones.
    drawn = chosen[(chosen != 4) & (chosen != 7)].unique()
    assert abs(len(drawn) - 777) < 80
    assert drawn.min() >= 0
    assert drawn.max() < 1000
    untouched = torch.ones(100_000, dtype=torch.bool)
    untouched[positions] = False
    assert (masked[untouched] == 7).all()


def test_only_maskable_subwords_are_chosen_and_at_least_one_of_them() -> None:
    ids = torch.arange(10)
    maskable = torch.zeros(10, dtype=torch.bool)
    maskable[6] = True
    _, positions = mask_subwords(
        ids, maskable, probability=0.0, mask_id=4, vocabulary=10, generator=generator()
    )
    assert positions.tolist() == [6]
    _, none = mask_subwords(
        ids,
        torch.zeros(10, dtype=torch.bool),
        probability=1.0,
        mask_id=4,
        vocabulary=10,
        generator=generator(),
    )
    assert none.tolist() == []


@pytest.mark.parametrize(("share", "kinds"), [(1.0, (1.0, 0.0)), (0.5, (0.5, 0.25))])
def test_the_share_of_mask_tokens_can_be_set(share: float, kinds: tuple[float, float]) -> None:
    ids = torch.full((40_000,), 7)
    masked, positions = mask_subwords(
        ids,
        torch.ones_like(ids, dtype=torch.bool),
        probability=0.5,
        mask_id=1,
        vocabulary=1_000_000,  # a random subword is never 1 or 7, in practice
        generator=torch.Generator().manual_seed(0),
        masked_share=share,
    )
    chosen = masked[positions]
    assert (chosen == 1).float().mean().item() == pytest.approx(kinds[0], abs=0.01)
    left = (chosen == 7).float().mean().item()
    assert left == pytest.approx(kinds[1], abs=0.01)
    assert masked.ne(ids).sum() <= len(positions)


@pytest.mark.parametrize(("size", "rate"), [(1, 0.7), (3, 0.7), (3, 0.1)])
def test_entity_subwords_are_masked_at_the_given_rate_and_at_least_one(
    size: int, rate: float
) -> None:
    # On average nη of n subwords are masked, plus 1 instead of none with probability (1 - η)ⁿ.
    expected = size * rate + (1 - rate) ** size
    masked = mask_entities([size] * 20_000, rate, generator())
    counts = torch.tensor([float(len(part)) for part in masked])
    assert counts.min() == 1
    assert all(part == sorted(set(part)) and set(part) <= set(range(size)) for part in masked)
    assert abs(counts.mean().item() - expected) < 4 * size / 2 / 20_000**0.5
    # All positions are equally likely.
    places = torch.bincount(torch.tensor([p for part in masked for p in part]), minlength=size)
    assert (places / 20_000 - expected / size).abs().max() < 4 * 0.5 / 20_000**0.5


def test_a_sentence_without_entities_gets_no_masks() -> None:
    one, none, other = mask_entities([2, 0, 5], 1.0, generator())
    assert (one, none, other) == ([0, 1], [], [0, 1, 2, 3, 4])


@pytest.mark.parametrize("mean", [0.3, 0.5])
@pytest.mark.parametrize("size", [1, 2, 5])
def test_entities_are_masked_for_generation_at_a_gaussian_rate(size: int, mean: float) -> None:
    # The count c is a draw from N(μn, 1), rounded, given that it is between 1 and n.
    bell = NormalDist(mean * size, 1.0)
    chances = [bell.cdf(c + 0.5) - bell.cdf(c - 0.5) for c in range(1, size + 1)]
    random, draws = Random(0), 20_000
    masked = [gaussian_mask(size, mean, random) for _ in range(draws)]
    for count, chance in enumerate(chances, 1):
        share = chance / sum(chances)
        found = sum(len(part) == count for part in masked)
        assert abs(found - draws * share) <= 4 * (draws * share * (1 - share)) ** 0.5
    # The positions are drawn uniformly without repetition, and are ascending.
    assert all(part == sorted(set(part)) and set(part) <= set(range(size)) for part in masked)
    total = sum(map(len, masked))
    for place in range(size):
        found = sum(place in part for part in masked)
        assert abs(found - total / size) < 4 * (draws / 4) ** 0.5


def test_meta_training_masks_only_entity_words_with_the_given_probability() -> None:
    # 6,000 entity words at 0.2: mean 1,200, standard deviation √(6,000 · 0.2 · 0.8) = 31.
    sentence = Sentence(("a", "b", "c", "d", "e"), ("O", "B-PER", "I-PER", "O", "B-LOC"))
    masked = mask_entity_words([sentence] * 2_000, 0.2, generator())
    assert [len(row) for row in masked] == [5] * 2_000
    assert not any(row[0] or row[3] for row in masked)
    for word in (1, 2, 4):
        assert abs(sum(row[word] for row in masked) - 400) < 4 * 18
    assert masked != mask_entity_words([sentence] * 2_000, 0.2, generator(1))
    assert not any(map(any, mask_entity_words([sentence] * 50, 0.0, generator())))
    assert mask_entity_words([sentence], 1.0, generator()) == [[False, True, True, False, True]]
