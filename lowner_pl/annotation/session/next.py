"""The sentences of a session that wait, and choosing the next ones."""

import random
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from lowner_pl.annotation.session.events import Queued
from lowner_pl.annotation.session.items import Item
from lowner_pl.annotation.session.state import State
from lowner_pl.annotation.session.view import Current
from lowner_pl.annotation.suggest import Strategy, choose
from lowner_pl.corpus import Sentence
from lowner_pl.tagging import TextTagger

COUNT = 20
"""Sentences that are chosen at a time."""
FEW = 10
"""Sentences that wait when the next ones are chosen."""
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


class Pool(NamedTuple):
    """The sentences to choose from.

    Attributes:
        ids: Their names.
        known: Sentences that they are compared to: decided ones and the one that is shown.
        number: Number of the choice.
    """

    ids: list[str]
    known: list[Sentence]
    number: int


class Waiting:
    """The sentences of a session that wait to be decided, and the choice of more.

    Args:
        items: The sentences to choose from, by their names.
        choose: Chooses the next sentences.
        known: Annotated sentences of the tagger's training, to which new ones are compared.

    Attributes:
        only_near_duplicates: Whether the latest choice found nothing, because all that is left
            resembles known sentences.
    """

    def __init__(
        self, items: Mapping[str, Item], choose: ChooseNext, known: Sequence[Sentence]
    ) -> None:
        self.only_near_duplicates = False
        self._items = items
        self._choose = choose
        self._known = known

    def are_few(self, state: State) -> bool:
        """Tell whether few sentences wait, and there may be others."""
        waiting = self._number(state)
        undecided = len(self._items) - len(state.decided.keys() & self._items.keys())
        return waiting <= FEW and undecided > waiting and not self.only_near_duplicates

    def is_empty(self, state: State) -> bool:
        """Tell whether no sentence waits."""
        return self._number(state) == 0

    def pool(self, state: State, shown: Current | None) -> Pool:
        """Find what can be chosen now: all that is undecided, but for the sentence shown."""
        out = {*state.decided, *(one.id for one in state.reopened)}
        out |= {shown.id} if shown else set()
        more = [Sentence(shown.words)] if shown else []
        known = [*self._known, *state.accepted, *state.skipped, *more]
        return Pool([one for one in self._items if one not in out], known, state.version)

    def choose(self, tagger: TextTagger, pool: Pool) -> dict[str, str]:
        """Choose sentences, the best first, each with the reason. This takes a while."""
        if not pool.ids:
            return {}
        sentences = [self._items[one].sentence for one in pool.ids]
        chosen = self._choose(tagger, sentences, pool.known, pool.number)
        return {pool.ids[place]: reason for place, reason in chosen}

    def queued(self, chosen: dict[str, str], state: State, shown: Current | None) -> Queued:
        """Let sentences wait in the place of others; the one that is shown stays the first."""
        if shown and shown.id in state.queue:
            chosen = {shown.id: state.queue[shown.id]} | chosen
        return Queued(tuple(chosen), tuple(chosen.values()))

    def _number(self, state: State) -> int:
        """Count the sentences that wait. Those of another text don't."""
        return sum(one in self._items for one in state.queue)
