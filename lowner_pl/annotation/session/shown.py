"""The sentence that a session shows, with the tagger's guess."""

from collections.abc import Iterable, Mapping, Sequence

from lowner_pl.annotation.session.events import Decided
from lowner_pl.annotation.session.items import Item, gaps_between
from lowner_pl.annotation.session.state import State
from lowner_pl.annotation.session.view import Current, Part
from lowner_pl.corpus import Entity, entities_of
from lowner_pl.tagging import TextTagger


class Shown:
    """Finds the sentence to decide, and tags it once for each tagger.

    Args:
        tagger: Makes the guesses.
        items: The sentences to choose from, by their names.

    Attributes:
        tagger: The tagger that makes the guesses.
    """

    def __init__(self, tagger: TextTagger, items: Mapping[str, Item]) -> None:
        self.tagger = tagger
        self._items = items
        self._guesses: dict[str, tuple[Part, ...]] = {}

    def current(self, state: State) -> Current | None:
        """Describe the sentence to decide: what was taken back, or the first one that waits."""
        if state.reopened:
            return self._again(state.reopened[-1])
        for name, reason in state.queue.items():
            if name in self._items and name not in state.decided:
                item, guess = self._items[name], self._guess(name)
                words = item.sentence.words
                return Current(name, words, item.gaps, guess, guess, reason, reopened=False)
        return None

    def use(self, tagger: TextTagger, state: State) -> None:
        """Let another tagger make the guesses; that of the sentence that is shown stays."""
        current = self.current(state)
        self.tagger = tagger
        self._guesses = {current.id: current.guess} if current else {}

    def tag(self, names: Iterable[str], tagger: TextTagger) -> dict[str, tuple[Part, ...]]:
        """Tag sentences together, before they are shown; this takes a while.

        Args:
            names: The sentences.
            tagger: The tagger.

        Returns:
            The guess for each sentence, for `keep`.
        """
        rows = [*names]
        found = tagger.tag_words([self._items[name].sentence.words for name in rows])
        return {
            name: tuple(Part(one.start, one.end, one.type, one.confidence) for one in entities)
            for name, entities in zip(rows, found, strict=True)
        }

    def keep(self, guesses: Mapping[str, tuple[Part, ...]]) -> None:
        """Keep guesses of `tagger` until their sentences are shown."""
        self._guesses = {**guesses, **self._guesses}

    def _again(self, one: Decided) -> Current:
        """Describe a sentence whose decision was taken back, as it was decided."""
        item = self._items.get(one.id)
        gaps = item.gaps if item else gaps_between(one.words)
        guess = _parts(entities_of(one.guess))
        shown = guess if one.action == "skip" else _parts(entities_of(one.tags))
        return Current(one.id, one.words, gaps, shown, guess, "", reopened=True)

    def _guess(self, name: str) -> tuple[Part, ...]:
        """Tag a sentence, once for each tagger."""
        if name not in self._guesses:
            self._guesses |= self.tag([name], self.tagger)
        return self._guesses[name]


def _parts(entities: Sequence[Entity]) -> tuple[Part, ...]:
    """Convert entities that have no confidence."""
    return tuple(Part(one.start, one.end, one.type) for one in entities)
