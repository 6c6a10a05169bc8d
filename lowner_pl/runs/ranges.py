"""Range checks for numeric options."""

import math


def check_range(
    option: str,
    value: float,
    least: float,
    most: float = math.inf,
    *,
    open_below: bool = False,
    open_above: bool = False,
) -> None:
    """Raise an error if an option is outside its range, infinite or not a number.

    Args:
        option: Name of the option, for the message.
        value: Value of the option.
        least: Lower limit.
        most: Upper limit. Infinity is no limit, and never allowed as a value.
        open_below: Whether the lower limit itself is forbidden.
        open_above: Whether the upper limit itself is forbidden.

    Raises:
        ValueError: If the value is outside the range.
    """
    above_least = least < value if open_below else least <= value
    below_most = value < most if open_above else value <= most
    if above_least and below_most and value < math.inf:
        return
    if most == math.inf or open_below or open_above:
        limits = f"{'above' if open_below else 'at least'} {_plain(least)}"
        if most < math.inf:
            limits += f" and {'below' if open_above else 'at most'} {_plain(most)}"
    else:
        limits = f"between {_plain(least)} and {_plain(most)}"
    finite = " and finite" if value == math.inf else ""
    raise ValueError(f"`{option}` is {value}, but it must be {limits}{finite}.")


def _plain(limit: float) -> str:
    """Format a limit for a message: 10,000,000 rather than 1e+07."""
    return f"{limit:,}" if isinstance(limit, int) else f"{limit:g}"
