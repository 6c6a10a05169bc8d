"""Choosing the next sentences of a session."""

import random
from collections.abc import Callable, Sequence

from lowner_pl.annotation.suggest import Strategy, choose
from lowner_pl.corpus import Sentence
from lowner_pl.tagging import TextTagger

COUNT = 20
"""Sentences that are chosen at a time."""
Chosen = list[tuple[int, str]]
"""Positions of the chosen sentences, the best first, each with the reason."""
ChooseNext = Callable[[TextTagger, Sequence[Sentence], Sequence[Sentence], int], Chosen]
"""Chooses among sentences, given those that are decided, and the number of the choice."""


def chooser(strategy: Strategy, *, seed: int, most: int) -> ChooseNext:
    """Make what chooses the next sentences.

    Args:
        strategy: How to choose; see `choose`.
        seed: Seed of everything random.
        most: Sentences that are looked at for a choice, drawn at random; with more text, a choice
            would take minutes. Further ones follow only if all of them are near duplicates.
    """

    def choose_next(
        tagger: TextTagger, sentences: Sequence[Sentence], decided: Sequence[Sentence], number: int
    ) -> Chosen:
        order = list(range(len(sentences)))
        random.Random(f"{seed} {number}").shuffle(order)
        for first in range(0, len(order), most):
            places = order[first : first + most]
            found = choose(
                tagger,
                [sentences[place] for place in places],
                strategy,
                min(COUNT, len(places)),
                seed + number,
                annotated=decided,
                fewer=True,
            )
            if found:
                return [(places[one.number], one.reason) for one in found]
        return []

    return choose_next
