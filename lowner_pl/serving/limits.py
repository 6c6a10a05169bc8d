"""How much a server does for one request, and for how many at once."""

from dataclasses import dataclass

from lowner_pl.runs.ranges import check_range

_ESCAPED = 12
"""Bytes of a character of JSON at most, such as ``\\ud83d\\ude00``."""
_AROUND = 1_000
"""Bytes of JSON around the text."""


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of a server.

    Args:
        characters: Most characters of a text, at least 1.
        seconds: Most seconds to receive a request, and again to answer it. Above 0.
        requests: Most requests that are received, waiting or tagged at the same time, at least 1.

    Raises:
        ValueError: If a limit is out of range.
    """

    characters: int = 100_000
    seconds: float = 60.0
    requests: int = 64

    def __post_init__(self) -> None:
        check_range("max_characters", self.characters, 1)
        check_range("max_seconds", self.seconds, 0, open_below=True)
        check_range("max_requests", self.requests, 1)

    @property
    def bytes(self) -> int:
        """Most bytes of a request: enough for a text of `characters`, however it is escaped."""
        return _ESCAPED * self.characters + _AROUND
