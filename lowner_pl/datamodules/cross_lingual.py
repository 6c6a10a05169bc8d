"""Training on one corpus, testing on others."""

from functools import cached_property
from typing import Any

from lowner_pl.corpus import Sentence
from lowner_pl.datamodules.base import NERDataModule, Split
from lowner_pl.datamodules.composed import ComposedDataModule


class CrossLingualDataModule(ComposedDataModule):
    """Zero-shot transfer: trained and selected on a source, tested on each target by itself.

    Entity types are those that the source and every target have. Any other type becomes ``O``
    everywhere: one that a target lacks could only be predicted wrongly there, so that the source
    does not teach it either; one that only targets have cannot be learnt.

    Of the inner corpora count everything that decides on their sentences: subsets, seeds of splits
    and ``type_map``; batches and loading are options of this one.

    Args:
        source: The corpus to train on.
        targets: The corpora to test on; the source may be among them.
        options: See :class:`NERDataModule`.

    Raises:
        ValueError: If there is no target, or two have the same name.
    """

    def __init__(self, source: NERDataModule, targets: list[NERDataModule], **options: Any) -> None:
        super().__init__(targets, **options)
        self.source = source
        self.targets = tuple(targets)
        self.name = f"{source.name}-to-{'+'.join(self.test_names)}"

    def types(self) -> tuple[str, ...]:
        """Return the entity types of the source that every target has.

        Raises:
            ValueError: If there is none.
        """
        return self._common

    @cached_property
    def _common(self) -> tuple[str, ...]:
        common = tuple(
            type_
            for type_ in self.source.entity_types
            if all(type_ in target.entity_types for target in self.targets)
        )
        if not common:
            types = {corpus.name: corpus.entity_types for corpus in (self.source, *self.targets)}
            raise ValueError(
                f"Source and targets must have entity types in common, was: {types}. Rename types "
                "with the `type_map` of the corpora."
            )
        return common

    def fate(self, type_: str) -> str | None:
        """Return what an entity type becomes: ``O`` unless all corpora have it."""
        return super().fate(type_) if type_ in self._common else None

    def read(self, split: Split) -> list[Sentence]:
        """Return the sentences of the source, or of all targets for the test."""
        if split == "test":
            return [sentence for target in self.targets for sentence in target.sentences("test")]
        return self.source.sentences(split)
