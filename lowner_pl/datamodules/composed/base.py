"""The base classes of corpora that are composed of others."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

from lowner_pl.corpus import Sentence
from lowner_pl.datamodules.base import NERDataModule, Split


class ComposedDataModule(NERDataModule, ABC):
    """A corpus that is tested on several others, each with its own scores.

    Args:
        tested: The corpora to test on, in the order of the test loaders.
        options: See :class:`NERDataModule`.

    Raises:
        ValueError: If there is no corpus to test on, or two have the same name.
    """

    def __init__(self, tested: Sequence[NERDataModule], **options: Any) -> None:
        super().__init__(**options)
        names = [corpus.name for corpus in tested]
        if not names:
            raise ValueError(f"{type(self).__name__} needs at least one corpus, but has none.")
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(
                f"{type(self).__name__} has several corpora named {', '.join(twice)[:80]}. List "
                "each corpus once, and give different ones a `name` of their own."
            )
        self._tested = tuple(tested)

    @property
    def test_names(self) -> list[str]:
        """The languages of the test sets, or the corpora's names if languages are ambiguous."""
        languages = [corpus.language for corpus in self._tested]
        if None in languages or len(set(languages)) < len(languages):
            return [corpus.name for corpus in self._tested]
        return [str(language) for language in languages]

    def _check_dev_types(self, dev: list[Sentence] | None) -> None:
        """Check nothing: each corpus checked its own before anything was cut."""

    def read_tests(self) -> list[list[Sentence]] | None:
        """Return the test sets of the corpora, or ``None`` if one has no test data."""
        if any(corpus.read_tests() is None for corpus in self._tested):
            return None
        return [corpus.sentences("test") for corpus in self._tested]


class DerivedDataModule(NERDataModule, ABC):
    """A corpus with the entity types, development and test data of another, its source.

    Args:
        source: The other corpus. Its options decide on its sentences.
        options: See :class:`NERDataModule`.
    """

    def __init__(self, source: NERDataModule, **options: Any) -> None:
        super().__init__(**options)
        self.source = source
        self.language = source.language
        self.file_format = source.file_format

    @abstractmethod
    def read_train(self) -> list[Sentence]:
        """Read the training sentences."""

    @property
    def test_names(self) -> list[str]:
        """The names of the source's test sets."""
        return self.source.test_names

    @property
    def has_training_data(self) -> bool:
        """Whether the source has training data."""
        return self.source.has_training_data

    @property
    def dev_types(self) -> tuple[str, ...] | None:
        """The entity types that the source's development data are annotated with."""
        return self._dev_types_of(self.source)

    def _check_dev_types(self, dev: list[Sentence] | None) -> None:
        """Check nothing: the source checked its own before anything was cut."""

    def original_types(self) -> tuple[str, ...]:
        """Return the entity types of the source."""
        return self.source.entity_types

    def read(self, split: Split) -> list[Sentence]:
        """Return the training sentences, or those of another split of the source."""
        return self.read_train() if split == "train" else self.source.sentences(split)

    def read_tests(self) -> list[list[Sentence]] | None:
        """Return the test sets of the source, or ``None`` if it has none."""
        return None if self.source.read_tests() is None else self.source.test_sets()

    def _advice(self) -> str:
        return "Give it to the source."
