"""The union of several corpora."""

from typing import Any

from lowner_pl.corpus import Sentence
from lowner_pl.datamodules.base import NERDataModule, Split
from lowner_pl.datamodules.composed import ComposedDataModule


class MultilingualDataModule(ComposedDataModule):
    """Several corpora as one: trained and selected on all together, tested on each by itself.

    Of the inner corpora count everything that decides on their sentences: subsets, seeds of splits
    and ``type_map``; batches and loading are options of this one.

    Args:
        sources: The corpora. ``train_size`` of each is how many sentences it gives; that of this
            one would cut the union.
        options: See :class:`NERDataModule`.
    """

    def __init__(self, sources: list[NERDataModule], **options: Any) -> None:
        super().__init__(sources, **options)
        self.sources = tuple(sources)
        self.name = "+".join(source.name for source in sources)

    def types(self) -> tuple[str, ...]:
        """Return the entity types of all corpora, in order of first appearance."""
        return tuple(dict.fromkeys(type_ for s in self.sources for type_ in s.entity_types))

    def read(self, split: Split) -> list[Sentence]:
        """Return the sentences of all corpora, one corpus after the other."""
        return [sentence for source in self.sources for sentence in source.sentences(split)]
