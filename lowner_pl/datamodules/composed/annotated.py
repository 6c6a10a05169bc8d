"""A corpus of which only the sentences in a file have been annotated."""

from pathlib import Path
from typing import Any

from lowner_pl.corpus import ConllFile, Sentence
from lowner_pl.datamodules.base import NERDataModule
from lowner_pl.datamodules.composed.base import DerivedDataModule


class AnnotatedDataModule(DerivedDataModule):
    """A corpus that is trained on the sentences of a file instead of its own training data.

    Entity types, development and test data and the name are those of the source. A tagger thus
    knows every entity type of the corpus, also one that no annotated sentence has yet.

    Args:
        source: The corpus.
        file: CoNLL file of the annotated sentences, with the entity types of the source.
        options: See :class:`NERDataModule`.
    """

    def __init__(self, source: NERDataModule, *, file: str | Path, **options: Any) -> None:
        super().__init__(source, **options)
        self.file = file
        self.name = source.name

    def gold_size(self) -> int:
        """Return the number of training sentences."""
        return len(self.sentences("train"))

    def read_train(self) -> list[Sentence]:
        """Read the sentences of the file."""
        return list(ConllFile(self.file, language=self.language))
