"""A tagger for tests that finds runs of capitalised words, without a network."""

from typing import Any, cast

import torch

from lowner_pl.corpus import Entity, Sentence, tags_of
from lowner_pl.modules.tagging.steps import TaggingModule
from lowner_pl.tagging import TextTagger


class Capitals:
    """Finds runs of words that begin with a capital; a run of n words has confidence n / 10."""

    entity_types = ("PER",)
    temperature = None

    def __init__(self) -> None:
        self.batches: list[list[Sentence]] = []

    def tag_with_confidence(
        self, batch: list[Sentence], temperature: float
    ) -> tuple[list[tuple[str, ...]], list[list[float]]]:
        assert temperature == 1.0
        assert torch.is_inference_mode_enabled()
        self.batches.append(batch)
        found = [self._in(sentence.words) for sentence in batch]
        tags = [tags_of(row, len(s.words)) for row, s in zip(found, batch, strict=True)]
        return tags, [[(one.end - one.start) / 10 for one in row] for row in found]

    def _in(self, words: tuple[str, ...]) -> list[Entity]:
        found: list[Entity] = []
        start = None
        for at, word in enumerate([*words, ""]):
            if word[:1].isupper():
                start = at if start is None else start
            elif start is not None:
                found.append(Entity(start, at, "PER"))
                start = None
        return found


def capitals(**options: Any) -> TextTagger:
    """Make a tagger that finds capitalised words."""
    return TextTagger(cast(TaggingModule, Capitals()), **options)
