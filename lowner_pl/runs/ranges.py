"""Range checks for numeric options."""

import math


def check_range(
    option: str, value: float, least: float, most: float = math.inf, *, open_below: bool = False
) -> None:
    """Raise an error if an option is outside its range, infinite or not a number.

    Args:
        option: Name of the option, for the message.
        value: Value of the option.
        least: Lower limit.
        most: Upper limit, itself allowed.
        open_below: Whether the lower limit itself is forbidden.

    Raises:
        ValueError: If the value is outside the range.
    """
    above_least = least < value if open_below else least <= value
    if above_least and value <= most and value < math.inf:
        return
    if most == math.inf:
        limits = f"above {_plain(least)}" if open_below else f"at least {_plain(least)}"
    elif open_below:
        limits = f"above {_plain(least)} and at most {_plain(most)}"
    else:
        limits = f"between {_plain(least)} and {_plain(most)}"
    finite = " and finite" if value == math.inf else ""
    raise ValueError(f"`{option}` is {value}, but it must be {limits}{finite}.")


def _plain(limit: float) -> str:
    """Format a limit for a message: 10,000,000 rather than 1e+07."""
    return f"{limit:,}" if isinstance(limit, int) else f"{limit:g}"
