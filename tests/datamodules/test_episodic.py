"""Episodes: the support of queries, their distribution to devices, and what is refused."""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from lightning.pytorch import Trainer
from torch import Tensor

from lowner_pl.corpus import Episode, Sentence, queries, write_conll
from lowner_pl.datamodules import ConllDataModule, EpisodicDataModule
from lowner_pl.nn import SentenceVectors, load_backbone
from lowner_pl.nn.retrieval import sentence_vectors
from tests.datamodules.corpus_folders import english, episodic, german, mine, msra, sample_english
from tests.datamodules.test_contract import on
from tests.datamodules.test_loaders import Collector

pytestmark = [
    pytest.mark.usefixtures("offline"),
    pytest.mark.filterwarnings("ignore:. of the . test sentences of small-en-to-en are also among"),
]
ANN, BEN, COE, DAN = (
    Sentence((name, *words), ("B-PER", *"O" * len(words)), "en")
    for name, words in (
        ("Ann", ["left", "the", "house", "in", "May"]),
        ("Ben", ["sings"]),
        ("Coe", ["was", "here"]),
        ("Dan", ["and", "some", "of", "the", "others", "came", "too", "late"]),
    )
)


# Loading takes a second and nothing changes what is loaded.
load_once = functools.cache(load_backbone)


@pytest.fixture(autouse=True)
def loads(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the loaded backbones, in order."""
    loads: list[str] = []

    def watched(name: str) -> Any:
        loads.append(name)
        return load_once(name)

    monkeypatch.setattr(sentence_vectors, "load_backbone", watched)
    return loads


def corpus(folder: Path, **options: Any) -> EpisodicDataModule:
    """Create episodes of a small corpus with copies, whose dev and test sentences are in it."""
    splits = {"train": [ANN, BEN, ANN, COE, DAN, BEN], "dev": [BEN], "test": [DAN, COE, DAN]}
    for name, sentences in splits.items():
        write_conll(folder / f"{name}.conll", sentences)
    paths = {f"{name}_path": folder / f"{name}.conll" for name in splits}
    source = ConllDataModule(**paths, language="en", name="small")  # type: ignore[arg-type]
    return EpisodicDataModule(source, **{"vector_cache": None, **options})


def nearest(query: Tensor, others: list[Tensor], k: int) -> list[int]:
    """Find the k vectors with the highest cosine, computed in 64 bits, in ascending order."""
    cosines = torch.cosine_similarity(query[None].double(), torch.stack(others).double()).tolist()
    return sorted(sorted(range(len(others)), key=lambda n: (-round(cosines[n], 6), n))[:k])


class TestSupport:
    @pytest.mark.parametrize("options", [{"k": 2}, {"k": 5, "pooling": "mean"}, {"k": 1}])
    def test_the_nearest_source_sentences_support_a_query_in_corpus_order(
        self, options: dict[str, Any]
    ) -> None:
        data = episodic(**options)
        source = data.sentences("train")
        embed = SentenceVectors(pooling=options.get("pooling", "first"))
        vectors = list(embed(source))
        for split, step in (("train", 3), ("dev", 2), ("test", 7)):
            episodes = data.episodes(split)[::step]  # type: ignore[arg-type]
            for episode, vector in zip(episodes, embed(queries(episodes)), strict=True):
                words = episode.query.words if split == "train" else None
                others = [n for n, sentence in enumerate(source) if sentence.words != words]
                places = nearest(vector, [vectors[n] for n in others], options["k"])
                assert episode.support == tuple(source[others[place]] for place in places)

    def test_episodes_follow_the_order_of_the_sentences_and_are_numbered(self) -> None:
        data = episodic()
        for split in ("train", "dev", "test", "predict"):
            episodes = data.episodes(split)
            assert queries(episodes) == data.sentences(split)
            assert [episode.number for episode in episodes] == list(range(len(episodes)))

    def test_a_copy_of_a_query_does_not_support_it(self, tmp_path: Path) -> None:
        supports = [episode.support for episode in corpus(tmp_path, k=3).episodes("train")]
        for query, support in zip([ANN, BEN, ANN, COE, DAN, BEN], supports, strict=True):
            assert len(support) == 3
            assert query not in support
        assert supports[0] is supports[2]
        assert supports[1] is supports[5]

    def test_a_dev_or_test_sentence_that_the_source_has_too_is_supported_by_it(
        self, tmp_path: Path
    ) -> None:
        data = corpus(tmp_path, k=1)
        assert [episode.support for episode in data.episodes("dev")] == [(BEN,)]
        assert [episode.support for episode in data.episodes("test")] == [(DAN,), (COE,), (DAN,)]
        assert [e.support for e in corpus(tmp_path, k=2).episodes("dev")] == [(BEN, BEN)]

    def test_support_sentences_have_only_the_types_of_the_tagger(self) -> None:
        # English has MISC but Chinese does not, like French in the paper.
        data = EpisodicDataModule(english(), [msra()], vector_cache=None)
        assert data.entity_types == ("PER", "ORG", "LOC")
        sentences = [s for e in data.episodes("train") for s in (*e.support, e.query)]
        sentences += [s for e in data.episodes("test") for s in e.support]
        assert {e.type for s in sentences for e in s.entities} == {"PER", "ORG", "LOC"}
        assert any(e.type == "MISC" for s in english().sentences("train") for e in s.entities)

    def test_only_the_chosen_subset_of_the_source_supports(self) -> None:
        data = episodic(train_size=6)
        assert {s for e in data.episodes("test") for s in e.support} <= {*data.sentences("train")}


def test_the_source_is_the_default_target() -> None:
    data = EpisodicDataModule(sample_english(), vector_cache=None)
    assert data.name == "sample-en-to-en"
    assert data.test_sets() == [sample_english().sentences("test")]
    assert (data.batch_size, data.eval_batch_size, data.k) == (32, 256, 2)
    assert data.yields_episodes
    assert not english().yields_episodes


@pytest.mark.parametrize("batch_size", [1, 4, 7])
def test_devices_divide_the_episodes_of_a_batch_among_them(batch_size: int) -> None:
    whole = list(episodic(batch_size=3 * batch_size, seed=4).train_dataloader())
    ranks = [
        list(on(episodic(batch_size=batch_size, seed=4), 3, rank).train_dataloader())
        for rank in range(3)
    ]
    for batch, *shares in zip(whole, *ranks, strict=True):
        assert [batch[rank::3] for rank in range(3)] == shares
    assert sum(map(len, whole)) == len(episodic().sentences("train"))


class TestVectors:
    def test_the_backbone_is_loaded_once_when_needed_and_then_freed(
        self, loads: list[str], tmp_path: Path, tiny: str
    ) -> None:
        def build() -> EpisodicDataModule:
            cache = str(tmp_path / "cache")
            return corpus(tmp_path, retrieval_backbone=tiny, vector_cache=cache)

        data = build()
        assert data.entity_types
        assert data.sentences("train")
        assert loads == []
        data.setup("fit")
        data.setup("fit")  # the command line calls it, and the Trainer again
        list(data.train_dataloader())
        list(data.val_dataloader())
        assert loads == [tiny]
        assert data._retriever_of_source().vectors._loaded is None
        assert len(list((tmp_path / "cache").glob("*.npz"))) == 2  # train, dev
        build().setup("fit")
        assert loads == [tiny]
        build().setup("test")
        assert loads == [tiny, tiny]
        build().setup("test")
        assert loads == [tiny, tiny]

    def test_episodes_are_made_once_even_without_a_cache(
        self, loads: list[str], tmp_path: Path
    ) -> None:
        data = corpus(tmp_path)
        for stage in ("fit", "fit", "validate"):
            data.setup(stage)
        assert data.episodes("train")[0] is data.episodes("train")[0]
        assert loads == ["embedded"]
        data.setup("test")
        data.setup("predict")
        assert loads == ["embedded"] * 2

    def test_other_backbones_and_poolings_find_other_support(self, tiny: str) -> None:
        supports = {
            tuple(e.support for e in data.episodes("train"))
            for data in (episodic(), episodic(pooling="mean"), episodic(retrieval_backbone=tiny))
        }
        assert len(supports) == 3


class TestPredict:
    @pytest.fixture
    def file(self, tmp_path: Path) -> Path:
        lines = [" ".join(s.words) for s in german().sentences("test")[:7]]
        (tmp_path / "raw.txt").write_text("\n".join([*lines, "Ann left"]) + "\n")
        return tmp_path / "raw.txt"

    @pytest.mark.parametrize("world_size", [1, 2, 3])
    def test_sentences_of_a_file_are_supported_by_the_source(
        self, file: Path, world_size: int
    ) -> None:
        data = episodic(predict_path=file, eval_batch_size=2)
        expected = data.episodes("predict")
        assert queries(expected) == data.sentences("predict")
        assert all(episode.query.tags is None for episode in expected)
        shares: list[Any] = []
        for rank in range(world_size):
            loader: Any = on(data, world_size, rank).predict_dataloader()
            batches = list(loader)
            assert len(batches) == len(loader)
            assert all(len(batch) <= 2 for batch in batches)
            shares.append([episode for batch in batches for episode in batch])
            assert shares[-1] == expected[rank::world_size]

    def test_episodes_of_a_file_are_made_one_batch_at_a_time(
        self, file: Path, loads: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        read = 0

        class Watched(list[Sentence]):
            def __iter__(self) -> Iterator[Sentence]:
                nonlocal read
                for sentence in super().__iter__():
                    read += 1
                    yield sentence

        data = episodic(predict_path=file, eval_batch_size=3)
        data.setup("predict")
        sentences = Watched(data.sentences("predict"))
        monkeypatch.setattr(data, "to_predict", lambda: sentences)
        loads.clear()
        for number, batch in enumerate(data.predict_dataloader(), 1):
            assert read == min(3 * number, 8)
            assert all(isinstance(item, Episode) for item in batch)
        assert loads == ["embedded"]
        assert data._retriever_of_source().vectors._loaded is None

    def test_lightning_passes_the_episodes_of_a_file_on_unchanged(self, file: Path) -> None:
        trainer = Trainer(
            accelerator="cpu",
            logger=False,
            enable_progress_bar=False,
            enable_checkpointing=False,
            enable_model_summary=False,
        )
        data = episodic(predict_path=file, eval_batch_size=5)
        batches = trainer.predict(Collector(), datamodule=data)
        expected = episodic(predict_path=file).episodes("predict")
        assert batches == [expected[:5], expected[5:]]

    def test_the_vectors_of_a_file_are_not_cached(self, file: Path, tmp_path: Path) -> None:
        data = episodic(predict_path=file, vector_cache=str(tmp_path / "cache"))
        data.setup("predict")
        assert len(list(data.predict_dataloader())) == 1
        assert len(data.episodes("predict")) == 8
        assert len(list((tmp_path / "cache").glob("*.npz"))) == 1  # those of the source


class TestRefusals:
    def test_k_of_zero_is_refused(self) -> None:
        with pytest.raises(ValueError, match="`k` is 0, but it must be at least 1"):
            episodic(k=0)

    @pytest.mark.parametrize("stage", ["fit", "validate", "test", "predict"])
    def test_a_k_that_some_query_cannot_have_is_refused(
        self, tmp_path: Path, stage: str, loads: list[str]
    ) -> None:
        corpus(tmp_path, k=4).setup(stage)  # 6 sentences, two of which occur twice
        loads.clear()
        expected = (
            r"`k` is 5, but it must be at most 4: .*\(6 sentences, the most frequent one 2 tim"
        )
        with pytest.raises(ValueError, match=expected):
            corpus(tmp_path, k=5).setup(stage)
        assert loads == []

    @pytest.mark.filterwarnings("ignore:No training sentence:UserWarning")
    def test_a_source_with_a_single_sentence_is_refused(self) -> None:
        source = mine(train_size=1, language="en")
        with pytest.raises(
            ValueError, match=r"`k` is 2, but it must be at most 0: .* more sentences"
        ):
            EpisodicDataModule(source, vector_cache=None).setup("fit")

    @pytest.mark.parametrize("stage", ["fit", "test", "predict"])
    def test_a_missing_backbone_is_named_with_its_option(self, stage: str) -> None:
        data = episodic(retrieval_backbone="no/such-model")
        with pytest.raises(FileNotFoundError, match=r"^`retrieval_backbone`: .*'no/such-model'"):
            data.setup(stage)

    def test_an_empty_list_of_targets_is_refused(self) -> None:
        with pytest.raises(ValueError, match="EpisodicDataModule needs at least one corpus"):
            EpisodicDataModule(english(), [])

    @pytest.mark.parametrize("stage", ["fit", "test"])
    def test_a_target_with_empty_test_data_is_refused(
        self, stage: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        target = german()
        monkeypatch.setattr(target, "read", lambda _: [])
        data = EpisodicDataModule(english(), [msra(), target], vector_cache=None)
        with pytest.raises(ValueError, match="The test data of de are empty"):
            data.setup(stage)

    def test_an_empty_test_file_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "empty.conll").write_text("\n")
        target = mine(test_path=tmp_path / "empty.conll", language="xx")
        data = EpisodicDataModule(english(), [target], vector_cache=None)
        with pytest.raises(ValueError, match=r"empty\.conll contains no sentences"):
            data.setup("fit")
