from collections import Counter

import pytest
import torch

from lowner_pl.nn import LSTMLanguageModel

BOUNDARY = 0


def model(vocabulary: int, seed: int = 0, scale: float = 1.0) -> LSTMLanguageModel:
    torch.manual_seed(seed)
    network = LSTMLanguageModel(vocabulary, embedding_size=6, hidden_size=8, dropout=0.5).eval()
    with torch.no_grad():
        network.output.weight *= scale
    return network


def draw(
    network: LSTMLanguageModel, count: int, seed: int = 0, **options: float
) -> list[list[int]]:
    generator = torch.Generator().manual_seed(seed)
    rows = network.sample(
        count,
        boundary=BOUNDARY,
        most_tokens=int(options.get("most_tokens", 100)),
        temperature=options.get("temperature", 1.0),
        generator=generator,
    )
    return [row for row in rows if row is not None]


def chi_square(counts: Counter[int], shares: torch.Tensor) -> float:
    expected: list[float] = (counts.total() * shares).tolist()
    return sum((counts[token] - share) ** 2 / share for token, share in enumerate(expected))


@pytest.mark.parametrize("temperature", [1.0, 0.5, 2.0])
def test_the_first_token_is_sampled_from_the_softmax(temperature: float) -> None:
    network = model(5, scale=4.0)
    with torch.no_grad():
        scores = network(torch.tensor([[BOUNDARY]]))[0][0, 0]
    rows = draw(network, 4000, temperature=temperature)
    firsts = Counter(row[0] if row else BOUNDARY for row in rows)
    # 4 degrees of freedom, p = 0.001
    assert chi_square(firsts, torch.softmax(scores / temperature, 0)) < 18.47


def test_later_tokens_depend_on_all_previous_ones() -> None:
    # Sequences end at different lengths; the others must keep their own state.
    network = model(4, scale=6.0)
    rows = draw(network, 20_000)
    tested = 0
    for prefix in ([1], [2], [3], [1, 2], [2, 1], [3, 3]):
        here = [[*row, BOUNDARY][len(prefix)] for row in rows if row[: len(prefix)] == prefix]
        if len(here) < 200:
            continue
        tested += 1
        with torch.no_grad():
            scores = network(torch.tensor([[BOUNDARY, *prefix]]))[0][0, -1]
        assert chi_square(Counter(here), torch.softmax(scores, 0)) < 16.27  # 3 degrees, p = 0.001
    assert tested >= 4


def test_unfinished_sequences_are_none() -> None:
    network = model(3)
    with torch.no_grad():
        network.output.weight.zero_()
        network.output.bias[:] = torch.tensor([0.0, 0.0, 0.0])
    generator = torch.Generator().manual_seed(0)
    rows = network.sample(
        9000, boundary=BOUNDARY, most_tokens=2, temperature=1.0, generator=generator
    )
    # The boundary has probability 1/3, so lengths 0, 1 and 2 have 1/3, 2/9 and 4/27.
    lengths = Counter(3 if row is None else len(row) for row in rows)
    shares = torch.tensor([1 / 3, 2 / 9, 4 / 27, 8 / 27])
    assert chi_square(lengths, shares) < 16.27


def test_samples_depend_on_the_generator_only() -> None:
    network = model(5)
    assert draw(network, 30, seed=1) == draw(network, 30, seed=1)
    assert draw(network, 30, seed=1) != draw(network, 30, seed=2)


def test_a_sequence_in_two_parts_gets_the_same_scores() -> None:
    network = model(5)
    ids = torch.tensor([[0, 3, 1, 4]])
    whole, _ = network(ids)
    first, state = network(ids[:, :2])
    second, _ = network(ids[:, 2:], state)
    torch.testing.assert_close(torch.cat([first, second], 1), whole)


def test_dropout_applies_in_training_only() -> None:
    network = model(5).train()
    ids = torch.tensor([[0, 3, 1, 4]])
    assert not network(ids)[0].equal(network(ids)[0])
    network.eval()
    assert network(ids)[0].equal(network(ids)[0])
