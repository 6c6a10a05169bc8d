"""Ranges of numbers among the options."""

import math


def check_range(option: str, value: float, least: float, most: float = math.inf) -> None:
    """Refuse a value outside a range, and infinity.

    Args:
        option: Its name.
        value: The value.
        least: The lowest one allowed.
        most: The highest one allowed.

    Raises:
        ValueError: If it is not allowed.
    """
    if not (least <= value <= most and value < math.inf):
        limits = f"at least {least:g}" if most == math.inf else f"from {least:g} to {most:g}"
        finite = ", a finite number" if value == math.inf else ""
        raise ValueError(f"`{option}` must be {limits}{finite}, was: {value}.")
