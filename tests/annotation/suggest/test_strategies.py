import itertools
import math

import numpy as np
import pytest

from lowner_pl.annotation.suggest import strategies
from lowner_pl.annotation.suggest.strategies import Chosen, balanced, highest, k_centre


def everything(_: int) -> bool:
    return True


def all_but(*places: int) -> strategies.Accepts:
    return lambda place: place not in places


def places(chosen: list[Chosen]) -> list[int]:
    return [one.place for one in chosen]


def test_the_highest_scores_come_first_and_ties_keep_their_order() -> None:
    scores = np.array([0.1, 0.5, 0.3, 0.5])
    assert highest(scores, 3, everything) == [(1, 0.5), (3, 0.5), (2, 0.3)]
    assert places(highest(scores, 2, all_but(1))) == [3, 2]
    assert places(highest(scores, 9, all_but(1))) == [3, 2, 0]


def test_no_sentence_is_asked_about_after_the_last_one_is_chosen() -> None:
    asked: list[int] = []

    def accepts(place: int) -> bool:
        asked.append(place)
        return True

    highest(np.arange(9.0), 2, accepts)
    assert asked == [8, 7]


def test_k_centre_takes_the_farthest_point_each_time() -> None:
    # On a line with a centre at 0: 10 is farthest. Then 4 is 4 from 0, 6 is 4 from 10, and 5 is 5
    # from both. Then 2 and 8 are 2 and 2 from their nearest, 3 and 7 are too: the first is 2.
    line = np.array([[2.0], [4.0], [5.0], [6.0], [8.0], [10.0]], np.float32)
    chosen = k_centre(np.ones(6), line, np.zeros((1, 1), np.float32), 3, everything)
    assert places(chosen) == [5, 2, 0]
    assert [one.score for one in chosen] == pytest.approx([10, 5, 2])


def test_k_centre_weighs_distances_and_starts_with_the_most_uncertain() -> None:
    line = np.array([[0.0], [1.0], [3.0]], np.float32)
    weights = np.array([2.0, 1.9, 0.5])
    chosen = k_centre(weights, line, line[:0], 3, everything)
    # Distance counts as 1 at first: 2.0. Then 1.9·1 against 0.5·3, then 0.5·2.
    assert places(chosen) == [0, 1, 2]
    assert [one.score for one in chosen] == pytest.approx([2.0, 1.9, 1.0])


def test_a_sentence_that_is_passed_over_is_no_centre() -> None:
    line = np.array([[10.0], [9.0], [1.0]], np.float32)
    chosen = k_centre(np.ones(3), line, np.zeros((1, 1), np.float32), 3, all_but(0))
    assert places(chosen) == [1, 2]


def test_greedy_k_centre_is_at_most_twice_as_wide_as_the_best_cover(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # Sener and Savarese (2018), section 4.2; here with steps smaller than the pool.
    monkeypatch.setattr(strategies, "_ROWS", 3)
    generator = np.random.default_rng(0)
    for _ in range(5):
        points = generator.normal(size=(9, 2)).astype(np.float32) + 100
        centre = points.mean(0, keepdims=True) + 50
        apart = np.linalg.norm(points[:, None] - points, axis=2)
        outside = np.linalg.norm(points - centre, axis=1)

        def radius(
            chosen: tuple[int, ...], apart: np.ndarray = apart, outside: np.ndarray = outside
        ) -> float:
            return float(np.minimum(apart[:, chosen].min(1), outside).max())

        best = min(radius(some) for some in itertools.combinations(range(9), 3))
        found = tuple(places(k_centre(np.ones(9), points, centre, 3, everything)))
        assert radius(found) <= 2 * best + 1e-3
        for number, one in enumerate(k_centre(np.ones(9), points, centre, 3, everything)):
            nearest = min([outside[one.place], *apart[one.place, list(found[:number])]])
            assert one.score == pytest.approx(nearest, rel=1e-3)


def test_balanced_prefers_rare_types_and_fewer_words() -> None:
    # One annotated entity of type A and none of B. Gains per word: log(3/2)/1, log(2/1)/1,
    # log(2/1)/2. After the second sentence: log(3/2) for the first, log(3/2)/2 for the third.
    expected = np.array([[1.0, 0.0], [0.0, 1.0], [0.0, 1.0]])
    chosen = balanced(expected, np.array([1, 1, 2]), np.array([1, 0]), 3, everything)
    assert places(chosen) == [1, 0, 2]
    gains = [math.log(2), math.log(3 / 2), math.log(3 / 2) / 2]
    assert [one.score for one in chosen] == pytest.approx(gains)


def test_balanced_counts_only_what_was_chosen() -> None:
    expected = np.array([[0.0, 3.0], [0.0, 2.0], [0.5, 0.0]])
    chosen = balanced(expected, np.ones(3), np.zeros(2), 2, all_but(0))
    assert places(chosen) == [1, 2]
    assert chosen[0].score == pytest.approx(math.log(3))
