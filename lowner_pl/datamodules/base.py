"""What all corpora share: entity types, splits, subsets, checks and loaders."""

from abc import abstractmethod
from collections.abc import Iterable
from itertools import chain
from pathlib import Path
from typing import Any, Literal

from lightning.pytorch.utilities import rank_zero_info, rank_zero_warn
from torch.utils.data import DataLoader

from lowner_pl.corpus import (
    ConllFile,
    ConllFormat,
    Sentence,
    Sentences,
    TextFile,
    count_types,
    is_pipe,
    split_off,
)
from lowner_pl.datamodules.inputs import is_text
from lowner_pl.datamodules.loaders import StreamingLoader, training_loader
from lowner_pl.datamodules.mapping import MappedSentences, type_order, types_in
from lowner_pl.datamodules.sentences import SentenceDataModule
from lowner_pl.datamodules.sizes import check_share, cut_to_size, size_of_share
from lowner_pl.datamodules.unseen import warn_of_unseen

Split = Literal["train", "dev", "test"]


class NERDataModule(SentenceDataModule):
    """A corpus. Leaf classes say in :meth:`read` where the sentences come from.

    What a data module holds is a pure function of its arguments and its files.

    Args:
        batch_size: Training sentences in a batch, per device.
        eval_batch_size: Sentences in a batch everywhere else.
        train_size: Number of training sentences to use; all without. Subsets of one seed are
            nested: the first 100 are among the first 200.
        train_share: The share of them instead, above 0 and up to 1: to the nearest number, but at
            least one.
        dev_size: Number of development sentences to use, likewise. A corpus without development
            data gives as many of its training sentences for it, else 10 % of them.
        subset_seed: Of the subsets, and of every split that the corpus does not have itself.
        type_map: Entity types to rename (``PERSON: PER``) or to drop (``MISC: null``), which makes
            their words ``O``. Types that the corpus does not have are ignored, so that one map
            serves many corpora.
        seed: Of the order of the training sentences; the run's seed without.
        predict_path: File or pipe to predict: a CoNLL file, whose tags, if any, are ignored, or
            raw text with a sentence a line and white space between words. ``.conll`` and the like
            are CoNLL; else the lines decide. The test data without. Methods that generate take
            the tags of a CoNLL file, or the training data without. A file is read as it is
            predicted: it may be larger than memory. A pipe is copied to a temporary file.
        num_workers: Processes that load batches; 0 is fastest, as there is little to do.

    Raises:
        ValueError: If a size is below 1, or ``train_share`` is no share or beside ``train_size``.
    """

    corpus_types: tuple[str, ...] | None = None
    """Entity types as published; ``None`` finds them in the data."""

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
        self.train_size = train_size
        self.train_share = train_share
        check_share(train_share, train_size)
        self.dev_size = dev_size
        self.subset_seed = subset_seed
        self.type_map = dict(type_map or {})
        self.predict_path = predict_path
        self._entity_types: tuple[str, ...] | None = None
        self._raw: dict[Split, list[Sentence] | None] = {}
        self._ready: dict[str, list[list[Sentence]]] = {}
        self._file: Sentences | None = None
        self._has_warned = False
        self._description: dict[str, Any] | None = None
        self._warned_of: set[str] = set()

    @abstractmethod
    def read(self, split: Split) -> list[Sentence] | None:
        """Return the sentences of a split as the corpus has them, or ``None`` if it has none."""

    def read_file(self, path: str | Path, *, labelled: bool) -> Sentences:
        """Return the sentences of a CoNLL file, spelt as the corpus is, with or without tags.

        They are read each time they are gone through, and not kept.
        """
        return ConllFile(path, ConllFormat(labelled=labelled), language=self.language)

    def read_tests(self) -> list[list[Sentence]] | None:
        """Return the test sets as the corpus has them, or ``None`` if it has none."""
        test = self._read("test")
        return None if test is None else [test]

    def types(self) -> tuple[str, ...]:
        """Return the entity types before ``type_map``: as published, or as found in the data."""
        if self.corpus_types is not None:
            return self.corpus_types
        return types_in(self._read("train") or self._read("test") or [])

    def fate(self, type_: str) -> str | None:
        """Return what an entity type of the corpus becomes; ``None`` is ``O``."""
        return self.type_map.get(type_, type_)

    @property
    def entity_types(self) -> tuple[str, ...]:
        """The entity types of the tagger, after ``type_map``.

        They are those of all training data, also where ``train_size`` leaves sentences without one
        of them: checkpoints of any size fit each other. The same types have the same order in
        every corpus. Development and test data may have further types; see `seen_types`.

        Raises:
            ValueError: If none is left.
        """
        if self._entity_types is None:
            types = self.types()
            fates = {fate for type_ in types if (fate := self.fate(type_))}
            if not fates:
                raise ValueError(
                    f"{self.name} must hold entities, was: only words tagged 'O' (types before "
                    f"`type_map`: {types}). Check the tag column and `type_map`."
                )
            self._entity_types = tuple(sorted(fates, key=type_order))
        return self._entity_types

    @property
    def has_training_data(self) -> bool:
        """Whether a tagger can be trained on the corpus."""
        return self._read("train") is not None

    @property
    def seen_types(self) -> tuple[str, ...]:
        """The entity types of the training sentences as used, subsets taken.

        Entities of other types are gold in the development and test data like any. They cannot be
        learnt, and count as missed.
        """
        return types_in(self.sentences("train"))

    @property
    def test_names(self) -> list[str]:
        """One name per test loader."""
        return [self.language or "test"]

    def sentences(self, split: Literal["train", "dev", "test", "predict"]) -> list[Sentence]:
        """Return the sentences of a split, mapped, split off and cut to size.

        Raises:
            ValueError: If the corpus has no such split, or it does not suit the options.
        """
        if split == "test":
            return list(chain.from_iterable(self.test_sets()))
        if split == "predict":
            return list(self.to_predict())
        if split not in self._ready:
            train, dev = self._train_and_dev()
            size, option = self.train_size, "train_size"
            if self.train_share is not None:
                size, option = size_of_share(self.train_share, len(train)), "train_share"
            self._ready["train"] = [self._cut(train, size, option)]
            self._ready["dev"] = [self._cut(dev, self.dev_size, "dev_size")]
        return list(self._ready[split][0])

    def description(self) -> dict[str, Any]:
        """Describe the data a checkpoint is trained on, with the entities of each type."""
        if self._description is None:
            train = self.sentences("train")
            source = getattr(self, "source", None)
            size = self.train_size if source is None else self.train_size or source.train_size
            self._description = {
                **super().description(),
                "train_size": size,
                "train_sentences": len(train),
                "train_entities": count_types(train),
            }
        return self._description

    def to_predict(self) -> Sentences:
        """Return the sentences to predict: of `predict_path`, read each time, or of a split."""
        if self.predict_path is None:
            return self.sentences(self.predict_split)
        if self._file is None:
            self._file = self._predicted_file(self.predict_path)
        return self._file

    def test_sets(self) -> list[list[Sentence]]:
        """Return the test sentences, one list per test loader.

        Raises:
            ValueError: If the corpus has no test data.
        """
        if "test" not in self._ready:
            tests = self.read_tests()
            if tests is None:
                raise ValueError(f"{self.name} must have test data, was: none. {self._advice()}")
            self._ready["test"] = [list(self._mapped(test, "test")) for test in tests]
        return [list(test) for test in self._ready["test"]]

    def setup(self, stage: str) -> None:
        """Read what the stage needs, and all else that could stop it later.

        A warning names the entities that will be scored though no training sentence has their type.

        Raises:
            ValueError: If a training tag is of no entity type of the corpus.
        """
        if stage == "predict":
            self.to_predict()
            return
        scored: dict[str, list[Sentence]] = {}
        if stage in ("fit", "validate"):
            scored["dev"] = self.sentences("dev")
        if stage == "test" or (stage == "fit" and self.read_tests() is not None):
            scored["test"] = self.sentences("test")
            self._warn_of_overlap()
        if self.has_training_data:
            new = {name: part for name, part in scored.items() if name not in self._warned_of}
            self._warned_of |= new.keys()
            warn_of_unseen(new, self.seen_types, corpus=self.name)

    def train_dataloader(self) -> DataLoader[Any]:
        """Return the training batches, in an order that only seed and epoch decide."""
        world_size, rank = self._world()
        return training_loader(
            self.sentences("train"),
            batch_size=self.batch_size,
            num_workers=self.num_workers,
            seed=self.seed,
            world_size=world_size,
            rank=rank,
        )

    def val_dataloader(self) -> DataLoader[Any]:
        """Return the development batches."""
        return self._evaluation_loader(self.sentences("dev"))

    def test_dataloader(self) -> list[DataLoader[Any]]:
        """Return the test batches, one loader per test set."""
        return [self._evaluation_loader(test) for test in self.test_sets()]

    def predict_dataloader(self) -> Iterable[Any]:
        """Return the batches to predict."""
        sentences = self.to_predict()
        if isinstance(sentences, list):
            return self._evaluation_loader(sentences)
        world_size, rank = self._world()
        return StreamingLoader(
            sentences, batch_size=self.eval_batch_size, world_size=world_size, rank=rank
        )

    def _read(self, split: Split) -> list[Sentence] | None:
        if split not in self._raw:
            self._raw[split] = self.read(split)
        return self._raw[split]

    def _train_and_dev(self) -> tuple[list[Sentence], list[Sentence]]:
        """Return all training and development sentences, mapped and parted."""
        train, dev = self._read("train"), self._read("dev")
        if train is None:
            raise ValueError(f"{self.name} must have training data, was: none. {self._advice()}")
        train = list(self._mapped(train, "train"))
        if not any(tag != "O" for sentence in train for tag in sentence.tags or ()):
            raise ValueError(
                f"The training data of {self.name} must hold entities, was: {len(train):,} "
                "sentences of words tagged 'O'. Check the tag column and `type_map`."
            )
        if dev is not None:
            return train, list(self._mapped(dev, "dev"))
        rest, dev = split_off(train, size=self.dev_size, seed=self.subset_seed)
        rank_zero_info(
            f"{self.name} has no development data: {len(dev):,} of its {len(train):,} training "
            f"sentences became it (seed {self.subset_seed}), {len(rest):,} remain."
        )
        return rest, dev

    def _cut(self, sentences: list[Sentence], size: int | None, option: str) -> list[Sentence]:
        """Return the seeded subset that an option asks for."""
        return cut_to_size(sentences, size, option=option, seed=self.subset_seed, corpus=self.name)

    def _mapped(self, sentences: Sentences, split: Split) -> Sentences:
        """Return the sentences with their types mapped; training data have the tagger's alone."""
        types = self.entity_types if split == "train" else None
        origin = f"{self.name}, {split} data"
        return MappedSentences(sentences, self.fate, entity_types=types, origin=origin)

    def _predicted_file(self, path: str | Path) -> Sentences:
        """Return the sentences of the file to predict."""
        if is_pipe(path) and self._world()[0] > 1:
            raise ValueError(
                f"A pipe can be read by one process, was: '{path}' on {self._world()[0]} devices. "
                "Write it to a file, or predict on one device."
            )
        if self.predict_split == "train":
            return self._mapped(self.read_file(path, labelled=True), "train")
        form = getattr(self, "form", ConllFormat())
        if is_text(path, form.encoding):
            return TextFile(path, language=self.language, encoding=form.encoding)
        return self.read_file(path, labelled=False)

    def _warn_of_overlap(self) -> None:
        """Warn once, with the count, of test sentences that are also training sentences."""
        if self._has_warned or not self.has_training_data:
            return
        self._has_warned = True
        seen = {sentence.words for sentence in self.sentences("train")}
        tests = self.sentences("test")
        if shared := sum(sentence.words in seen for sentence in tests):
            rank_zero_warn(
                f"{shared:,} of the {len(tests):,} test sentences of {self.name} are also among "
                f"its {len(self.sentences('train')):,} training sentences."
            )

    def _advice(self) -> str:
        """Return how a user gives a missing split."""
        return "Use a corpus that has it."
