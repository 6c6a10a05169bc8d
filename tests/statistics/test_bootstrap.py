"""The bootstrap over counts equals one that scores every resample with seqeval."""

import numpy as np
import pytest
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.scheme import IOB2

from lowner_pl.statistics import bootstrap
from lowner_pl.statistics.bootstrap import Kind, interval, resampled_scores
from lowner_pl.statistics.tagged_counts import Counts, counted

from ..results.records import Tagged, random_tagging

SCORES = {"f1": f1_score, "precision": precision_score, "recall": recall_score}


def counts_of(sentences: Tagged) -> Counts:
    return np.array([counted(gold.split(), found.split()) for gold, found in sentences])


@pytest.mark.parametrize("kind", ["f1", "precision", "recall"])
def test_resampled_counts_give_seqeval_s_scores(kind: Kind) -> None:
    one, other = (random_tagging(12, right, seed) for right, seed in ((0.8, 1), (0.5, 2)))
    found = resampled_scores([counts_of(one), counts_of(other)], kind=kind, resamples=40, seed=5)
    draws = np.random.default_rng(5).integers(12, size=(40, 12), dtype=np.int32)
    for system, scores in zip((one, other), found, strict=True):
        expected = [
            SCORES[kind](
                [system[i][0].split() for i in draw],
                [system[i][1].split() for i in draw],
                mode="strict",
                scheme=IOB2,
                zero_division=0,
            )
            for draw in draws
        ]
        assert scores == pytest.approx(expected, abs=1e-12)


def test_the_size_of_a_chunk_does_not_change_the_scores(monkeypatch: pytest.MonkeyPatch) -> None:
    counts = counts_of(random_tagging(9, 0.6, 1))
    whole = resampled_scores([counts], resamples=50)
    monkeypatch.setattr(bootstrap, "CHUNK", 20)  # two resamples
    assert (resampled_scores([counts], resamples=50) == whole).all()
    assert not (resampled_scores([counts], resamples=50, seed=1) == whole).all()


def test_a_score_without_entities_is_zero() -> None:
    assert (resampled_scores([np.zeros((3, 3), dtype=np.int64)], resamples=4) == 0).all()


def test_equal_systems_do_not_differ_in_any_resample() -> None:
    counts = counts_of(random_tagging(20, 0.6, 1))
    one, other = resampled_scores([counts, counts], resamples=100)
    assert interval(one - other) == (0, 0, 1)


def test_the_interval_and_p_value_by_hand() -> None:
    # 1000 differences, -0.0095, -0.0085, …, 0.9895 - 0.01: ten are negative, p = 2 * 11 / 1001.
    differences = (np.arange(1000) - 9.5) / 1000
    low, high, p = interval(differences)
    assert low == pytest.approx((0.025 * 999 - 9.5) / 1000)
    assert high == pytest.approx((0.975 * 999 - 9.5) / 1000)
    assert p == pytest.approx(22 / 1001)
    assert interval(-differences).p == p
    assert interval(np.ones(99)).p == pytest.approx(2 / 100)


def test_the_interval_covers_the_true_difference_as_often_as_it_says() -> None:
    # 200 test sets of two systems whose true difference in recall of one entity type is 0.1:
    # each sentence has one entity, which they find with probability 0.6 and 0.5.
    draw = np.random.default_rng(1)
    covered = 0
    for test in range(200):
        found = draw.random((2, 200)) < np.array([[0.6], [0.5]])
        systems = [np.stack([row, np.ones(200), np.ones(200)], 1).astype(np.int64) for row in found]
        one, other = resampled_scores(systems, kind="recall", resamples=300, seed=test)
        low, high, _ = interval(one - other)
        covered += low <= 0.1 <= high
    assert 180 <= covered <= 198  # 95 % of 200 is 190, with a standard deviation of 3
