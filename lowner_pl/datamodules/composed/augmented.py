"""A corpus with augmented training sentences, from files or made by augmenters."""

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
)
from lowner_pl.datamodules.base import NERDataModule
from lowner_pl.datamodules.composed.base import DerivedDataModule
from lowner_pl.datamodules.names import corpus_name


class AugmentedDataModule(DerivedDataModule):
    """A corpus with augmented sentences added to its training data.

    Development and test data are those of the source. The source's options decide on its sentences
    (subsets, seeds of splits, ``type_map``); this data module's options decide on batches and
    loading. The ``train_size`` of the source is the number of gold sentences; the ``train_size`` of
    this data module limits gold and augmented sentences together.

    Args:
        source: The corpus whose training sentences are the gold sentences.
        files: CoNLL files of augmented sentences, with the entity types of the source.
        augmenters: Augmenters that make new sentences from the gold sentences. Each sentence is
            added only once, and never if it is a gold, development or test sentence: with 100
            gold sentences augmenters do produce test sentences by chance, which would make the
            scores meaningless.
        augmentation_seed: Seed of the augmenters. It is independent of the run's seed, so that
            runs with different seeds share their data.
        name: Name in run folders, with the language of the source appended; by default the name of
            the source followed by those of files and augmenters.
        options: See :class:`NERDataModule`.

    Attributes:
        reports: The report of each file and augmenter, by its name. Filled when the training data
            are read.

    Raises:
        ValueError: If there is neither a file nor an augmenter, or two have the same name.
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
        super().__init__(source, **options)
        self.files = tuple(files or ())
        self.augmenters = tuple(augmenters or ())
        self.augmentation_seed = augmentation_seed
        added = [Path(file).stem for file in self.files] + [a.name for a in self.augmenters]
        if not added:
            raise ValueError(
                "`files` and `augmenters` are empty. Name a file or an augmenter, or use the "
                "source by itself."
            )
        if twice := sorted({name for name in added if added.count(name) > 1}):
            raise ValueError(
                f"`files` and `augmenters` have the name {', '.join(twice)[:80]} more than once. "
                "Give each file a name of its own, and use each augmenter once."
            )
        found = "+".join([source.name, *(re.sub(r"[^\w-]+", "-", a) for a in added)])
        self.name = found if name is None else corpus_name(name, found, source.language)
        self.reports: dict[str, AugmentationReport] = {}

    def gold_size(self) -> int | None:
        """Return the ``train_size`` of this data module or else of the source."""
        return self.train_size or self.source.gold_size()

    def read_train(self) -> list[Sentence]:
        """Return the training sentences of the source, followed by the augmented ones."""
        gold = self.source.sentences("train")
        return [*gold, *self._augmented(gold)]

    def _augmented(self, gold: list[Sentence]) -> Iterator[Sentence]:
        """Yield the new sentences of all files and augmenters.

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
                    f"{name} adds no new sentence to the {len(gold):,} training sentences of "
                    f"{self.source.name}: {report}. Leave it out, or use more gold sentences."
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
