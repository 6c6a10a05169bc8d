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
        limits = f"above {least:g}" if open_below else f"at least {least:g}"
    elif open_below:
        limits = f"above {least:g} and at most {most:g}"
    else:
        limits = f"between {least:g} and {most:g}"
    finite = " and finite" if value == math.inf else ""
    raise ValueError(f"`{option}` is {value}, but it must be {limits}{finite}.")
