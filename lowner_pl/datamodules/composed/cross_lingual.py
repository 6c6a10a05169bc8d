"""Training on one corpus, testing on others."""

from functools import cached_property
from typing import Any

from lightning.pytorch.utilities import rank_zero_info

from lowner_pl.corpus import Sentence, count_types
from lowner_pl.datamodules.base import NERDataModule, Split
from lowner_pl.datamodules.composed.base import ComposedDataModule


class CrossLingualDataModule(ComposedDataModule):
    """Zero-shot transfer: trained and selected on a source, tested on each target by itself.

    Entity types are those that the source and every target have. A type that some have and others
    lack becomes ``O`` everywhere, and is said with its number of entities: one that a target lacks
    could only be predicted wrongly there, so that the source does not teach it either; one that
    only targets have cannot be learnt. A corpus has the types of its training data, or of its test
    data if it has no others. A type that none has by this rule, as it occurs in development or
    test data alone, stays in the gold tags and counts as missed.

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
        self._has_said = False

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

    @cached_property
    def _uncommon(self) -> frozenset[str]:
        """The types that some of the corpora have and others do not."""
        corpora = (self.source, *self.targets)
        return frozenset(t for corpus in corpora for t in corpus.entity_types) - {*self._common}

    @property
    def has_training_data(self) -> bool:
        """Whether the source has training data."""
        return self.source.has_training_data

    def setup(self, stage: str) -> None:
        """Read what the stage needs, and say once which entities become ``O``."""
        super().setup(stage)
        if stage != "predict" and not self._has_said:
            self._has_said = True
            self._say_what_is_dropped(stage)

    def _say_what_is_dropped(self, stage: str) -> None:
        """Say how many entities of which types become ``O``, as not all corpora have them."""
        parts: dict[str, list[Sentence]] = {}
        if stage != "test":
            parts[f"train {self.source.name}"] = self.source.sentences("train")
            parts[f"dev {self.source.name}"] = self.source.sentences("dev")
        if self.read_tests() is not None:
            parts |= {f"test {target.name}": target.sentences("test") for target in self.targets}
        counts = {name: count_types(part) for name, part in parts.items()}
        for type_ in sorted(self._uncommon):
            numbers = [f"{n[type_]:,} in {name}" for name, n in counts.items() if type_ in n]
            if numbers:
                rank_zero_info(
                    f"{self.name}: entities of {type_} become 'O', as not all of its corpora have "
                    f"the type: {', '.join(numbers)}."
                )

    def fate(self, type_: str) -> str | None:
        """Return what an entity type becomes: ``O`` if some corpora have it and others do not."""
        return None if type_ in self._uncommon else super().fate(type_)

    def read(self, split: Split) -> list[Sentence]:
        """Return the sentences of the source, or of all targets for the test."""
        if split == "test":
            return [sentence for target in self.targets for sentence in target.sentences("test")]
        return self.source.sentences(split)
