"""What is annotated in each round, with an untrained tagger."""

import pytest

from lowner_pl.annotation.suggest import PathMeasure, Strategy, choose
from lowner_pl.corpus import Sentence
from lowner_pl.pipelines.simulation.choices import (
    SIMULATED,
    Simulated,
    first_sentences,
    next_sentences,
)
from lowner_pl.tagging import TextTagger

from ...annotation.suggest.test_choosing import tagger_of


@pytest.fixture
def tagger(tiny: str) -> TextTagger:
    return tagger_of("sner", tiny)


def test_the_first_sentences_depend_on_the_seed_alone_and_more_begin_with_fewer(
    swahili: list[Sentence],
) -> None:
    pool = swahili[:40]
    drawn = first_sentences(pool, 10, 3)
    assert len({*drawn}) == 10
    assert drawn == first_sentences(pool, 20, 3)[:10]
    assert drawn != first_sentences(pool, 10, 4)


def test_the_first_sentences_are_no_near_duplicates(swahili: list[Sentence]) -> None:
    pool = [*swahili[:5], *swahili[:5]]
    assert {at % 5 for at in first_sentences(pool, 10, 0)} == {*range(5)}
    assert len(first_sentences(pool, 10, 0)) == 5


@pytest.mark.parametrize("strategy", SIMULATED)
def test_every_strategy_chooses_new_sentences_whatever_their_tags(
    strategy: Simulated, tagger: TextTagger, swahili: list[Sentence]
) -> None:
    pool = swahili[:12]
    chosen = next_sentences(tagger, pool, [2, 7], strategy, 4, 1)
    assert len({*chosen} - {2, 7}) == 4
    hidden = [
        sentence if at in (2, 7) else sentence.with_tags(("O",) * len(sentence.words))
        for at, sentence in enumerate(pool)
    ]
    assert next_sentences(tagger, hidden, [2, 7], strategy, 4, 1) == chosen


@pytest.mark.parametrize("strategy", SIMULATED)
def test_sentences_are_chosen_as_suggest_does(
    strategy: Simulated, tagger: TextTagger, swahili: list[Sentence]
) -> None:
    pool, left = swahili[:12], [*swahili[:2], *swahili[3:12]]
    how: tuple[Strategy, PathMeasure] = (
        ("uncertainty", "entropy") if strategy == "entropy" else (strategy, "path")
    )
    found = choose(tagger, left, how[0], 3, 1, annotated=pool[2:3], measure=how[1])
    chosen = next_sentences(tagger, pool, [2], strategy, 3, 1)
    assert [pool[at] for at in chosen] == [left[one.number] for one in found]


def test_strategies_choose_differently(tagger: TextTagger, swahili: list[Sentence]) -> None:
    chosen = [next_sentences(tagger, swahili[:40], [2], one, 4, 1) for one in SIMULATED]
    assert len({*map(tuple, chosen)}) == len(SIMULATED)
