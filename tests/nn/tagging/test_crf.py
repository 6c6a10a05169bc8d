import itertools

import pytest
import torch
from torch import Tensor

from lowner_pl.corpus import TagSet
from lowner_pl.nn.tagging.crf import CRF

LENGTHS = [1, 4, 2, 3]
# O, B-X, I-X, B-Y, I-Y; an I- may only follow a B- or I- of its type.
IOB2_STARTS = [True, True, False, True, False]
IOB2_TRANSITIONS = [
    [True, True, False, True, False],
    [True, True, True, True, False],
    [True, True, True, True, False],
    [True, True, False, True, True],
    [True, True, False, True, True],
]


def random_crf(num_tags: int, seed: int = 0, *, scale: float = 1.0) -> CRF:
    generator = torch.Generator().manual_seed(seed)
    crf = CRF(num_tags, starts=[True] * num_tags, transitions=[[True] * num_tags] * num_tags)
    return with_random_scores(crf, generator, scale)


def iob2_crf(seed: int = 0, *, scale: float = 1.0) -> CRF:
    crf = CRF(5, starts=IOB2_STARTS, transitions=IOB2_TRANSITIONS)
    return with_random_scores(crf, torch.Generator().manual_seed(seed), scale)


def with_random_scores(crf: CRF, generator: torch.Generator, scale: float) -> CRF:
    with torch.no_grad():
        for parameter in crf.parameters():
            parameter.copy_(scale * torch.randn(parameter.shape, generator=generator))
    return crf


def random_batch(
    num_tags: int, lengths: list[int], seed: int = 0, *, scale: float = 1.0
) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(1000 + seed)
    shape = (len(lengths), max(lengths))
    emissions = scale * torch.randn(*shape, num_tags, generator=generator)
    tags = torch.randint(num_tags, shape, generator=generator)
    mask = torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)
    return emissions, tags, mask


def all_paths(num_tags: int, length: int) -> list[tuple[int, ...]]:
    return list(itertools.product(range(num_tags), repeat=length))


def path_score(crf: CRF, emissions: Tensor, path: tuple[int, ...]) -> Tensor:
    """Compute the formula in the class docstring term by term for one ``(W, T)`` sentence."""
    score = crf.starts[path[0]] + crf.ends[path[-1]]
    for position, tag in enumerate(path):
        score = score + emissions[position, tag]
    for before, after in itertools.pairwise(path):
        score = score + crf.transitions[before, after]
    return score


def scores_of_all_paths(crf: CRF, emissions: Tensor) -> Tensor:
    paths = all_paths(emissions.shape[1], emissions.shape[0])
    return torch.stack([path_score(crf, emissions, path) for path in paths])


def is_legal(path: tuple[int, ...]) -> bool:
    steps = all(IOB2_TRANSITIONS[before][after] for before, after in itertools.pairwise(path))
    return IOB2_STARTS[path[0]] and steps


def check_the_best_legal_paths(crf: CRF, *, tags: int, seed: int) -> None:
    """Compare decoding with a brute-force search over all legal paths."""
    emissions, _, mask = random_batch(tags, LENGTHS, seed, scale=3.0)
    decoded = crf.decode(emissions, mask)
    for i, length in enumerate(LENGTHS):
        legal = [path for path in all_paths(tags, length) if is_legal(path)]
        scores = torch.stack([path_score(crf, emissions[i], path) for path in legal])
        assert tuple(decoded[i, :length].tolist()) == legal[int(scores.argmax())]


@pytest.mark.parametrize("seed", range(5))
def test_the_best_legal_path_of_one_entity_type_is_found(seed: int) -> None:
    # The first three tags above, O, B-X and I-X, with their rules.
    tag_set = TagSet(["X"])
    crf = CRF(3, starts=tag_set.starts(), transitions=tag_set.transitions())
    with_random_scores(crf, torch.Generator().manual_seed(seed), 1.0)
    check_the_best_legal_paths(crf, tags=3, seed=seed)


def test_log_likelihood_of_two_words_and_two_tags_equals_a_hand_computed_value() -> None:
    # Odds multiply where scores add. Odds of starts (1, 2), ends (1, 3), transitions
    # ((1, 2), (3, 1)), emissions (1, 5) and (2, 1). Paths: 00: 1·1·1·2·1 = 2; 01: 1·1·2·1·3 = 6;
    # 10: 2·5·3·2·1 = 60; 11: 2·5·1·1·3 = 30. So p(10) = 60 / 98.
    crf = random_crf(2)
    with torch.no_grad():
        crf.starts.copy_(torch.tensor([1.0, 2.0]).log())
        crf.ends.copy_(torch.tensor([1.0, 3.0]).log())
        crf.transitions.copy_(torch.tensor([[1.0, 2.0], [3.0, 1.0]]).log())
    emissions = torch.tensor([[[1.0, 5.0], [2.0, 1.0]]]).log()
    mask = torch.ones(1, 2, dtype=torch.bool)
    assert crf.log_partition(emissions, mask).exp().item() == pytest.approx(98)
    assert crf(emissions, torch.tensor([[1, 0]]), mask).exp().item() == pytest.approx(60 / 98)
    assert crf.decode(emissions, mask).tolist() == [[1, 0]]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("num_tags", [1, 2, 4])
def test_log_partition_is_the_log_sum_over_all_paths(num_tags: int, seed: int) -> None:
    crf = random_crf(num_tags, seed)
    emissions, _, mask = random_batch(num_tags, LENGTHS, seed)
    expected = [
        scores_of_all_paths(crf, emissions[i, :length]).logsumexp(0)
        for i, length in enumerate(LENGTHS)
    ]
    torch.testing.assert_close(crf.log_partition(emissions, mask), torch.stack(expected))


@pytest.mark.parametrize("seed", range(5))
def test_log_likelihood_is_the_score_of_the_path_minus_the_log_partition(seed: int) -> None:
    crf = random_crf(4, seed)
    emissions, tags, mask = random_batch(4, LENGTHS, seed)
    scores, likelihoods = [], []
    for i, length in enumerate(LENGTHS):
        path = tuple(tags[i, :length].tolist())
        scores.append(path_score(crf, emissions[i], path))
        likelihoods.append(scores[i] - scores_of_all_paths(crf, emissions[i, :length]).logsumexp(0))
    torch.testing.assert_close(crf.score(emissions, tags, mask), torch.stack(scores))
    torch.testing.assert_close(crf(emissions, tags, mask), torch.stack(likelihoods))


def test_probabilities_of_all_paths_sum_to_one() -> None:
    crf = random_crf(3)
    tags = torch.tensor(all_paths(3, 4))
    emissions = random_batch(3, [4])[0].expand(len(tags), -1, -1)
    mask = torch.ones_like(tags, dtype=torch.bool)
    assert crf(emissions, tags, mask).exp().sum().item() == pytest.approx(1)


@pytest.mark.parametrize("seed", range(5))
def test_gradient_of_the_loss_is_marginals_minus_gold(seed: int) -> None:
    crf = random_crf(3, seed)
    emissions, tags, mask = random_batch(3, LENGTHS, seed)
    emissions.requires_grad_()
    (-crf(emissions, tags, mask)).sum().backward()

    at_words = torch.zeros_like(emissions)
    starts, ends, transitions = torch.zeros(3), torch.zeros(3), torch.zeros(3, 3)
    for i, length in enumerate(LENGTHS):
        paths = all_paths(3, length)
        chances = scores_of_all_paths(crf, emissions[i, :length]).detach().softmax(0)
        gold = (tuple(tags[i, :length].tolist()), torch.tensor(-1.0))
        for path, chance in [*zip(paths, chances, strict=True), gold]:
            starts[path[0]] += chance
            ends[path[-1]] += chance
            for position, tag in enumerate(path):
                at_words[i, position, tag] += chance
            for before, after in itertools.pairwise(path):
                transitions[before, after] += chance
    for actual, expected in [
        (emissions.grad, at_words),
        (crf.starts.grad, starts),
        (crf.ends.grad, ends),
        (crf.transitions.grad, transitions),
    ]:
        torch.testing.assert_close(actual, expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("seed", range(10))
def test_decoding_finds_the_best_path(seed: int) -> None:
    crf = random_crf(4, seed)
    emissions, _, mask = random_batch(4, LENGTHS, seed)
    decoded = crf.decode(emissions, mask)
    for i, length in enumerate(LENGTHS):
        scores = scores_of_all_paths(crf, emissions[i, :length])
        best = all_paths(4, length)[int(scores.argmax())]
        assert decoded[i].tolist() == [*best, *[0] * (4 - length)]


@pytest.mark.parametrize("seed", range(10))
def test_constrained_decoding_finds_the_best_legal_path(seed: int) -> None:
    check_the_best_legal_paths(iob2_crf(seed), tags=5, seed=seed)


@pytest.mark.parametrize("scale", [1.0, 1e4, 1e8, 1e30])
def test_decoding_is_well_formed_whatever_the_emissions(scale: float) -> None:
    lengths = [1 + i % 12 for i in range(200)]
    crf = iob2_crf(scale=scale)
    emissions, _, mask = random_batch(5, lengths, scale=scale)
    emissions[:100, :, 2::2] += 10 * scale  # half of the sentences favour I- tags
    decoded = crf.decode(emissions, mask)
    for i, length in enumerate(lengths):
        assert is_legal(tuple(decoded[i, :length].tolist()))


def test_emissions_that_favour_forbidden_tags_decode_to_the_best_legal_path() -> None:
    # I-X I-X is illegal. The best legal path starts with B-X, though its score is far lower.
    crf = iob2_crf(scale=0.0)
    emissions = torch.tensor([[[0.0, 1.0, 1e9, 0.0, 0.0], [0.0, 0.0, 1e9, 0.0, 0.0]]])
    assert crf.decode(emissions, torch.ones(1, 2, dtype=torch.bool)).tolist() == [[1, 2]]


def test_rules_do_not_affect_training() -> None:
    constrained, free = iob2_crf(), random_crf(5)
    emissions, tags, mask = random_batch(5, LENGTHS)
    assert torch.equal(constrained(emissions, tags, mask), free(emissions, tags, mask))


def test_a_new_crf_is_a_softmax_over_each_word() -> None:
    crf = CRF(4, starts=[True] * 4, transitions=[[True] * 4] * 4)
    emissions, tags, mask = random_batch(4, LENGTHS)
    per_word = emissions.log_softmax(2).take_along_dim(tags.unsqueeze(2), 2).squeeze(2)
    torch.testing.assert_close(crf(emissions, tags, mask), (per_word * mask).sum(1))
    assert torch.equal(crf.decode(emissions, mask), emissions.argmax(2) * mask)


def test_batch_equals_single_sentences() -> None:
    crf = iob2_crf()
    lengths = [7, 1, 30, 12]
    emissions, tags, mask = random_batch(5, lengths)
    likelihoods, decoded = crf(emissions, tags, mask), crf.decode(emissions, mask)
    for i, length in enumerate(lengths):
        alone = (slice(i, i + 1), slice(length))
        torch.testing.assert_close(
            crf(emissions[alone], tags[alone], mask[alone]), likelihoods[i : i + 1]
        )
        assert torch.equal(crf.decode(emissions[alone], mask[alone])[0], decoded[i, :length])


@pytest.mark.parametrize("garbage", [1e9, torch.inf, torch.nan])
def test_padding_does_not_matter(garbage: float) -> None:
    crf = iob2_crf()
    emissions, tags, mask = random_batch(5, LENGTHS)
    other = emissions.masked_fill(~mask.unsqueeze(2), garbage)
    other_tags = tags.masked_fill(~mask, -100)
    gradients = []
    for scores, gold in ((emissions, tags), (other, other_tags)):
        leaf = scores.clone().requires_grad_()
        loss = -crf(leaf, gold, mask).mean()
        gradients.append(torch.autograd.grad(loss, [leaf, *crf.parameters()]))
    for actual, expected in zip(*gradients, strict=True):
        assert torch.equal(actual, expected)
    assert not gradients[1][0][~mask].any()
    assert torch.equal(crf.decode(other, mask), crf.decode(emissions, mask))


def test_computes_in_float32_under_autocast() -> None:
    crf = iob2_crf()
    emissions, tags, mask = random_batch(5, [40, 60])
    rounded = emissions.bfloat16()
    with torch.autocast("cpu", torch.bfloat16):
        likelihoods, decoded = crf(rounded, tags, mask), crf.decode(rounded, mask)
    assert likelihoods.dtype == torch.float32
    assert torch.equal(likelihoods, crf(rounded.float(), tags, mask))
    assert torch.equal(decoded, crf.decode(rounded.float(), mask))


def test_partition_of_a_long_sentence_stays_accurate() -> None:
    # With all scores 0 there are 5^2000 equal paths.
    crf = iob2_crf(scale=0.0)
    mask = torch.ones(1, 2000, dtype=torch.bool)
    expected = 2000 * torch.tensor(5.0).log()
    actual = crf.log_partition(torch.zeros(1, 2000, 5), mask)[0]
    torch.testing.assert_close(actual, expected, rtol=1e-5, atol=0.0)


def test_every_parameter_gets_a_gradient() -> None:
    crf = iob2_crf()
    crf(*random_batch(5, LENGTHS)).sum().backward()
    for parameter in crf.parameters():
        assert parameter.grad is not None
        assert parameter.grad.abs().min() > 0


def test_a_checkpoint_contains_scores_but_no_rules() -> None:
    assert set(iob2_crf().state_dict()) == {"starts", "transitions", "ends"}


def test_rules_of_the_wrong_size_are_rejected() -> None:
    with pytest.raises(
        ValueError, match=r"starts of a CRF have shape \(2,\), but 3 tags need \(3,\)"
    ):
        CRF(3, starts=[True] * 2, transitions=[[True] * 3] * 3)
    with pytest.raises(ValueError, match=r"transitions of a CRF have shape \(2, 3\), but 3 tags"):
        CRF(3, starts=[True] * 3, transitions=[[True] * 3] * 2)


def test_log_marginals_sum_over_all_paths_through_a_tag() -> None:
    crf = random_crf(3)
    emissions, _, mask = random_batch(3, LENGTHS)
    marginals = crf.log_marginals(emissions, mask)
    for sentence, length in enumerate(LENGTHS):
        scores = {
            path: path_score(crf, emissions[sentence], path).exp().item()
            for path in all_paths(3, length)
        }
        total = sum(scores.values())
        for word in range(length):
            for tag in range(3):
                share = sum(score for path, score in scores.items() if path[word] == tag) / total
                assert marginals[sentence, word, tag].exp().item() == pytest.approx(share, rel=1e-4)
