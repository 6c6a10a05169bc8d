"""The base class of all corpora: entity types, splits and subsets, checks and loaders."""

from abc import abstractmethod
from collections.abc import Iterable
from dataclasses import replace
from functools import cached_property
from itertools import chain
from pathlib import Path
from typing import Literal, NoReturn

from lightning.pytorch.utilities import rank_zero_info
from torch.utils.data import DataLoader

from lowner_pl.corpus import (
    ConllFile,
    ConllFormat,
    Episode,
    Sentence,
    Sentences,
    count_types,
    gold_hash,
)
from lowner_pl.datamodules.entity_types import (
    MappedSentences,
    check_dev_types,
    check_has_entities,
    mapped_types,
    renamed_dev_types,
    types_in,
    warn_of_unseen_types,
)
from lowner_pl.datamodules.loaders import StreamingLoader, training_loader
from lowner_pl.datamodules.predict_files import check_pipe, open_untagged
from lowner_pl.datamodules.sentences import SentenceDataModule
from lowner_pl.datamodules.splits import check_share, train_and_dev, warn_of_overlap

Split = Literal["train", "dev", "test"]


class NERDataModule(SentenceDataModule):
    """A corpus with entity tags. Leaf classes implement :meth:`read`.

    The sentences of a data module depend only on its options and its files.

    Args:
        batch_size: Training sentences per batch and device.
        eval_batch_size: Sentences per batch and device in validation, test and prediction.
        train_size: Number of training sentences to use, by default all. Subsets with the same
            ``subset_seed`` are nested: the first 100 sentences are among the first 200.
        train_share: Share of the training sentences to use instead of a number, above 0 and at
            most 1. It is rounded to the nearest number of sentences, at least one.
        dev_size: Number of development sentences to use, by default all. If the corpus has no
            development data, this many training sentences are set aside for it, by default 10 %.
        subset_seed: Seed of the subsets, and of splits that the corpus itself doesn't have.
        type_map: Entity types to rename (``PERSON: PER``) or to drop (``MISC: null``), which turns
            their words into ``O``. Types that the corpus doesn't have are ignored, so one map can
            serve several corpora.
        seed: Seed of the order of the training sentences; by default the run's seed.
        predict_path: File or pipe to predict, by default the test data. Either a CoNLL file, whose
            tags are ignored, or raw text with one sentence per line and white space between words.
            A suffix such as ``.conll`` decides which; otherwise the lines do. Methods that
            generate sentences use the tags of a CoNLL file, and the training data by default.
            Files are read while they are predicted, so they can be larger than memory; pipes are
            copied to a temporary file first.
        num_workers: Number of worker processes; 0 loads in the main process and is the fastest,
            because there is little to do.

    Raises:
        ValueError: If a batch size is below 1, ``train_share`` isn't above 0 and at most 1, or
            both ``train_share`` and ``train_size`` are given.
    """

    corpus_types: tuple[str, ...] | None = None
    """Entity types as published; ``None`` collects them from the data."""
    file_format: ConllFormat = ConllFormat()
    """Format of the CoNLL files that a user gives, also of those to predict."""

    def __init__(
        self,
        *,
        batch_size: int = 16,
        eval_batch_size: int = 32,
        train_size: int | None = None,
        train_share: float | None = None,
        dev_size: int | None = None,
        subset_seed: int = 0,
        type_map: dict[str, str | None] | None = None,
        seed: int | None = None,
        predict_path: str | Path | None = None,
        num_workers: int = 0,
    ) -> None:
        super().__init__(
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            seed=seed,
            num_workers=num_workers,
        )
        check_share(train_share, train_size)
        self.train_size = train_size
        self.train_share = train_share
        self.dev_size = dev_size
        self.subset_seed = subset_seed
        self.type_map = dict(type_map or {})
        self.predict_path = predict_path
        self._raw: dict[Split, list[Sentence] | None] = {}
        self._tests: list[list[Sentence]] | None = None
        self._file: Sentences | None = None
        self._checked: set[str] = set()

    @abstractmethod
    def read(self, split: Split) -> list[Sentence] | None:
        """Read the sentences of a split, unmapped; ``None`` if the corpus has no such split."""

    def read_tests(self) -> list[list[Sentence]] | None:
        """Read the test sets, unmapped; ``None`` if the corpus has no test data."""
        test = self._read("test")
        return None if test is None else [test]

    def format_of(self, file: str) -> ConllFormat | None:  # noqa: ARG002
        """Return the layout of a file that sentences were read from; ``None`` if it is unknown."""
        return None

    def original_types(self) -> tuple[str, ...]:
        """Return the entity types before ``type_map``: as published, or as found in the data."""
        if self.corpus_types is not None:
            return self.corpus_types
        return types_in(self._read("train") or self._read("test") or [])

    def map_type(self, type_: str) -> str | None:
        """Return the new name of an entity type of the corpus, or ``None`` if it is dropped."""
        return self.type_map.get(type_, type_)

    def gold_size(self) -> int | None:
        """Return the ``train_size`` that limits the gold training sentences, if there is one."""
        return self.train_size

    @property
    def has_training_data(self) -> bool:
        """Whether a tagger can be trained on the corpus."""
        return self._read("train") is not None

    @property
    def test_names(self) -> list[str]:
        """One name per test loader."""
        return [self.language or "test"]

    def _advice(self) -> str:
        """Say how to supply a missing split, for messages."""
        return "Use a corpus that has it."

    @cached_property
    def entity_types(self) -> tuple[str, ...]:
        """The entity types that a tagger learns, after ``type_map``.

        They are the types of all training data, even if no sentence chosen by ``train_size`` has
        one of them, so that checkpoints of all sizes fit each other. The same types have the same
        order in every corpus. Development and test data may have more types; see `seen_types`.

        Raises:
            ValueError: If no type is left.
        """
        types = self.original_types()
        if not types:
            self._refuse_without_types()
        return mapped_types(types, self.map_type, corpus=self.name)

    def _refuse_without_types(self) -> NoReturn:
        """Say why there are no entity types."""
        if not self.has_training_data and self.read_tests() is None:
            raise ValueError(
                f"{self.name} has no training data: `{type(self).__name__}.read('train')` returned "
                "None. Check that the files it reads are there."
            )
        raise ValueError(
            f"The {'training' if self.has_training_data else 'test'} data of {self.name} contain "
            "no entities: all words are tagged 'O'. Check the tag column and `type_map`."
        )

    @property
    def dev_types(self) -> tuple[str, ...] | None:
        """The entity types that the development data are annotated with; ``None`` for all.

        A predicted entity of another type counts as wrong only if it overlaps a gold entity. The
        names are those after `type_map`. A subclass overrides this as a property or an attribute of
        the class.
        """
        return None

    def _check_dev_types(self, dev: list[Sentence] | None) -> None:
        """Check all development data, before they are cut to size; see `check_dev_types`."""
        if self.dev_types is not None:
            check_dev_types(self.dev_types, dev, self.entity_types, corpus=self.name)

    def _dev_types_of(self, source: "NERDataModule") -> tuple[str, ...] | None:
        """Return the `dev_types` of a corpus that this one is made of, under its own names."""
        if source.dev_types is None:
            return None
        return renamed_dev_types(
            source.dev_types, source.entity_types, self.map_type, corpus=self.name
        )

    @property
    def seen_types(self) -> tuple[str, ...]:
        """The entity types of the training sentences that are used.

        Entities of other types stay in the development and test data. They can't be learned and
        count as missed.
        """
        return types_in(self.sentences("train"))

    def sentences(self, split: Literal["train", "dev", "test", "predict"]) -> list[Sentence]:
        """Return the sentences of a split, with mapped entity types and cut to size.

        Raises:
            ValueError: If the corpus has no such split, or the options don't fit it.
        """
        if split == "test":
            return list(chain.from_iterable(self.test_sets()))
        if split == "predict":
            return list(self.to_predict())
        return list(self._train_and_dev[split])

    def test_sets(self) -> list[list[Sentence]]:
        """Return the test sentences, one list per test loader.

        Raises:
            ValueError: If the corpus has no test data.
        """
        if self._tests is None:
            tests = self.read_tests()
            if tests is None:
                raise ValueError(f"{self.name} has no test data. {self._advice()}")
            self._tests = [list(self._mapped(test, "test")) for test in tests]
        return [list(test) for test in self._tests]

    def whole(self) -> list[Sentence]:
        """Return all labelled sentences of the corpus, unmapped and whatever the sizes are cut to.

        They are those of the training, development and test data.
        """
        parts = [self._read("train"), self._read("dev"), *(self.read_tests() or [])]
        return [sentence for part in parts for sentence in part or []]

    def to_predict(self) -> Sentences:
        """Return the sentences to predict: those of `predict_path`, read lazily, or of a split."""
        if self.predict_path is None:
            return self.sentences(self.predict_split)
        if self._file is None:
            check_pipe(self.predict_path, devices=self._world()[0])
            if self.predict_split == "train":
                self._file = self._mapped(self.read_file(self.predict_path, labelled=True), "train")
            else:
                self._file = open_untagged(
                    self.predict_path, self.file_format, language=self.language
                )
        return self._file

    def read_file(self, path: str | Path, *, labelled: bool) -> Sentences:
        """Return the sentences of a CoNLL file in the corpus's format, with or without tags.

        The file is read anew in each iteration; nothing is kept in memory.
        """
        file_format = replace(self.file_format, labelled=labelled)
        return ConllFile(path, file_format, language=self.language)

    @cached_property
    def _description(self) -> dict[str, object]:
        train = self.sentences("train")
        return {
            **super().description(),
            "train_size": self.gold_size(),
            "train_sentences": len(train),
            "train_words": sum(len(sentence.words) for sentence in train),
            "train_entities": count_types(train),
            "train_sha256": gold_hash(train),
            **({} if self.dev_types is None else {"dev_types": [*self.dev_types]}),
        }

    def description(self) -> dict[str, object]:
        """Describe the data for the checkpoint, with the number of training entities per type."""
        return self._description

    @cached_property
    def _train_and_dev(self) -> dict[Literal["train", "dev"], list[Sentence]]:
        """Training and development sentences, mapped, split and cut to size."""
        train, dev = self._read("train"), self._read("dev")
        if train is None:
            raise ValueError(f"{self.name} has no training data. {self._advice()}")
        train = list(self._mapped(train, "train"))
        dev = None if dev is None else list(self._mapped(dev, "dev"))
        check_has_entities(train, corpus=self.name)
        self._check_dev_types(dev)
        train, dev = train_and_dev(
            train,
            dev,
            train_size=self.train_size,
            train_share=self.train_share,
            dev_size=self.dev_size,
            seed=self.subset_seed,
            corpus=self.name,
        )
        return {"train": train, "dev": dev}

    def _read(self, split: Split) -> list[Sentence] | None:
        if split not in self._raw:
            self._raw[split] = self.read(split)
        return self._raw[split]

    def _mapped(self, sentences: Sentences, split: Split) -> Sentences:
        """Rename and drop entity types; training data may only have the tagger's types."""
        types = self.entity_types if split == "train" else None
        origin = f"{self.name}, {split} data"
        return MappedSentences(sentences, self.map_type, entity_types=types, origin=origin)

    def setup(self, stage: str) -> None:
        """Read the sentences of a stage, and check them before the run begins.

        Warns of test sentences that are also training sentences, and of entities that will be
        scored although no training sentence has their type.

        Raises:
            ValueError: If a training tag has an entity type that the corpus doesn't have.
        """
        if stage == "predict":
            self.to_predict()
            return
        scored: dict[str, list[Sentence]] = {}
        if stage in ("fit", "validate"):
            scored["dev"] = self.sentences("dev")
        if stage == "test" or (stage == "fit" and self.read_tests() is not None):
            scored["test"] = self.sentences("test")
        if not self.has_training_data:
            return
        new = {name: part for name, part in scored.items() if name not in self._checked}
        self._checked |= new.keys()
        if "dev" in new and self.dev_types is not None:
            rank_zero_info(
                f"Dev scores of {self.name} are for {', '.join(self.dev_types)} (`dev_types`). "
                "Entities of other types count as wrong only if they overlap one of these."
            )
        if "test" in new:
            warn_of_overlap(self.sentences("train"), new["test"], corpus=self.name)
        warn_of_unseen_types(new, self.seen_types, corpus=self.name)

    def train_dataloader(self) -> DataLoader[object]:
        """Return the training batches, in an order that depends only on seed and epoch."""
        world_size, rank = self._world()
        return training_loader(
            self.sentences("train"),
            batch_size=self.batch_size,
            num_workers=self.num_workers,
            seed=self.seed,
            world_size=world_size,
            rank=rank,
        )

    def val_dataloader(self) -> DataLoader[object]:
        """Return the development batches."""
        return self._evaluation_loader(self.sentences("dev"))

    def test_dataloader(self) -> list[DataLoader[object]]:
        """Return the test batches, one loader per test set."""
        return [self._evaluation_loader(test) for test in self.test_sets()]

    def predict_dataloader(self) -> Iterable[list[Sentence] | list[Episode]]:
        """Return the batches to predict."""
        sentences = self.to_predict()
        if isinstance(sentences, list):
            return self._evaluation_loader(sentences)
        world_size, rank = self._world()
        return StreamingLoader(
            sentences, batch_size=self.eval_batch_size, world_size=world_size, rank=rank
        )
