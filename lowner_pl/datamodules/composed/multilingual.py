"""The union of several corpora."""

from typing import Any

from lowner_pl.corpus import Sentence, subset
from lowner_pl.datamodules.base import NERDataModule, Split
from lowner_pl.datamodules.composed.base import ComposedDataModule
from lowner_pl.runs.ranges import check_range


class MultilingualDataModule(ComposedDataModule):
    """Several corpora as one: training and validation on all together, test scores for each.

    The options of each corpus decide on its sentences (subsets, seeds of splits, ``type_map``);
    this data module's options decide on batches and loading.

    Args:
        sources: The corpora. Limit the sentences of each with its own ``train_size``; the
            ``train_size`` of this data module limits the union.
        size_each: Number of training sentences, and also of development sentences, to use from
            each corpus; by default all of them.
        options: See :class:`NERDataModule`.

    Raises:
        ValueError: If ``size_each`` is below 1.
    """

    def __init__(
        self, sources: list[NERDataModule], *, size_each: int | None = None, **options: Any
    ) -> None:
        super().__init__(sources, **options)
        if size_each is not None:
            check_range("size_each", size_each, 1)
        self.sources = tuple(sources)
        self.size_each = size_each
        self.name = "+".join(source.name for source in sources)

    @property
    def has_training_data(self) -> bool:
        """Whether all corpora have training data."""
        return all(source.has_training_data for source in self.sources)

    def original_types(self) -> tuple[str, ...]:
        """Return the entity types of all corpora, in order of first appearance."""
        return tuple(dict.fromkeys(type_ for s in self.sources for type_ in s.entity_types))

    @property
    def dev_types(self) -> tuple[str, ...] | None:
        """The entity types that the development data of all corpora are annotated with.

        Raises:
            ValueError: If these differ between the corpora.
        """
        listed = [None if s.dev_types is None else {*s.dev_types} for s in self.sources]
        for source, types in zip(self.sources, listed, strict=True):
            if types != listed[0]:
                raise ValueError(
                    f"The development data of {self.sources[0].name} and {source.name} are scored "
                    f"together, but their `dev_types` differ: {_listed(listed[0])} and "
                    f"{_listed(types)}. Give both the same, or leave one of the corpora out."
                )
        return self._dev_types_of(self.sources[0])

    def read(self, split: Split) -> list[Sentence]:
        """Return the sentences of all corpora, corpus by corpus."""
        return [sentence for source in self.sources for sentence in self._part(source, split)]

    def _part(self, source: NERDataModule, split: Split) -> list[Sentence]:
        """Return the sentences of a corpus, cut to ``size_each`` unless they are test sentences.

        Raises:
            ValueError: If the corpus has too few sentences.
        """
        sentences = source.sentences(split)
        size = None if split == "test" else self.size_each
        if size is not None and size > len(sentences):
            raise ValueError(
                f"`size_each` is {size}, but {source.name} has only {len(sentences)} {split} "
                "sentences. Lower it, or leave it out and set `train_size` and `dev_size` for each "
                "corpus."
            )
        return subset(sentences, size, seed=source.subset_seed)


def _listed(types: set[str] | None) -> str:
    """List the types that the development data of a corpus are annotated with."""
    return "all" if types is None else ", ".join(sorted(types))
