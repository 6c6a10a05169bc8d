"""Training on one corpus, testing on others."""

from functools import cached_property
from typing import Any

from lightning.pytorch.utilities import rank_zero_info

from lowner_pl.corpus import Sentence, count_types
from lowner_pl.datamodules.base import NERDataModule, Split
from lowner_pl.datamodules.composed.base import ComposedDataModule


class CrossLingualDataModule(ComposedDataModule):
    """Zero-shot transfer: training and validation on a source, test scores for each target.

    The entity types are those that the source and all targets share. Entities of any type that only
    some corpora have become ``O`` everywhere, and their number is reported: a target that lacks
    the type would count each prediction of it as wrong, and a type that only targets have can't be
    learned. A corpus has the types of its training data, or of its test data if it has no training
    data. Types that occur only in development or test data stay in the gold tags and count as
    missed.

    The options of each corpus decide on its sentences (subsets, seeds of splits, ``type_map``);
    this data module's options decide on batches and loading.

    Args:
        source: The corpus to train on.
        targets: The corpora to test on, which may include the source.
        options: See :class:`NERDataModule`.

    Raises:
        ValueError: If there is no target, or two have the same name.
    """

    def __init__(self, source: NERDataModule, targets: list[NERDataModule], **options: Any) -> None:
        super().__init__(targets, **options)
        self.source = source
        self.targets = tuple(targets)
        self.name = f"{source.name}-to-{'+'.join(self.test_names)}"
        self._has_reported = False

    def original_types(self) -> tuple[str, ...]:
        """Return the entity types that the source and all targets share.

        Raises:
            ValueError: If there is none.
        """
        corpora = (self.source, *self.targets)
        common = tuple(
            type_
            for type_ in self.source.entity_types
            if all(type_ in target.entity_types for target in self.targets)
        )
        if not common:
            types = "; ".join(
                f"{corpus.name}: {', '.join(corpus.entity_types)}" for corpus in corpora
            )
            raise ValueError(
                f"Source and targets have no entity type in common ({types}). Rename types with "
                "the `type_map` of the corpora."
            )
        return common

    @cached_property
    def _unshared_types(self) -> frozenset[str]:
        """The types that some corpora have and others don't."""
        types = {t for corpus in (self.source, *self.targets) for t in corpus.entity_types}
        return frozenset(types.difference(self.original_types()))

    def map_type(self, type_: str) -> str | None:
        """Return the new name of an entity type, or ``None`` if only some corpora have it."""
        return None if type_ in self._unshared_types else super().map_type(type_)

    def gold_size(self) -> int | None:
        """Return the ``train_size`` of this data module or else of the source."""
        return self.train_size or self.source.gold_size()

    @property
    def has_training_data(self) -> bool:
        """Whether the source has training data."""
        return self.source.has_training_data

    @property
    def dev_types(self) -> tuple[str, ...] | None:
        """The entity types that the source's development data are annotated with."""
        return self._dev_types_of(self.source)

    def read(self, split: Split) -> list[Sentence]:
        """Return the sentences of the source; the test sentences are those of all targets."""
        if split == "test":
            return [sentence for target in self.targets for sentence in target.sentences("test")]
        return self.source.sentences(split)

    def setup(self, stage: str) -> None:
        """Read the sentences of a stage, and report once which entities become ``O``."""
        super().setup(stage)
        if stage != "predict" and not self._has_reported:
            self._has_reported = True
            self._report_dropped_entities(stage)

    def _report_dropped_entities(self, stage: str) -> None:
        """Report how many entities become ``O`` because some corpora lack their type."""
        parts: dict[str, list[Sentence]] = {}
        if stage != "test":
            parts[f"train {self.source.name}"] = self.source.sentences("train")
            parts[f"dev {self.source.name}"] = self.source.sentences("dev")
        if self.read_tests() is not None:
            parts |= {f"test {target.name}": target.sentences("test") for target in self.targets}
        counts = {name: count_types(part) for name, part in parts.items()}
        for type_ in sorted(self._unshared_types):
            numbers = [f"{n[type_]:,} in {name}" for name, n in counts.items() if type_ in n]
            if numbers:
                rank_zero_info(
                    f"{self.name}: {type_} entities become 'O' because not all of its corpora have "
                    f"this type: {', '.join(numbers)}."
                )
