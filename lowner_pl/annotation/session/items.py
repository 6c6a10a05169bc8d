"""The sentences of a session."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from lowner_pl.annotation.documents import Place
from lowner_pl.annotation.joining import find_words, join_words
from lowner_pl.annotation.session.state import identify
from lowner_pl.annotation.suggest.pool import Pool
from lowner_pl.corpus import Sentence


@dataclass(frozen=True, slots=True)
class Item:
    """A sentence to annotate.

    Args:
        sentence: The sentence, without tags.
        gaps: Whether a space follows each word.
    """

    sentence: Sentence
    gaps: tuple[bool, ...]


def items_of(pool: Pool) -> dict[str, Item]:
    """Name the sentences of a pool by their words; see `identify`."""
    return {
        identify(one.words): Item(one, _gaps(one.words, text))
        for one, text in zip(pool.sentences, pool.texts, strict=True)
    }


def gaps_between(words: Sequence[str]) -> tuple[bool, ...]:
    """Tell after which words a space follows, if only the words are known."""
    return _between(join_words(words)[1])


def _gaps(words: Sequence[str], text: str | None) -> tuple[bool, ...]:
    """Tell after which words of a text a space follows."""
    places = None if text is None else find_words(words, text)
    return gaps_between(words) if places is None else _between(places)


def _between(places: Sequence[Place]) -> tuple[bool, ...]:
    """Tell after which places there is a gap."""
    pairs = pairwise(places)
    return (*(one[1] < other[0] for one, other in pairs), False)
