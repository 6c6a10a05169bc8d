"""Which sentences of a labelled pool are annotated in each round."""

from collections.abc import Sequence
from typing import Literal, get_args

import numpy as np

from lowner_pl.annotation.suggest import PathMeasure, Strategy, choose
from lowner_pl.annotation.suggest.similarity import NoveltyCheck
from lowner_pl.annotation.suggest.strategies import highest
from lowner_pl.corpus import Sentence
from lowner_pl.tagging import TextTagger

Simulated = Literal["random", "uncertainty", "entropy", "bald", "diverse", "balanced"]
SIMULATED: tuple[Simulated, ...] = get_args(Simulated)
"""The strategies of `choose`; ``entropy`` is its ``uncertainty`` with the measure ``entropy``."""


def first_sentences(pool: Sequence[Sentence], count: int, seed: int) -> list[int]:
    """Draw the sentences of the first round, when there is no tagger yet.

    Near duplicates are left out, as in the rounds that follow. The same seed draws the same
    sentences for every strategy, and more of them begin with fewer.

    Args:
        pool: The labelled sentences.
        count: Number of sentences to draw.
        seed: Seed of the draw.

    Returns:
        Their positions in the pool; fewer than ``count`` if all others are near duplicates.
    """
    order = np.random.default_rng(seed).permutation(len(pool))
    shuffled = [pool[at] for at in order]
    drawn = highest(np.zeros(len(pool)), count, NoveltyCheck(shuffled))
    return [int(order[one.place]) for one in drawn]


def next_sentences(
    tagger: TextTagger,
    pool: Sequence[Sentence],
    annotated: Sequence[int],
    strategy: Simulated,
    count: int,
    seed: int,
) -> list[int]:
    """Choose the sentences of a later round, as `suggest` does. Their tags change nothing.

    Args:
        tagger: The tagger of the round before.
        pool: The labelled sentences.
        annotated: Positions of those that are annotated.
        strategy: How to choose.
        count: Number of sentences to choose.
        seed: Seed of everything random.

    Returns:
        Their positions in the pool, the best first; fewer than ``count`` if all others are near
        duplicates.
    """
    known = {*annotated}
    left = [at for at in range(len(pool)) if at not in known]
    plain: Strategy = "uncertainty" if strategy == "entropy" else strategy
    measure: PathMeasure = "entropy" if strategy == "entropy" else "path"
    found = choose(
        tagger,
        [pool[at] for at in left],
        plain,
        count,
        seed,
        annotated=[pool[at] for at in annotated],
        measure=measure,
        fewer=True,
    )
    return [left[one.number] for one in found]
