"""Nearest sentences against brute force in 64-bit floats, and ties by hand."""

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
    """Return the k nearest by Eq. 5 and 6, sorting all sentences for each query."""
    nearest = []
    for row, query in enumerate(queries.double()):
        cosines = torch.cosine_similarity(vectors.double(), query[None], dim=1).tolist()
        allowed = [n for n, text in enumerate(texts) if own is None or text != own[row]]
        nearest.append(sorted(allowed, key=lambda n: (-cosines[texts[n]], n))[:k])
    return nearest


def numbered(texts: Iterable[int]) -> list[int]:
    """Return the texts of sentences with new numbers, in the order in which they come."""
    numbers: dict[int, int] = {}
    return [numbers.setdefault(text, len(numbers)) for text in texts]


def drawn(texts: int, copies: int) -> tuple[list[int], Tensor]:
    """Return texts in random order, some of them several times, and random vectors."""
    random = Random(0)
    all_ = [*range(texts), *(random.randrange(texts) for _ in range(copies))]
    random.shuffle(all_)
    return numbered(all_), torch.randn(texts, 12, generator=torch.Generator().manual_seed(0))


@pytest.mark.parametrize("rows", [1, 7, 64, 1000])
@pytest.mark.parametrize("k", [1, 2, 9, 130])
def test_the_nearest_are_those_of_brute_force(k: int, rows: int) -> None:
    texts, vectors = drawn(150, 70)
    queries = torch.randn(33, 12, generator=torch.Generator().manual_seed(1))
    index = SentenceIndex(texts, vectors, rows=rows)
    assert len(index) == 220
    assert index.nearest(queries, k).tolist() == brute_force(texts, vectors, queries, k)
    everything = list(range(150))
    assert index.others(k).tolist() == brute_force(texts, vectors, vectors, k, own=everything)


# Few directions of few numbers: most cosines are exact, and most are equal to others.
DIRECTIONS = st.sampled_from([(1, 0), (0, 1), (-1, 0), (0, -1), (0, 0), (2, 0), (0, 4)])


@given(
    st.lists(st.tuples(DIRECTIONS, st.integers(1, 3)), min_size=2, max_size=9),
    st.lists(DIRECTIONS, min_size=1, max_size=5),
    st.integers(1, 6),
    st.randoms(use_true_random=False),
)
def test_of_equal_cosines_the_lowest_sentence_is_nearer(
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


def test_ties_at_the_boundary_fall_to_the_lowest_number() -> None:
    # 3/5, 4/5, 3/5, 4/5, 3/5: the two of 4/5, then 0 of those of 3/5, then 2.
    vectors = torch.tensor([NORTH, EAST, NORTH, EAST, NORTH])
    index = SentenceIndex(range(5), vectors)
    nearest = [index.nearest(QUERY, k).tolist() for k in range(1, 6)]
    assert nearest == [[[1]], [[1, 3]], [[1, 3, 0]], [[1, 3, 0, 2]], [[1, 3, 0, 2, 4]]]


def test_many_ties_beyond_what_is_asked_for_are_settled_too() -> None:
    index = SentenceIndex(range(5000), torch.ones(5000, 3))
    assert index.nearest(torch.ones(3, 3), 4).tolist() == [[0, 1, 2, 3]] * 3
    others = index.others(2)
    assert others[:3].tolist() == [[1, 2], [0, 2], [0, 1]]
    assert (others[3:] == torch.tensor([0, 1])).all()


def test_sentences_of_tied_texts_are_merged_by_number() -> None:
    # Texts 0 1 0 2 1; texts 0 and 1 are east: sentences 0, 1, 2, 4 before 3.
    index = SentenceIndex([0, 1, 0, 2, 1], torch.tensor([EAST, EAST, WEST]))
    assert index.nearest(QUERY, 5).tolist() == [[0, 1, 2, 4, 3]]
    # For text 0: sentences 1 and 4 of text 1, then 3. For text 2: the four others.
    assert index.others(3).tolist() == [[1, 4, 3], [0, 2, 3], [0, 1, 2]]


def test_a_sentence_supports_neither_itself_nor_its_copies() -> None:
    vectors = torch.tensor([EAST, NORTH, WEST])
    others = SentenceIndex([0, 0, 1, 2, 0], vectors).others(2)
    assert others.tolist() == [[2, 3], [0, 1], [2, 0]]


def test_a_query_that_is_in_the_source_is_its_own_nearest() -> None:
    texts, vectors = drawn(60, 0)
    nearest = SentenceIndex(texts, vectors, rows=7).nearest(vectors, 1)
    assert nearest.flatten().tolist() == list(range(60))


def test_zeros_have_the_cosine_nought_and_poison_nothing() -> None:
    vectors = torch.tensor([WEST, (0.0, 0.0), EAST])
    index = SentenceIndex(range(3), vectors)
    assert index.nearest(QUERY, 3).tolist() == [[2, 1, 0]]  # 4/5, 0, -4/5
    assert index.nearest(torch.zeros(1, 2), 3).tolist() == [[0, 1, 2]]


def test_lengths_of_vectors_do_not_matter() -> None:
    vectors = torch.tensor([(3e-4, 4e-4), (3e6, 0.0), (0.0, 1.0)])
    index = SentenceIndex(range(3), vectors)
    # (3, 4)/5 with (4, 3)/5: 24/25; (1, 0): 20/25; (0, 1): 15/25.
    assert index.nearest(QUERY * 1e-3, 3).tolist() == [[0, 1, 2]]


@pytest.mark.parametrize("odd", [float("nan"), float("inf")])
def test_what_is_no_finite_number_is_refused(odd: float) -> None:
    vectors = torch.tensor([EAST, NORTH, (odd, 0.0), (0.0, odd)])
    with pytest.raises(ValueError, match=r"finite numbers, was: not so for 2 of 4\. Choose"):
        SentenceIndex(range(4), vectors)
    with pytest.raises(ValueError, match="was: not so for 1 of 1"):
        SentenceIndex(range(2), vectors[:2]).nearest(vectors[2:3], 1)


def test_more_than_there_are_is_refused() -> None:
    index = SentenceIndex([0, 1, 0], torch.tensor([EAST, NORTH]))
    assert index.nearest(QUERY, 3).tolist() == [[0, 2, 1]]
    with pytest.raises(ValueError, match=r"`k` must be from 1 to 3, .* was: 4"):
        index.nearest(QUERY, 4)
    with pytest.raises(ValueError, match=r"`k` must be from 1 to 1, .* was: 2"):
        index.others(2)
    with pytest.raises(ValueError, match=r"`k` must be from 1 to 3, .* was: 0"):
        index.nearest(QUERY, 0)


def test_shorter_products_that_training_allows_are_not_used(
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
