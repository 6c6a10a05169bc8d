"""Values of a ``test_metrics.json``, each checked when it is read."""

import math
import re
from collections.abc import Mapping
from typing import NamedTuple

CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")
LONGEST = 40  # characters of a value that a message shows
MOST = 2**53
"""Above it, not every whole number is one of JSON in all programs."""
LARGEST = 2.0**128
"""What no 32-bit float reaches, in which tests compute."""


class Fields(NamedTuple):
    """The values of an object.

    Attributes:
        values: The values by name.
        place: Where the object stands, such as ``checkpoint.``; for messages.
    """

    values: Mapping[str, object]
    place: str = ""

    def below(self, name: str) -> "Fields":
        """Read an object in this one."""
        return fields_of(self._value(name), f"{self.place}{name}")

    def text(self, name: str) -> str:
        """Read a text of at least one character that tables and files can have."""
        value = self._value(name)
        if not isinstance(value, str) or not value:
            raise self._wrong(name, "a text")
        if CONTROL.search(value):
            raise self._wrong(name, "a text without control characters")
        return value

    def text_or_none(self, name: str) -> str | None:
        """Read a text; a missing or empty one is ``None``."""
        return self.text(name) if self.values.get(name) not in (None, "") else None

    def count(self, name: str, least: int = 0) -> int:
        """Read a whole number of at least ``least``."""
        value = self._value(name)
        if not isinstance(value, int) or isinstance(value, bool) or not least <= value <= MOST:
            raise self._wrong(name, f"a whole number of at least {least}")
        return value

    def count_or_none(self, name: str) -> int | None:
        """Read a whole number of at least 0; a missing one is ``None``."""
        return self.count(name) if self.values.get(name) is not None else None

    def share(self, name: str) -> float:
        """Read a number from 0 to 1."""
        value = self.number(name)
        if not 0 <= value <= 1:  # nor is NaN
            raise self._wrong(name, "a number from 0 to 1")
        return value

    def share_or_none(self, name: str) -> float | None:
        """Read a number from 0 to 1; a missing one is ``None``."""
        return self.share(name) if self.values.get(name) is not None else None

    def number(self, name: str) -> float:
        """Read a number, which may be infinite or NaN; one that is too large is infinite."""
        value = self._value(name)
        if not isinstance(value, int | float) or isinstance(value, bool):
            raise self._wrong(name, "a number")
        return math.copysign(math.inf, value) if abs(value) >= LARGEST else float(value)

    def _value(self, name: str) -> object:
        if name not in self.values:
            raise ValueError(f"has no {self.place}{name}")
        return self.values[name]

    def _wrong(self, name: str, expected: str) -> ValueError:
        shown = repr(self.values[name])
        shown = shown if len(shown) <= LONGEST else f"{shown[:LONGEST]}…"
        return ValueError(f"has {self.place}{name} {shown}, which must be {expected}")


def fields_of(value: object, name: str) -> Fields:
    """Read an object.

    Args:
        value: The value.
        name: What it is called in the file.

    Raises:
        ValueError: If it is no object. The message begins with a verb, of which the file is the
            subject.
    """
    if not isinstance(value, dict):
        shown = repr(value)[:LONGEST]
        raise ValueError(f"has {name} {shown}, which must be an object with names and values")
    return Fields(value, f"{name}.")
