"""What is counted and kept of a test, in bounded memory."""

import pickle
from math import inf, nan

import pytest

from lowner_pl.callbacks.errors.excerpt import MOST_WORDS
from lowner_pl.callbacks.errors.outcomes import Kind
from lowner_pl.callbacks.errors.tally import LENGTH, PAIR, TRAINING, TYPE, ErrorTally
from lowner_pl.corpus import Sentence
from lowner_pl.runs.page.text import MOST_LETTERS

from .examples import LOSSES, TESTED, tagged, tally
from .examples import TRAINING as KNOWN


def test_the_counts_of_a_test_worked_out_by_hand() -> None:
    counted = tally()
    assert counted.kinds == {kind: 2 if kind is Kind.CORRECT else 1 for kind in Kind}
    assert counted.predicted == {"PER": 2, "LOC": 2, "ORG": 2}
    assert (counted.sentences, counted.words, counted.loss) == (4, 17, 20.0)
    by: dict[str, dict[str, list[str]]] = {name: {} for name in (TYPE, TRAINING, LENGTH, PAIR)}
    for (kind, (name, value)), count in counted.counts.items():
        by[name].setdefault(value, []).extend([str(kind)] * count)
    assert {key: sorted(value) for key, value in by[TYPE].items()} == {
        "PER": ["border", "missed"],
        "LOC": ["correct"],
        "ORG": ["both", "correct", "spurious", "type"],
    }
    assert {key: sorted(value) for key, value in by[TRAINING].items()} == {
        "seen with this type": ["missed", "type"],
        "seen with other types only": ["border"],
        "new": ["both", "correct", "correct", "spurious"],
    }
    assert {key: sorted(value) for key, value in by[LENGTH].items()} == {
        "1": ["correct", "missed", "spurious", "type"],
        "2": ["border"],
        "3": ["correct"],
        "4": ["both"],
    }
    assert by[PAIR] == {"ORG → PER": ["type"], "ORG → LOC": ["both"]}


def test_the_sentences_with_the_highest_loss_per_word_are_kept() -> None:
    counted = tally(worst=3)
    kept = [(one.loss, -one.rank, one.errors) for one in sorted(counted.worst, reverse=True)]
    assert kept == [(2.0, 1, 2), (1.5, 3, 1), (1.0, 0, 1)]


@pytest.mark.parametrize("loss", [nan, inf])
def test_a_loss_that_is_no_number_is_the_highest(loss: float) -> None:
    counted = tally(worst=2)
    counted.add(4, *TESTED[0], loss)
    assert [-one.rank for one in sorted(counted.worst, reverse=True)] == [4, 1]


def test_memory_does_not_grow_with_the_test_set() -> None:
    counted = ErrorTally(examples=3, pair_examples=2, worst=4)
    sizes = []
    for number in range(900):
        counted.add(number, *TESTED[number % 4], LOSSES[number % 4] + number % 7, KNOWN)
        sizes.append(len(pickle.dumps((counted.examples, counted.worst))))
    assert len(counted.worst) == 4
    assert counted.kinds[Kind.MISSED] == 225
    missed = [e.number for e in counted.examples if e.outcome.kind is Kind.MISSED]
    assert missed == [3, 7, 11]
    assert max(sizes[100:]) < 1.1 * sizes[100]


@pytest.mark.parametrize("devices", [2, 3])
def test_several_devices_keep_what_one_does(devices: int) -> None:
    options = {"examples": 3, "pair_examples": 2, "worst": 5}
    one, *others = (ErrorTally(**options) for _ in range(devices))
    parts = [one, *others]
    whole = ErrorTally(**options)
    for number in range(60):
        row = (number, *TESTED[number * 7 // 3 % 4], LOSSES[number % 3] + number % 5, KNOWN)
        whole.add(*row)
        parts[number % devices].add(*row)
    one.add_all(pickle.loads(pickle.dumps(other)) for other in others)
    for name in ("sentences", "words", "loss", "kinds", "counts", "predicted", "examples"):
        assert getattr(one, name) == getattr(whole, name), name
    assert sorted(one.worst) == sorted(whole.worst)


def test_long_sentences_and_words_are_cut() -> None:
    words = ("x" * 10 * MOST_LETTERS, *(f"w{n}" for n in range(1000)))
    gold = ("O", *("O" for _ in range(500)), "B-LOC", *("I-LOC" for _ in range(499)))
    counted = ErrorTally()
    counted.add(0, Sentence(words, gold, place=("/secret/a.conll", 7)), ("O",) * 1001, 5.0)
    counted.add(1, *tagged("Asha " + 300 * "na ", [(0, 1, "PER")], []), 1.0)
    (long, begins), worst = counted.examples, sorted(counted.worst, reverse=True)
    assert long.excerpt.place == ("a.conll", 7)
    assert (len(long.excerpt.words), long.excerpt.before) == (MOST_WORDS, 489)
    assert long.excerpt.words[12] == "w500"
    assert long.excerpt.gold[0][:3] == (12, MOST_WORDS, "LOC")
    assert (len(begins.excerpt.words), begins.excerpt.after) == (13, 288)
    assert [len(one.excerpt.words) for one in worst] == [MOST_WORDS, MOST_WORDS]
    assert worst[0].excerpt.before == 489
    short = ErrorTally()
    short.add(0, *tagged("x" * 10 * MOST_LETTERS, [(0, 1, "PER")], []), 1.0)
    assert len(short.examples[0].excerpt.words[0]) == MOST_LETTERS + 1
