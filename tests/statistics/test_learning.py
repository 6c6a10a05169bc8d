"""Areas under learning curves and the sizes at which they reach a score, worked out by hand."""

import pytest

from lowner_pl.statistics.learning import area, reach, value_at

SIZES, SCORES = [20, 40, 100, 200], [0.1, 0.3, 0.2, 0.6]


def test_the_area_is_the_sum_of_trapezoids_divided_by_the_width() -> None:
    # 20 * (0.1 + 0.3) / 2 = 4; 60 * (0.3 + 0.2) / 2 = 15; 100 * (0.2 + 0.6) / 2 = 40; 59 / 180
    assert area(SIZES, SCORES) == pytest.approx(59 / 180)


def test_the_area_under_a_level_curve_is_its_score_whatever_the_sizes() -> None:
    assert area([3, 5, 300], [0.4, 0.4, 0.4]) == pytest.approx(0.4)


@pytest.mark.parametrize(
    ("target", "size"),
    [
        (0.05, 20),  # the curve begins above
        (0.1, 20),
        (0.25, 35),  # three quarters of the way from 40 back to 20
        (0.3, 40),
        (0.4, 150),  # half-way from 0.2 at 100 to 0.6 at 200, not on the fall after 40
        (0.6, 200),
        (0.61, None),
    ],
)
def test_a_curve_reaches_a_score_where_its_line_first_crosses_it(
    target: float, size: float | None
) -> None:
    assert reach(SIZES, SCORES, target) == (None if size is None else pytest.approx(size))


@pytest.mark.parametrize(
    ("size", "score"), [(20, 0.1), (30, 0.2), (40, 0.3), (125, 0.3), (200, 0.6), (19, None)]
)
def test_a_curve_is_read_on_the_line_between_two_sizes(size: float, score: float | None) -> None:
    assert value_at(SIZES, SCORES, size) == (None if score is None else pytest.approx(score))
    assert value_at(SIZES, SCORES, 201) is None


@pytest.mark.parametrize(("sizes", "scores"), [([20], [0.1]), ([20, 40], [0.1])])
def test_a_curve_needs_two_sizes_with_a_score_each(sizes: list[float], scores: list[float]) -> None:
    for compute in (area, lambda n, s: reach(n, s, 0.1), lambda n, s: value_at(n, s, 30)):
        with pytest.raises(ValueError, match="a score for each of at least two sizes"):
            compute(sizes, scores)
