"""The sentences of a split, with their places and tags as they stand in the file."""

from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from lowner_pl.auditing.finding import Place
from lowner_pl.corpus import Entity, Scheme, Sentence
from lowner_pl.corpus.conll.lines import Block

Role = Literal["train", "dev", "test"]
"""What a split is used for."""


class Entry(NamedTuple):
    """A sentence of a split.

    Attributes:
        split: Name of the split.
        number: Number of the sentence in the split, from 0.
        sentence: The sentence, with IOB2 tags.
        entities: Its entities.
        block: Its words and tags as they stand in the file, if they are known.
    """

    split: str
    number: int
    sentence: Sentence
    entities: tuple[Entity, ...]
    block: Block | None

    def place(self, position: int = 0) -> Place:
        """Say where a word stands: in its file, or else in which sentence of the split."""
        if self.sentence.place is None:
            return Place(self.split, self.number + 1, of_sentence=True)
        file, line = self.sentence.place
        return Place(file, line + position if self.block is None else self.block.line_of(position))


class Split(NamedTuple):
    """A part of a corpus.

    Attributes:
        name: Its name, such as ``train`` or ``test sw``.
        role: What it is used for.
        entries: Its sentences.
        scheme: Tag scheme of its file, if known.
        respelt: Tags that the file spells unusually, and how they are read.
        types: The entity types that it is annotated with; ``None`` for all.
    """

    name: str
    role: Role
    entries: Sequence[Entry]
    scheme: Scheme | None = None
    respelt: dict[str, str] | None = None
    types: tuple[str, ...] | None = None


def entries_of(splits: Iterable[Split]) -> Iterable[Entry]:
    """Yield the sentences of all splits."""
    for split in splits:
        yield from split.entries
