"""What a tagger finds in a text: entities with their place, and how sure it is of each."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from lowner_pl.tagging.markup import highlighted


@dataclass(frozen=True, slots=True)
class TaggedEntity:
    """An entity in a text: ``text[start:end]``.

    Args:
        start: Position of its first character, counting from 0; of its first word in
            `TextTagger.tag_words`.
        end: Position after its last character or word.
        type: Entity type such as ``PER``.
        text: The entity as it stands in the text.
        confidence: Probability that type and both borders are right, from 0 to 1.
    """

    start: int
    end: int
    type: str
    text: str
    confidence: float

    def as_dict(self) -> dict[str, Any]:
        """Convert to plain values, with the confidence to four digits."""
        return {**asdict(self), "confidence": round(self.confidence, 4)}


class TaggedText(list[TaggedEntity]):
    """The entities of a text in their order. A notebook shows the text with them highlighted.

    Args:
        text: The text.
        entities: Its entities.

    Attributes:
        text: The text.
    """

    def __init__(self, text: str, entities: Iterable[TaggedEntity] = ()) -> None:
        super().__init__(entities)
        self.text = text

    def above(self, confidence: float) -> "TaggedText":
        """Keep the entities of at least this confidence."""
        return TaggedText(self.text, (one for one in self if one.confidence >= confidence))

    def _repr_html_(self) -> str:
        """Write the text as HTML, which Jupyter shows."""
        return highlighted(self.text, self)
