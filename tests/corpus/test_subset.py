import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowner_pl.corpus import Sentence, split_off, subset

CORPUS = [Sentence((str(number),)) for number in range(50)]


@given(st.integers(1, 50), st.integers(1, 50), st.integers())
def test_subsets_with_the_same_seed_are_nested(small: int, large: int, seed: int) -> None:
    small, large = sorted((small, large))
    first, second = subset(CORPUS, small, seed=seed), subset(CORPUS, large, seed=seed)
    assert len(first) == small
    assert set(first) <= set(second)


def test_a_subset_keeps_the_order_and_depends_only_on_the_seed() -> None:
    chosen = subset(CORPUS, 10, seed=1)
    assert chosen == sorted(chosen, key=CORPUS.index)
    assert chosen == subset(tuple(CORPUS), 10, seed=1)
    assert chosen != subset(CORPUS, 10, seed=2)


def test_subsets_are_the_same_on_every_machine() -> None:
    # If a number here changes, every published result changes.
    assert [int(s.words[0]) for s in subset(CORPUS, 5, seed=0)] == [1, 14, 28, 36, 43]


def test_without_a_size_the_subset_is_the_whole_corpus() -> None:
    assert subset(CORPUS, None, seed=3) == CORPUS
    assert subset(CORPUS, 50, seed=3) == CORPUS


@pytest.mark.parametrize("size", [0, -1, 51])
def test_a_size_outside_the_corpus_is_refused(size: int) -> None:
    with pytest.raises(ValueError, match=f"subset of {size} sentences .* from 1 to 50"):
        subset(CORPUS, size, seed=0)


@given(st.lists(st.integers(0, 8), min_size=2), st.integers())
def test_a_split_loses_no_sentence_and_its_parts_share_none(numbers: list[int], seed: int) -> None:
    corpus = [Sentence((str(number),)) for number in numbers]
    if len(set(numbers)) == 1:
        return
    rest, held_out = split_off(corpus, fraction=0.5, seed=seed)
    assert sorted(s.words for s in rest + held_out) == sorted(s.words for s in corpus)
    assert not set(rest) & set(held_out)


def test_a_split_has_the_requested_size_and_keeps_the_order() -> None:
    rest, held_out = split_off(CORPUS, seed=0)
    assert (len(rest), len(held_out)) == (45, 5)
    rest, held_out = split_off(CORPUS, size=7, seed=0)
    assert len(held_out) == 7
    assert held_out == sorted(held_out, key=CORPUS.index)
    assert rest == sorted(rest, key=CORPUS.index)
    assert split_off(CORPUS, size=7, seed=0)[1] == held_out
    assert split_off(CORPUS, size=7, seed=1)[1] != held_out


@pytest.mark.parametrize("corpus", [CORPUS[:1], CORPUS[:1] * 3])
def test_a_split_with_an_empty_part_is_refused(corpus: list[Sentence]) -> None:
    with pytest.raises(ValueError, match=r"1 of \d sentences .* can't be split off"):
        split_off(corpus, seed=0)
