"""The index finds the sentences that brute force finds, and breaks ties by index."""

from collections.abc import Iterable
from random import Random
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from lowner_pl.nn import SentenceIndex

EAST, NORTH, WEST = (1.0, 0.0), (0.0, 1.0), (-1.0, 0.0)
# To (4, 3): (1, 0) has 4/5, (0, 1) has 3/5, (-1, 0) has -4/5.
QUERY = torch.tensor([[4.0, 3.0]])


def brute_force(
    texts: list[int], vectors: Tensor, queries: Tensor, k: int, own: list[int] | None = None
) -> list[list[int]]:
    """Find the k nearest sentences by Eq. 5 and 6, sorting all sentences for each query."""
    nearest = []
    for row, query in enumerate(queries.double()):
        cosines = torch.cosine_similarity(vectors.double(), query[None], dim=1).tolist()
        allowed = [n for n, text in enumerate(texts) if own is None or text != own[row]]
        nearest.append(sorted(allowed, key=lambda n: (-cosines[texts[n]], n))[:k])
    return nearest


def numbered(texts: Iterable[int]) -> list[int]:
    """Renumber texts in the order of their first occurrence."""
    numbers: dict[int, int] = {}
    return [numbers.setdefault(text, len(numbers)) for text in texts]


def drawn(texts: int, copies: int) -> tuple[list[int], Tensor]:
    """Draw texts in random order, some of them repeated, and random vectors."""
    random = Random(0)
    all_ = [*range(texts), *(random.randrange(texts) for _ in range(copies))]
    random.shuffle(all_)
    return numbered(all_), torch.randn(texts, 12, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("rows", [1, 7, 64, 1000])
@pytest.mark.parametrize("k", [1, 2, 9, 130])
def test_the_nearest_sentences_are_those_of_brute_force(k: int, rows: int) -> None:
    texts, vectors = drawn(150, 70)
    queries = torch.randn(33, 12, generator=torch.Generator().manual_seed(1))
    index = SentenceIndex(texts, vectors, rows=rows)
    assert len(index) == 220
    assert index.nearest(queries, k).tolist() == brute_force(texts, vectors, queries, k)
    everything = list(range(150))
    assert index.others(k).tolist() == brute_force(texts, vectors, vectors, k, own=everything)


# Few directions, so that many cosines are exactly equal.
DIRECTIONS = st.sampled_from([(1, 0), (0, 1), (-1, 0), (0, -1), (0, 0), (2, 0), (0, 4)])


@given(
    st.lists(st.tuples(DIRECTIONS, st.integers(1, 3)), min_size=2, max_size=9),
    st.lists(DIRECTIONS, min_size=1, max_size=5),
    st.integers(1, 6),
    st.randoms(use_true_random=False),
)
def test_ties_go_to_the_sentence_with_the_lowest_index(
    source: list[tuple[tuple[int, int], int]],
    queries: list[tuple[int, int]],
    k: int,
    random: Random,
) -> None:
    copies = [text for text, (_, count) in enumerate(source) for _ in range(count)]
    random.shuffle(copies)
    texts = numbered(copies)
    order = dict.fromkeys(copies)
    vectors = torch.tensor([source[text][0] for text in order], dtype=torch.float32)
    asked = torch.tensor(queries, dtype=torch.float32)
    index = SentenceIndex(texts, vectors, rows=2)
    k = min(k, len(texts) - max(count for _, count in source))
    if k < 1:
        return
    assert index.nearest(asked, k).tolist() == brute_force(texts, vectors, asked, k)
    own = list(range(len(vectors)))
    assert index.others(k).tolist() == brute_force(texts, vectors, vectors, k, own=own)


def test_ties_at_the_cutoff_go_to_the_lowest_index() -> None:
    # Cosines 3/5, 4/5, 3/5, 4/5, 3/5: first the two of 4/5, then those of 3/5 in order.
    vectors = torch.tensor([NORTH, EAST, NORTH, EAST, NORTH])
    index = SentenceIndex(range(5), vectors)
    nearest = [index.nearest(QUERY, k).tolist() for k in range(1, 6)]
    assert nearest == [[[1]], [[1, 3]], [[1, 3, 0]], [[1, 3, 0, 2]], [[1, 3, 0, 2, 4]]]


def test_thousands_of_ties_go_to_the_lowest_indices() -> None:
    index = SentenceIndex(range(5000), torch.ones(5000, 3))
    assert index.nearest(torch.ones(3, 3), 4).tolist() == [[0, 1, 2, 3]] * 3
    others = index.others(2)
    assert others[:3].tolist() == [[1, 2], [0, 2], [0, 1]]
    assert (others[3:] == torch.tensor([0, 1])).all()


def test_sentences_of_tied_texts_are_merged_in_order() -> None:
    # Texts 0 1 0 2 1; texts 0 and 1 point east, so sentences 0, 1, 2, 4 come before 3.
    index = SentenceIndex([0, 1, 0, 2, 1], torch.tensor([EAST, EAST, WEST]))
    assert index.nearest(QUERY, 5).tolist() == [[0, 1, 2, 4, 3]]
    # Text 0 gets sentences 1 and 4 of text 1, then 3. Text 2 gets the first three others.
    assert index.others(3).tolist() == [[1, 4, 3], [0, 2, 3], [0, 1, 2]]


def test_a_sentence_supports_neither_itself_nor_its_copies() -> None:
    vectors = torch.tensor([EAST, NORTH, WEST])
    others = SentenceIndex([0, 0, 1, 2, 0], vectors).others(2)
    assert others.tolist() == [[2, 3], [0, 1], [2, 0]]


def test_a_query_from_the_source_is_nearest_to_itself() -> None:
    texts, vectors = drawn(60, 0)
    nearest = SentenceIndex(texts, vectors, rows=7).nearest(vectors, 1)
    assert nearest.flatten().tolist() == list(range(60))


def test_a_zero_vector_has_cosine_0_with_every_other() -> None:
    vectors = torch.tensor([WEST, (0.0, 0.0), EAST])
    index = SentenceIndex(range(3), vectors)
    assert index.nearest(QUERY, 3).tolist() == [[2, 1, 0]]  # 4/5, 0, -4/5
    assert index.nearest(torch.zeros(1, 2), 3).tolist() == [[0, 1, 2]]


def test_the_length_of_a_vector_does_not_matter() -> None:
    vectors = torch.tensor([(3e-4, 4e-4), (3e6, 0.0), (0.0, 1.0)])
    index = SentenceIndex(range(3), vectors)
    # (3, 4)/5 with (4, 3)/5: 24/25; (1, 0): 20/25; (0, 1): 15/25.
    assert index.nearest(QUERY * 1e-3, 3).tolist() == [[0, 1, 2]]


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_vectors_that_are_not_finite_are_rejected(bad: float) -> None:
    vectors = torch.tensor([EAST, NORTH, (bad, 0.0), (0.0, bad)])
    with pytest.raises(ValueError, match="2 of 4 sentence vectors contain infinities"):
        SentenceIndex(range(4), vectors)
    with pytest.raises(ValueError, match="1 of 1 sentence vectors contain infinities"):
        SentenceIndex(range(2), vectors[:2]).nearest(vectors[2:3], 1)


def test_a_k_that_is_too_large_or_zero_is_rejected() -> None:
    index = SentenceIndex([0, 1, 0], torch.tensor([EAST, NORTH]))
    assert index.nearest(QUERY, 3).tolist() == [[0, 2, 1]]
    with pytest.raises(ValueError, match="`k` is 4, but a query has 3 possible"):
        index.nearest(QUERY, 4)
    with pytest.raises(ValueError, match="`k` is 2, but a query has 1 possible"):
        index.others(2)
    with pytest.raises(ValueError, match="`k` is 0, but a query has 3 possible"):
        index.nearest(QUERY, 0)


def test_scores_are_computed_in_full_precision(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[str] = []
    product = Tensor.__matmul__

    def watched(one: Any, two: Any) -> Any:
        seen.append(torch.get_float32_matmul_precision())
        return product(one, two)

    monkeypatch.setattr(Tensor, "__matmul__", watched)
    before = torch.get_float32_matmul_precision()
    torch.set_float32_matmul_precision("medium")
    try:
        SentenceIndex(range(1), torch.tensor([EAST])).nearest(QUERY, 1)
        assert torch.get_float32_matmul_precision() == "medium"
    finally:
        torch.set_float32_matmul_precision(before)
    assert seen == ["highest"]
