"""Whether an entity is in the training sentences."""

from collections.abc import Iterable, Sequence
from enum import StrEnum

from lowner_pl.corpus.sentence import Sentence


class Familiarity(StrEnum):
    """Whether an entity is in the training sentences."""

    SEEN = "seen with this type"
    OTHER = "seen with other types only"
    NEW = "new"


class TrainingEntities:
    """The entities of the training sentences: their words, exactly, and their types.

    Args:
        sentences: The training sentences.
    """

    def __init__(self, sentences: Iterable[Sentence]) -> None:
        self._types: dict[tuple[str, ...], set[str]] = {}
        for sentence in sentences:
            for entity in sentence.entities:
                words = sentence.words[entity.start : entity.end]
                self._types.setdefault(words, set()).add(entity.type)

    def familiarity(self, words: Sequence[str], type_: str) -> Familiarity:
        """Look an entity up.

        Args:
            words: Its words. Upper and lower case differ.
            type_: Its type.
        """
        types = self._types.get(tuple(words))
        if types is None:
            return Familiarity.NEW
        return Familiarity.SEEN if type_ in types else Familiarity.OTHER
