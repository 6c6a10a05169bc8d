"""Counts of a corpus before training: sentences, words, entities and subwords per word."""

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from lowner_pl.auditing.numbers.subwords import Spelt
from lowner_pl.callbacks.protocols import RawText, Spelling, TaggedSplits
from lowner_pl.corpus import Sentence

SAMPLED = 2000  # sentences in which subwords are counted


class SplitFacts(NamedTuple):
    """Counts of a split.

    Attributes:
        name: Name of the split.
        sentences: Number of sentences.
        words: Number of words, or ``None`` if they are not counted.
        types: Number of entities of each type.
        coverage: How the backbone spells a sample of the words, or ``None`` without a backbone.
    """

    name: str
    sentences: int
    words: int | None
    types: Counter[str]
    coverage: Spelt | None


def corpus_facts(data: TaggedSplits, module: Spelling) -> list[SplitFacts]:
    """Count words, entities and subwords of the training data, the dev data and each test set.

    Args:
        data: The data module.
        module: The method, whose backbone spells the words.
    """
    splits = [("train", data.sentences("train")), ("dev", data.sentences("dev"))]
    if data.read_tests() is not None:
        tests = data.test_sets()
        names = [f"test {name}" for name in data.test_names] if len(tests) > 1 else ["test"]
        splits += zip(names, tests, strict=True)
    return [_split_facts(name, sentences, module) for name, sentences in splits]


def text_facts(data: RawText, module: Spelling) -> list[SplitFacts]:
    """Count the training and dev lines of raw text, and measure how a sample of them is spelt.

    Args:
        data: The data module.
        module: The method, whose backbone spells the words.
    """
    train, dev = data.sizes()
    held_out = data.sentences("dev")
    samples = {"train": (train, data.sample(min(train, SAMPLED))), "dev": (dev, _sample(held_out))}
    return [
        SplitFacts(name, lines, None, Counter(), _coverage(module, sample))
        for name, (lines, sample) in samples.items()
    ]


def _split_facts(name: str, sentences: Sequence[Sentence], module: Spelling) -> SplitFacts:
    return SplitFacts(
        name,
        len(sentences),
        sum(len(sentence.words) for sentence in sentences),
        Counter(entity.type for sentence in sentences for entity in sentence.entities),
        _coverage(module, _sample(sentences)),
    )


def _sample(sentences: Sequence[Sentence]) -> Sequence[Sentence]:
    """Choose at most `SAMPLED` sentences at even distances."""
    return sentences[:: max(1, -(-len(sentences) // SAMPLED))]


def _coverage(module: Spelling, sentences: Sequence[Sentence]) -> Spelt | None:
    return module.coverage(word for sentence in sentences for word in sentence.words)
