"""The contract of every data module of tagged sentences."""

import inspect
import re
from collections import Counter
from types import SimpleNamespace
from typing import Any

import pytest
from torch.utils.data import DistributedSampler

from lowner_pl import datamodules
from lowner_pl.corpus import Episode, Sentence, TagSet, queries
from lowner_pl.datamodules import NERDataModule
from tests.datamodules.corpus_folders import BUILDERS, Builder

SPLITS = ("train", "dev", "test", "predict")


def test_every_tagged_corpus_has_a_builder() -> None:
    values = [getattr(datamodules, name) for name in datamodules.__all__]
    classes = [value for value in values if inspect.isclass(value)]
    exported = {
        value
        for value in classes
        if issubclass(value, NERDataModule) and not inspect.isabstract(value)
    }
    assert exported == {type(build()) for build in BUILDERS}


def on(data: NERDataModule, world_size: int, rank: int) -> NERDataModule:
    """Make a data module believe that it runs on one of several devices."""
    trainer: Any = SimpleNamespace(world_size=world_size, global_rank=rank)
    data.trainer = trainer
    return data


@pytest.mark.parametrize("build", BUILDERS, ids=lambda build: build.__name__)
class TestContract:
    def test_every_word_has_a_tag_from_the_tag_set(self, build: Builder) -> None:
        data = build()
        tag_set = TagSet(data.entity_types)
        for split in SPLITS:
            sentences = data.sentences(split)  # type: ignore[arg-type]
            assert sentences
            for sentence in sentences:
                assert sentence.tags is not None
                assert tag_set.decode(tag_set.encode(sentence.tags)) == sentence.tags

    def test_entity_types_have_the_common_order(self, build: Builder) -> None:
        types = build().entity_types
        assert list(types) == [t for t in ("PER", "ORG", "LOC", "MISC", "DATE") if t in types]

    def test_entity_types_can_be_dropped_and_renamed(self, build: Builder) -> None:
        plain = build()
        data = build(type_map={"PER": "PERSON", "LOC": None, "NO_SUCH_TYPE": None})
        assert set(data.entity_types) == {*plain.entity_types, "PERSON"} - {"PER", "LOC"}
        for before, after in zip(plain.sentences("test"), data.sentences("test"), strict=True):
            kept = [(e.start, e.end, e.type) for e in before.entities if e.type != "LOC"]
            assert [
                (e.start, e.end, e.type.replace("PERSON", "PER")) for e in after.entities
            ] == kept

    def test_the_same_options_give_the_same_sentences(self, build: Builder) -> None:
        data, other = build(), build()
        for split in SPLITS:
            sentences = data.sentences(split)  # type: ignore[arg-type]
            sentences.reverse()
            assert data.sentences(split) == sentences[::-1] == other.sentences(split)  # type: ignore[arg-type]

    def test_no_sentence_is_in_two_splits(self, build: Builder) -> None:
        # The files of the toy corpora share none, so a shared one would be our mistake.
        data = build()
        train, dev, test = ({s.words for s in data.sentences(split)} for split in SPLITS[:3])  # type: ignore[arg-type]
        assert not train & dev
        assert not (train | dev) & test

    def test_subsets_are_nested_and_seeded(self, build: Builder) -> None:
        whole, some = build().sentences("train"), build(train_size=12).sentences("train")
        few = build(train_size=5).sentences("train")
        assert (len(few), len(some)) == (5, 12)
        assert not Counter(few) - Counter(some)
        assert not Counter(some) - Counter(whole)
        assert build(train_size=5).sentences("train") == few
        assert build(train_size=5, subset_seed=1).sentences("train") != few

    def test_dev_size_sets_the_number_of_development_sentences(self, build: Builder) -> None:
        assert len(build(dev_size=2).sentences("dev")) == 2

    def test_the_message_about_a_size_beyond_the_corpus_has_both_numbers(
        self, build: Builder
    ) -> None:
        size = len(build().sentences("train"))
        with pytest.raises(
            ValueError, match=rf"`train_size` is 5000, .* between 1 and {size}, the"
        ):
            build(train_size=5000).sentences("train")

    def test_every_test_loader_has_a_name(self, build: Builder) -> None:
        data = build()
        assert len(data.test_names) == len(set(data.test_names)) == len(data.test_dataloader())
        assert [s for test in data.test_sets() for s in test] == data.sentences("test")
        assert re.fullmatch(r"[\w+-]+", data.name)

    @pytest.mark.parametrize("world_size", [1, 2, 3])
    @pytest.mark.parametrize("batch_size", [1, 4, 100])
    def test_evaluation_gives_each_sentence_to_one_device_once(
        self, build: Builder, world_size: int, batch_size: int
    ) -> None:
        data = build(eval_batch_size=batch_size)
        per_rank: list[list[list[Sentence]]] = []
        for rank in range(world_size):
            on(data, world_size, rank)
            loaders = data.test_dataloader()
            per_rank.append([queries(batch) for loader in loaders for batch in loader])
            shares = [sentence for batch in loaders[0] for sentence in queries(batch)]
            assert shares == data.test_sets()[0][rank::world_size]
        assert len({len(batches) for batches in per_rank}) == 1
        seen = Counter(s for batches in per_rank for batch in batches for s in batch)
        assert seen == Counter(data.sentences("test"))
        assert all(len(batch) <= batch_size for batches in per_rank for batch in batches)

    def test_on_one_device_evaluation_is_in_corpus_order(self, build: Builder) -> None:
        data = build()
        for loader, split in (
            (data.val_dataloader(), "dev"),
            (data.predict_dataloader(), "predict"),
        ):
            batches = [queries(batch) for batch in loader]
            assert [s for batch in batches for s in batch] == data.sentences(split)  # type: ignore[arg-type]

    def test_the_training_order_depends_only_on_seed_and_epoch(self, build: Builder) -> None:
        def order(data: NERDataModule, epoch: int) -> list[Sentence]:
            loader = data.train_dataloader()
            assert isinstance(loader.sampler, DistributedSampler)
            loader.sampler.set_epoch(epoch)
            return [sentence for batch in loader for sentence in queries(batch)]

        resumed = order(build(seed=1), 3)
        data = build(seed=1)
        orders = [order(data, epoch) for epoch in range(4)]
        assert orders[3] == resumed
        assert orders[2] != resumed
        assert Counter(resumed) == Counter(data.sentences("train"))
        assert order(build(seed=2), 0) != orders[0]

    def test_batches_hold_episodes_or_sentences_as_declared(self, build: Builder) -> None:
        data = build()
        kind = Episode if data.yields_episodes else Sentence
        loaders = [data.train_dataloader(), data.val_dataloader(), *data.test_dataloader()]
        for loader in (*loaders, data.predict_dataloader()):
            assert {type(item) for batch in loader for item in batch} == {kind}

    def test_read_returns_none_for_splits_the_corpus_lacks(self, build: Builder) -> None:
        data = build()
        counts = {split: len(data.read(split) or ()) for split in ("train", "dev", "test")}
        assert counts["test"] == len(data.sentences("test"))
        held_out = 0 if counts["dev"] else len(data.sentences("dev"))
        assert counts["train"] == len(data.sentences("train")) + held_out

    def test_setup_accepts_every_stage(self, build: Builder) -> None:
        for stage in ("fit", "validate", "test", "predict"):
            build().setup(stage)


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
@pytest.mark.parametrize("build", BUILDERS[:1], ids=lambda build: build.__name__)
def test_worker_processes_load_the_same_batches(build: Builder) -> None:
    here, there = build(seed=0, batch_size=7), build(seed=0, batch_size=7, num_workers=1)
    assert list(there.train_dataloader()) == list(here.train_dataloader())
    assert list(there.val_dataloader()) == list(here.val_dataloader())
