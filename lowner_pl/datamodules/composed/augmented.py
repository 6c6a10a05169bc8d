"""A corpus with more training sentences: of files, or made by augmenters."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from lightning.pytorch.utilities import rank_zero_info

from lowner_pl.augmentation import Augmenter
from lowner_pl.corpus import (
    DUPLICATE,
    AugmentationReport,
    ConllFile,
    SeenSentences,
    Sentence,
    Sentences,
)
from lowner_pl.datamodules.base import NERDataModule, Split
from lowner_pl.datamodules.names import corpus_name


class AugmentedDataModule(NERDataModule):
    """A corpus trained on with augmented sentences behind its own; development and test are its.

    Of the source count everything that decides on its sentences: subsets, seeds of splits and
    ``type_map``; batches and loading are options of this one. ``train_size`` of the source is the
    number of gold sentences; that of this one would cut the union.

    Args:
        source: The corpus, whose training sentences are gold.
        files: CoNLL files of augmented sentences, of the entity types of the source.
        augmenters: Each makes sentences of the gold ones. An added sentence comes but once, and
            none is a gold, development or test sentence: on 100 sentences an augmenter does happen
            on test sentences, and a score on those would say nothing.
        augmentation_seed: Of the augmenters. It does not follow the run's seed, so that runs of
            several seeds share their data.
        name: Name in run folders, with the language of the source behind it; without it the name
            of the source, then files and augmenters.
        options: See :class:`NERDataModule`.

    Attributes:
        reports: What came of each file and augmenter, by its name, once the training data are read.

    Raises:
        ValueError: If there is neither file nor augmenter, or one is there twice.
    """

    def __init__(
        self,
        source: NERDataModule,
        *,
        files: list[str] | None = None,
        augmenters: list[Augmenter] | None = None,
        augmentation_seed: int = 0,
        name: str | None = None,
        **options: Any,
    ) -> None:
        super().__init__(**options)
        self.source = source
        self.files = tuple(files or ())
        self.augmenters = tuple(augmenters or ())
        self.augmentation_seed = augmentation_seed
        self.language = source.language
        added = [Path(file).stem for file in self.files] + [a.name for a in self.augmenters]
        if not added or len(set(added)) < len(added):
            raise ValueError(
                f"`files` and `augmenters` must add something, each under a name of its own, was: "
                f"{added}. Name a file or an augmenter, or use the source by itself."
            )
        found = "+".join([source.name, *(re.sub(r"[^\w-]+", "-", a) for a in added)])
        self.name = found if name is None else corpus_name(name, found, source.language)
        self.reports: dict[str, AugmentationReport] = {}

    @property
    def test_names(self) -> list[str]:
        """The names of the source's test sets."""
        return self.source.test_names

    @property
    def has_training_data(self) -> bool:
        """Whether the source has training data."""
        return self.source.has_training_data

    def types(self) -> tuple[str, ...]:
        """Return the entity types of the source."""
        return self.source.entity_types

    def read(self, split: Split) -> list[Sentence]:
        """Return the sentences of the source; the augmented ones behind those for training."""
        sentences = self.source.sentences(split)
        return sentences if split != "train" else [*sentences, *self._augmented(sentences)]

    def read_tests(self) -> list[list[Sentence]] | None:
        """Return the test sets of the source, or ``None`` if it has none."""
        return None if self.source.read_tests() is None else self.source.test_sets()

    def read_file(self, path: str | Path, *, labelled: bool) -> Sentences:
        """Return the sentences of a file, as the source reads it."""
        return self.source.read_file(path, labelled=labelled)

    def _augmented(self, gold: list[Sentence]) -> Iterator[Sentence]:
        """Yield what files and augmenters add.

        Raises:
            ValueError: If one of them adds nothing.
        """
        tests = chain.from_iterable(self.read_tests() or [])
        held_out = SeenSentences(chain(self.source.sentences("dev"), tests))
        seen = SeenSentences(gold)
        for name, sentences, report in self._parts(gold):
            for sentence in sentences:
                if sentence in held_out:
                    report.take_back("held_out")
                elif not seen.add(sentence):
                    report.take_back(DUPLICATE)
                else:
                    yield sentence
            rank_zero_info(f"{self.source.name} and {name}: {report}.")
            if not report.sentences_out:
                raise ValueError(
                    f"{name} must add new sentences, was: {report} beside the {len(gold):,} "
                    f"training sentences of {self.source.name}. Leave it out, or use more gold "
                    "sentences."
                )

    def _parts(
        self, gold: list[Sentence]
    ) -> Iterator[tuple[str, Iterable[Sentence], AugmentationReport]]:
        """Yield the name, the sentences and the report of each file and augmenter."""
        for file in self.files:
            sentences = ConllFile(file, language=self.language)
            size = len(sentences)
            report = AugmentationReport(sentences_in=size, sentences_out=size)
            self.reports[Path(file).stem] = report
            yield file, sentences, report
        for augmenter in self.augmenters:
            report = self.reports[augmenter.name] = AugmentationReport()
            made = augmenter.augment(gold, seed=self.augmentation_seed, report=report)
            yield type(augmenter).__name__, made, report

    def _advice(self) -> str:
        return "Give it to the source."
