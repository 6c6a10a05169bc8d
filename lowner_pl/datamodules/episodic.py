"""Episodes: each sentence with the training sentences that are nearest to it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from torch.utils.data import DataLoader

from lowner_pl.corpus import Episode, Sentence, Sentences
from lowner_pl.datamodules.base import NERDataModule
from lowner_pl.datamodules.composed.cross_lingual import CrossLingualDataModule
from lowner_pl.datamodules.loaders import StreamingLoader, exact_training_loader
from lowner_pl.runs.ranges import check_range

if TYPE_CHECKING:
    from lowner_pl.nn.retrieval.retriever import Retriever

Part = Literal["train", "dev", "test", "predict"]


class EpisodicDataModule(CrossLingualDataModule):
    """The episodes of meta-learning (Wu et al., 2020, Eq. 4), from a source to targets.

    Batches are lists of episodes. In training each sentence of the source is a query, supported by
    the k other sentences that are nearest to it. In validation, test and prediction each sentence
    is supported by its k nearest training sentences of the source. Distances are cosine distances
    between sentence vectors of a pretrained backbone (Eq. 5 and 6). Entity types are those of
    :class:`CrossLingualDataModule`.

    On several devices, each meta-update uses ``batch_size`` different episodes per device.

    Args:
        source: The corpus to train on.
        targets: The corpora to test on; by default the source itself.
        k: Number of support sentences per query, at least 1; 2 in the paper.
        retrieval_backbone: Hugging Face hub id or folder of the masked language model that gives
            the sentence vectors, or ``embedded``. It isn't fine-tuned.
        pooling: How to compute the vector of a sentence: ``first`` takes the last hidden state of
            its first token, as in the paper; ``mean`` averages over its subwords.
        vector_cache: Folder that keeps sentence vectors for other runs, under names computed from
            the content of backbone and text; ``auto`` is ``vectors`` in the folder of all runs
            (``--log_root``), and ``null`` keeps none.
        batch_size: Episodes per meta-update and device; 32 in the paper.
        eval_batch_size: Episodes per batch and device in validation, test and prediction. Sentences
            with the same support can share one adaptation if they are in the same batch, so larger
            batches are faster.
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
        check_range("k", k, 1)
        self.k = k
        self.retrieval_backbone = retrieval_backbone
        self.pooling = pooling
        self.vector_cache = vector_cache
        self._made: dict[str, list[list[Episode]]] = {}
        self._retriever: Retriever | None = None

    def episodes(self, split: Part) -> list[Episode]:
        """Return the episodes of a split, in the order of :meth:`sentences`.

        Raises:
            FileNotFoundError: If the retrieval backbone can't be found.
            ValueError: If the sentences of the split don't fit the options.
        """
        if split == "predict" and self.predict_path is not None:
            return self._episodes_of(self.sentences("predict"), 0, keep=False)
        return [episode for part in self._parts(split) for episode in part]

    def episodes_of(self, sentences: Sequence[Sentence]) -> list[Episode]:
        """Give other sentences, such as raw text, their support from the source.

        The source's vectors are computed in the first call, or read from the cache.

        Raises:
            FileNotFoundError: If the source or the retrieval backbone can't be found.
        """
        return self._episodes_of(sentences, 0, keep=False)

    def test_sets(self) -> list[list[Sentence]]:
        """Return the test sentences, one list per test loader.

        Raises:
            ValueError: If a corpus has no test data.
        """
        sets = super().test_sets()
        for name, test in zip(self.test_names, sets, strict=True):
            if not test:
                raise ValueError(
                    f"The test data of {name} are empty. Check the files, or remove the corpus "
                    "from `targets`."
                )
        return sets

    def setup(self, stage: str) -> None:
        """Read the sentences of a stage, find their support, and free the retrieval backbone.

        Raises:
            FileNotFoundError: If the retrieval backbone can't be found.
            ValueError: If the corpora or ``k`` don't fit each other.
        """
        super().setup(stage)
        splits: dict[str, tuple[Part, ...]] = {
            "fit": ("train", "dev"),
            "validate": ("dev",),
            "test": ("test",),
            "predict": ("predict",) if self.predict_path is None else (),
        }
        for split in splits[stage]:
            self._parts(split)
        if not splits[
            stage
        ]:  # a file's episodes are made while it is predicted, but need the source's vectors
            _ = self._retriever_of_source().index
        self._retriever_of_source().vectors.free()

    def train_dataloader(self) -> DataLoader[object]:
        """Return the training batches, in an order that depends only on seed and epoch."""
        world_size, rank = self._world()
        return exact_training_loader(
            self.episodes("train"),
            batch_size=self.batch_size,
            num_workers=self.num_workers,
            seed=self.seed,
            world_size=world_size,
            rank=rank,
        )

    def val_dataloader(self) -> DataLoader[object]:
        """Return the development batches."""
        return self._evaluation_loader(self.episodes("dev"))

    def test_dataloader(self) -> list[DataLoader[object]]:
        """Return the test batches, one loader per test set."""
        return [self._evaluation_loader(part) for part in self._parts("test")]

    def predict_dataloader(self) -> Iterable[list[Episode]]:
        """Return the batches to predict; those of a file are made one at a time."""
        if self.predict_path is None:
            return self._evaluation_loader(self.episodes("predict"))
        return _EpisodeStream(self, self.to_predict(), *self._world())

    def _parts(self, split: Part) -> list[list[Episode]]:
        """Return the episodes of a split, one list per loader; they are made only once."""
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
        """Give each sentence its support.

        Args:
            sentences: The queries.
            first: Number of the first query in its split.
            step: Difference between the numbers of successive queries.
            is_source: Whether the queries are the training sentences.
            keep: Whether to keep their vectors in the cache.
        """
        source, retriever = self.sentences("train"), self._retriever_of_source()
        numbers = retriever.of_source() if is_source else retriever.of(sentences, keep=keep)
        supports = {row: tuple(source[number] for number in row) for row in set(numbers)}
        return [
            Episode(supports[row], query, first + place * step)
            for place, (query, row) in enumerate(zip(sentences, numbers, strict=True))
        ]

    def _retriever_of_source(self) -> "Retriever":
        """Return the retriever of training sentences, which is made only once."""
        if self._retriever is None:
            # Imported here: transformers takes seconds, and `--help` doesn't need it.
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
    """The episodes of a file, made one batch at a time. Frees the retrieval backbone at the end.

    Args:
        data: The data module.
        sentences: The sentences of the file.
        world_size: Number of devices.
        rank: Number of this device, from 0.
    """

    def __init__(
        self, data: EpisodicDataModule, sentences: Sentences, world_size: int, rank: int
    ) -> None:
        self._data = data
        self._batches = StreamingLoader(
            sentences, batch_size=data.eval_batch_size, world_size=world_size, rank=rank
        )
        self._world_size = world_size
        self._rank = rank

    def __len__(self) -> int:
        return len(self._batches)

    def __iter__(self) -> Iterator[list[Episode]]:
        first, step = self._rank, self._world_size
        try:
            for batch in self._batches:
                yield self._data._episodes_of(batch, first, step=step, keep=False)
                first += self._data.eval_batch_size * step
        finally:
            self._data._retriever_of_source().vectors.free()
