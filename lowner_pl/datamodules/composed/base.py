"""Corpora made of corpora."""

from abc import ABC
from collections.abc import Sequence
from typing import Any

from lowner_pl.corpus import Sentence
from lowner_pl.datamodules.base import NERDataModule


class ComposedDataModule(NERDataModule, ABC):
    """A corpus that is tested on several others, each by itself.

    Args:
        tested: The corpora to test on, in the order of the test loaders.
        options: See :class:`NERDataModule`.

    Raises:
        ValueError: If there is none, or two have the same name.
    """

    def __init__(self, tested: Sequence[NERDataModule], **options: Any) -> None:
        super().__init__(**options)
        names = [corpus.name for corpus in tested]
        if not names or len(set(names)) < len(names):
            raise ValueError(
                f"{type(self).__name__} needs corpora of different names, was: {names}. List one "
                "or more, each once, and give those of one name a `name` of their own."
            )
        self._tested = tuple(tested)

    @property
    def test_names(self) -> list[str]:
        """The languages of the test sets, or the corpora's names where these are not distinct."""
        languages = [corpus.language for corpus in self._tested]
        if None in languages or len(set(languages)) < len(languages):
            return [corpus.name for corpus in self._tested]
        return [str(language) for language in languages]

    def read_tests(self) -> list[list[Sentence]] | None:
        """Return the test sets of the corpora, or ``None`` if one has no test data."""
        if any(corpus.read_tests() is None for corpus in self._tested):
            return None
        return [corpus.sentences("test") for corpus in self._tested]
