"""What every augmenter must do."""

import copy
import inspect
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import pytest

from lowner_pl import augmentation
from lowner_pl.augmentation import (
    Augmenter,
    EntitySimilarityCodeMixing,
    LabelWiseSubstitution,
    RandomCodeMixing,
    VectorFunction,
)
from lowner_pl.corpus import AugmentationReport, Sentence, TagSet, read_conll

from ..conftest import SAMPLE


def spelling(word: str) -> list[float]:
    """Return a word vector: the counts of a few letters."""
    return [float(word.lower().count(letter)) for letter in "aeiouns"]


AUGMENTERS: tuple[Augmenter, ...] = (
    LabelWiseSubstitution(rounds=2),
    RandomCodeMixing(),
    EntitySimilarityCodeMixing(VectorFunction(spelling)),
)


def three_languages() -> list[Sentence]:
    """Read the sample corpus, with half of the English sentences marked as a third language."""
    english = read_conll(SAMPLE / "en" / "train.conll", language="en")
    third = [replace(sentence, language="xx") for sentence in english[1::2]]
    return [*read_conll(SAMPLE / "sw" / "train.conll", language="sw"), *english[::2], *third]


@pytest.fixture(scope="module", params=[("PER", "ORG", "LOC"), ("PER",)], ids=" ".join)
def gold(request: pytest.FixtureRequest) -> list[Sentence]:
    return [sentence.restricted_to(request.param) for sentence in three_languages()]


def test_every_augmenter_is_tested_here() -> None:
    values = [getattr(augmentation, name) for name in augmentation.__all__]
    concrete = {
        value
        for value in values
        if inspect.isclass(value) and issubclass(value, Augmenter) and not inspect.isabstract(value)
    }
    assert concrete == {type(augmenter) for augmenter in AUGMENTERS}
    assert len({augmenter.name for augmenter in AUGMENTERS}) == len(AUGMENTERS)


def outside(sentence: Sentence) -> list[str]:
    """Return the words outside entities."""
    assert sentence.tags is not None
    pairs = zip(sentence.words, sentence.tags, strict=True)
    return [word for word, tag in pairs if tag == "O"]


@pytest.mark.parametrize("augmenter", AUGMENTERS, ids=lambda augmenter: augmenter.name)
class TestContract:
    def test_only_new_sentences_come_out(self, augmenter: Augmenter, gold: list[Sentence]) -> None:
        new = [sentence.words for sentence in augmenter.augment(gold, seed=0)]
        assert len(new) > 50
        assert len(set(new)) == len(new)
        assert not {sentence.words for sentence in gold} & set(new)

    def test_tags_are_well_formed_and_their_types_are_those_of_the_corpus(
        self, augmenter: Augmenter, gold: list[Sentence]
    ) -> None:
        tag_set = TagSet(sorted({e.type for s in gold for e in s.entities}))
        for sentence in augmenter.augment(gold, seed=0):
            assert sentence.tags is not None
            assert tag_set.decode(tag_set.encode(sentence.tags)) == sentence.tags

    def test_the_context_and_the_order_of_entity_types_do_not_change(
        self, augmenter: Augmenter, gold: list[Sentence]
    ) -> None:
        def frame(sentence: Sentence) -> tuple[object, ...]:
            return (*outside(sentence), *(e.type for e in sentence.entities))

        frames = {frame(sentence) for sentence in gold}
        for sentence in augmenter.augment(gold, seed=0):
            assert frame(sentence) in frames

    def test_new_entities_occur_in_the_corpus_with_the_same_type(
        self, augmenter: Augmenter, gold: list[Sentence]
    ) -> None:
        known = {(s.words[e.start : e.end], e.type) for s in gold for e in s.entities}
        for sentence in augmenter.augment(gold, seed=0):
            for e in sentence.entities:
                assert (sentence.words[e.start : e.end], e.type) in known

    def test_the_given_sentences_are_not_changed(
        self, augmenter: Augmenter, gold: list[Sentence]
    ) -> None:
        before = copy.deepcopy(gold)
        list(augmenter.augment(gold, seed=0))
        assert gold == before

    def test_the_same_seed_gives_the_same_sentences(
        self, augmenter: Augmenter, gold: list[Sentence]
    ) -> None:
        one = list(augmenter.augment(gold, seed=5))
        assert one == list(augmenter.augment(gold, seed=5))
        assert one != list(augmenter.augment(gold, seed=6))

    def test_sentences_are_generated_on_demand(
        self, augmenter: Augmenter, gold: list[Sentence]
    ) -> None:
        report = AugmentationReport()
        new = augmenter.augment(gold, seed=0, report=report)
        next(new)
        next(new)
        assert report.sentences_out == 2
        assert report.candidates < 40

    def test_every_candidate_is_counted(self, augmenter: Augmenter, gold: list[Sentence]) -> None:
        report = AugmentationReport()
        new = list(augmenter.augment(gold, seed=0, report=report))
        rounds = 2 if isinstance(augmenter, LabelWiseSubstitution) else 1
        assert report.sentences_in == len(gold)
        assert report.sentences_out == len(new)
        assert report.candidates == rounds * len(gold)
        counts = json.loads(json.dumps(report.as_dict()))
        assert counts["candidates"] == counts["sentences_out"] + sum(counts["dropped"].values())

    def test_a_corpus_without_entities_is_refused(self, augmenter: Augmenter) -> None:
        plain = [Sentence((word,), ("O",), language) for word, language in product("ab", "xy")]
        with pytest.raises(ValueError, match="no entities in the 4 sentences"):
            list(augmenter.augment(plain, seed=0))

    def test_an_iterator_is_refused_before_it_is_consumed(
        self, augmenter: Augmenter, gold: list[Sentence]
    ) -> None:
        sentences: Iterator[Sentence] = iter(gold)
        with pytest.raises(ValueError, match="A list_iterator can be iterated only once"):
            augmenter.augment(sentences, seed=0)
        assert next(sentences) == gold[0]

    def test_sentences_without_tags_are_refused(self, augmenter: Augmenter) -> None:
        with pytest.raises(ValueError, match="'a b' has no tags"):
            list(augmenter.augment([Sentence(("a", "b"), None, x) for x in ("en", "de")], seed=0))


def test_another_process_generates_the_same_sentences() -> None:
    # Python hashes strings differently in each process.
    code = (
        "from tests.augmentation.test_contract import *\n"
        "for augmenter in AUGMENTERS:\n"
        "    for sentence in augmenter.augment(three_languages(), seed=3): print(sentence)\n"
    )
    command = [sys.executable, "-c", code]
    printed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    gold = three_languages()
    here = [str(s) for augmenter in AUGMENTERS for s in augmenter.augment(gold, seed=3)]
    assert printed.splitlines() == here
