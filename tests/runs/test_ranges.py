import math

import pytest

from lowner_pl.runs.ranges import check_range


@pytest.mark.parametrize("value", [0, 0.5, 1])
def test_values_inside_the_range_and_its_limits_pass(value: float) -> None:
    check_range("rate", value, 0, 1)


@pytest.mark.parametrize(
    ("value", "limits", "message"),
    [
        (7, (0, 1), "`rate` is 7, but it must be between 0 and 1."),
        (-1, (0, math.inf), "`rate` is -1, but it must be at least 0."),
        (math.inf, (0, math.inf), "`rate` is inf, but it must be at least 0 and finite."),
        (math.nan, (0, 1), "`rate` is nan, but it must be between 0 and 1."),
    ],
)
def test_the_message_names_option_value_and_range(
    value: float, limits: tuple[float, float], message: str
) -> None:
    with pytest.raises(ValueError) as error:  # noqa: PT011 - the whole message is compared
        check_range("rate", value, *limits)
    assert str(error.value) == message


def test_a_lower_limit_can_itself_be_forbidden() -> None:
    check_range("rate", 0.1, 0, 1, open_below=True)
    with pytest.raises(ValueError, match="must be above 0 and at most 1"):
        check_range("rate", 0, 0, 1, open_below=True)
    with pytest.raises(ValueError, match=r"must be above 0\.$"):
        check_range("rate", 0, 0, open_below=True)


def test_an_upper_limit_can_itself_be_forbidden() -> None:
    check_range("rate", 0.99, 0, 1, open_above=True)
    with pytest.raises(ValueError, match=r"must be at least 0 and below 1\.$"):
        check_range("rate", 1, 0, 1, open_above=True)
