"""The union of several corpora."""

from typing import Any

from lowner_pl.corpus import Sentence, subset
from lowner_pl.datamodules.base import NERDataModule, Split
from lowner_pl.datamodules.composed.base import ComposedDataModule


class MultilingualDataModule(ComposedDataModule):
    """Several corpora as one: trained and selected on all together, tested on each by itself.

    Of the inner corpora count everything that decides on their sentences: subsets, seeds of splits
    and ``type_map``; batches and loading are options of this one.

    Args:
        sources: The corpora. ``train_size`` of each is how many sentences it gives; that of this
            one would cut the union.
        size_each: Training sentences, and as many development sentences, of each corpus: one
            option instead of two for each. Without, all that they give.
        options: See :class:`NERDataModule`.

    Raises:
        ValueError: If ``size_each`` is below 1.
    """

    def __init__(
        self, sources: list[NERDataModule], *, size_each: int | None = None, **options: Any
    ) -> None:
        super().__init__(sources, **options)
        if size_each is not None and size_each < 1:
            raise ValueError(f"`size_each` must be at least 1, was: {size_each}.")
        self.sources = tuple(sources)
        self.size_each = size_each
        self.name = "+".join(source.name for source in sources)

    @property
    def has_training_data(self) -> bool:
        """Whether all corpora have training data."""
        return all(source.has_training_data for source in self.sources)

    def types(self) -> tuple[str, ...]:
        """Return the entity types of all corpora, in order of first appearance."""
        return tuple(dict.fromkeys(type_ for s in self.sources for type_ in s.entity_types))

    def read(self, split: Split) -> list[Sentence]:
        """Return the sentences of all corpora, one corpus after the other."""
        return [sentence for source in self.sources for sentence in self._part(source, split)]

    def _part(self, source: NERDataModule, split: Split) -> list[Sentence]:
        """Return the sentences of a corpus, cut to size but for the test.

        Raises:
            ValueError: If it has fewer.
        """
        sentences = source.sentences(split)
        size = None if split == "test" else self.size_each
        if size is not None and size > len(sentences):
            raise ValueError(
                f"`size_each` must be at most {len(sentences)}, the {split} sentences that "
                f"{source.name} gives, was: {size}. Lower it, or leave it out and give each "
                "corpus its `train_size` and `dev_size`."
            )
        return subset(sentences, size, seed=source.subset_seed)
