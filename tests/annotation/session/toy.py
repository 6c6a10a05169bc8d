"""A session over a few sentences, with a tagger that finds capitalised words."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lowner_pl.annotation.session import Item, Journal, Output, Session
from lowner_pl.annotation.session.state import identify
from lowner_pl.corpus import Sentence
from lowner_pl.tagging import TextTagger

from ...tagging.capitals import capitals

TEXTS = ("Anna left Nairobi", "rain fell today", "we saw Berta Carla", "Dora slept", "who came ?")
IDS = [identify(text.split()) for text in TEXTS]


def items(texts: Sequence[str] = TEXTS) -> dict[str, Item]:
    """Make the sentences of texts whose words are separated by spaces."""
    rows = [tuple(text.split()) for text in texts]
    return {identify(row): Item(Sentence(row), (True,) * len(row)) for row in rows}


def in_order(
    _tagger: TextTagger, sentences: Sequence[Sentence], _decided: Sequence[Sentence], _number: int
) -> list[tuple[int, str]]:
    """Choose all sentences in their order."""
    return [(place, "it is next") for place in range(len(sentences))]


def session(out: Path, texts: Sequence[str] = TEXTS, **options: Any) -> Session:
    """Begin a session, or go on with one."""
    journal = Journal(journal_of(out))
    given: dict[str, Any] = {
        "tagger": capitals(),
        "choose": in_order,
        "types": ("PER", "LOC"),
        **options,
    }
    made = Session(items=items(texts), journal=journal, output=Output(out, journal.events), **given)
    made.choose_now()
    return made


def journal_of(out: Path) -> Path:
    """Name the journal of a session."""
    return out.with_name(f"{out.name}.journal")
