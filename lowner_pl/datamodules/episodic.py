"""Episodes: each sentence with the training sentences that are nearest to it."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from torch.utils.data import DataLoader

from lowner_pl.corpus import Episode, Sentence, Sentences
from lowner_pl.datamodules.base import NERDataModule
from lowner_pl.datamodules.composed.cross_lingual import CrossLingualDataModule
from lowner_pl.datamodules.loaders import StreamingLoader
from lowner_pl.datamodules.shared_batches import shared_loader

if TYPE_CHECKING:
    from lowner_pl.nn.retrieval.retriever import Retriever

Part = Literal["train", "dev", "test", "predict"]


class EpisodicDataModule(CrossLingualDataModule):
    """The episodes of meta-learning (Wu et al., 2020, Eq. 4), from a source to targets.

    Batches are lists of episodes. In training each sentence of the source is a query, supported by
    the others that are nearest to it; in all else a sentence is supported by those training
    sentences of the source that are nearest. Near is what has a high cosine with the vector that a
    pre-trained backbone gives it (Eq. 5 and 6). Other training options and entity types are as for
    :class:`CrossLingualDataModule`.

    Under several devices a batch of all of them together has ``batch_size`` tasks for each, and
    no task twice.

    Args:
        source: The corpus to train on.
        targets: The corpora to test on; without, the source itself.
        k: Sentences that support a query; 2 in the paper.
        retrieval_backbone: Hugging Face hub id or folder of the masked language model whose vectors
            are compared, or ``embedded``. Nothing is fine-tuned in it.
        pooling: The vector of a sentence: the last hidden state of its ``first`` token, as in the
            paper, or the ``mean`` of those of its subwords.
        vector_cache: Folder that keeps vectors of the corpora for other runs, under names that
            follow from the content of backbone and text; ``auto`` is ``vectors`` in the folder of
            all runs (``--log_root``), and ``null`` keeps none.
        batch_size: Tasks of a meta-update, per device; 32 in the paper.
        eval_batch_size: Tasks in a batch everywhere else. Sentences of the same support can share
            what is adapted to it if they are in one batch, so that larger is better.
        options: See :class:`NERDataModule`.

    Raises:
        ValueError: If ``k`` is below 1.
    """

    yields_episodes = True

    def __init__(
        self,
        source: NERDataModule,
        targets: list[NERDataModule] | None = None,
        *,
        k: int = 2,
        retrieval_backbone: str = "embedded",
        pooling: Literal["first", "mean"] = "first",
        vector_cache: str | None = "auto",
        batch_size: int = 32,
        eval_batch_size: int = 256,
        **options: Any,
    ) -> None:
        super().__init__(
            source,
            [source] if targets is None else targets,
            batch_size=batch_size,
            eval_batch_size=eval_batch_size,
            **options,
        )
        if k < 1:
            raise ValueError(f"`k` must be at least 1, was: {k}.")
        self.k = k
        self.retrieval_backbone = retrieval_backbone
        self.pooling = pooling
        self.vector_cache = vector_cache
        self._made: dict[str, list[list[Episode]]] = {}
        self._retriever: Retriever | None = None

    def episodes(self, split: Part) -> list[Episode]:
        """Return the episodes of a split, in the order of :meth:`sentences`.

        Raises:
            FileNotFoundError: If the backbone of the retrieval is not there.
            ValueError: If the sentences of the split do not suit the options.
        """
        if split == "predict" and self.predict_path is not None:
            return list(self._episodes_of(self.sentences("predict"), 0, keep=False))
        return [episode for part in self._parts(split) for episode in part]

    def test_sets(self) -> list[list[Sentence]]:
        """Return the test sentences, one list per test loader.

        Raises:
            ValueError: If a corpus has no test data.
        """
        sets = super().test_sets()
        for name, test in zip(self.test_names, sets, strict=True):
            if not test:
                raise ValueError(
                    f"The test data of {name} must hold sentences, was: none. Check its files, or "
                    "take it out of `targets`."
                )
        return sets

    def setup(self, stage: str) -> None:
        """Read what the stage needs, find the support, and let go of what found it.

        Raises:
            FileNotFoundError: If the backbone of the retrieval is not there.
            ValueError: If the corpora or ``k`` do not suit each other.
        """
        super().setup(stage)
        splits: dict[str, tuple[Part, ...]] = {"fit": ("train", "dev"), "validate": ("dev",)}
        if stage == "predict" and self.predict_path is not None:
            assert self._found().index  # of the source; the file is read as it is predicted
        else:
            for split in splits.get(stage, (stage,)):
                self._parts(split)  # type: ignore[arg-type]
        self._found().vectors.free()

    def train_dataloader(self) -> DataLoader[Any]:
        """Return the training batches, in an order that only seed and epoch decide."""
        world_size, rank = self._world()
        return shared_loader(
            self.episodes("train"),
            batch_size=self.batch_size,
            num_workers=self.num_workers,
            seed=self.seed,
            world_size=world_size,
            rank=rank,
        )

    def val_dataloader(self) -> DataLoader[Any]:
        """Return the development batches."""
        return self._evaluation_loader(self.episodes("dev"))

    def test_dataloader(self) -> list[DataLoader[Any]]:
        """Return the test batches, one loader per test set."""
        return [self._evaluation_loader(part) for part in self._parts("test")]

    def predict_dataloader(self) -> Iterable[Any]:
        """Return the batches to predict; of a file one is held at a time."""
        if self.predict_path is None:
            return self._evaluation_loader(self.episodes("predict"))
        world_size, rank = self._world()
        return _EpisodeStream(
            self.to_predict(),
            lambda sentences, first: self._episodes_of(
                sentences, first, step=world_size, keep=False
            ),
            self._found().vectors.free,
            batch_size=self.eval_batch_size,
            world_size=world_size,
            rank=rank,
        )

    def _parts(self, split: Part) -> list[list[Episode]]:
        """Return the episodes of a split of the corpora, one list per loader; made once."""
        name = self.predict_split if split == "predict" else split
        if name not in self._made:
            parts, first = [], 0
            for part in self.test_sets() if name == "test" else [self.sentences(name)]:
                parts.append(self._episodes_of(part, first, is_source=name == "train"))
                first += len(part)
            self._made[name] = parts
        return self._made[name]

    def _episodes_of(
        self,
        sentences: Sequence[Sentence],
        first: int,
        *,
        step: int = 1,
        is_source: bool = False,
        keep: bool = True,
    ) -> list[Episode]:
        """Return sentences with their support.

        Args:
            sentences: The queries.
            first: Number of the first one in its split.
            step: From the number of one to that of the next.
            is_source: Whether they are the training sentences.
            keep: Whether their vectors are kept on disk.
        """
        source, found = self.sentences("train"), self._found()
        numbers = found.of_source() if is_source else found.of(sentences, keep=keep)
        supports = {row: tuple(source[number] for number in row) for row in set(numbers)}
        return [
            Episode(supports[row], query, first + place * step)
            for place, (query, row) in enumerate(zip(sentences, numbers, strict=True))
        ]

    def _found(self) -> "Retriever":
        """Return what finds the support."""
        if self._retriever is None:
            # Imported here: transformers takes seconds, and `--help` needs none of it.
            from lowner_pl.nn.retrieval.retriever import Retriever
            from lowner_pl.nn.retrieval.sentence_vectors import SentenceVectors

            auto = str(self.log_root / "vectors")
            vectors = SentenceVectors(
                self.retrieval_backbone,
                pooling=self.pooling,
                cache=auto if self.vector_cache == "auto" else self.vector_cache,
            )
            self._retriever = Retriever(self.sentences("train"), vectors, k=self.k)
        return self._retriever


class _EpisodeStream:
    """Batches of a file as episodes, of which only one a device is held at a time.

    Args:
        sentences: The sentences of the file.
        make: Makes episodes of a device's share and the number of its first sentence.
        close: Called behind the last batch.
        batch_size: Sentences in a batch.
        world_size: Number of devices.
        rank: Number of this device, from 0.
    """

    def __init__(
        self,
        sentences: Sentences,
        make: Callable[[list[Sentence], int], list[Episode]],
        close: Callable[[], None],
        *,
        batch_size: int,
        world_size: int,
        rank: int,
    ) -> None:
        self._batches = StreamingLoader(
            sentences, batch_size=batch_size, world_size=world_size, rank=rank
        )
        self._make = make
        self._close = close
        self._step = batch_size * world_size
        self._rank = rank

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[list[Episode]]:
        try:
            for number, batch in enumerate(self._batches):
                yield self._make(batch, number * self._step + self._rank)
        finally:
            self._close()
