"""Where sentences and words end, by the rules of Unicode: from ICU, or else from `regex`.

Both follow `Unicode Standard Annex #29 <https://www.unicode.org/reports/tr29/>`_. ICU adds what the
annex leaves to implementations: dictionaries that part Thai, Lao, Khmer, Burmese, Chinese and
Japanese words, and abbreviations after which no sentence ends.
"""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Protocol

Span = tuple[int, int]
"""Start and end of a part of a text, in characters as Python counts them; the end is exclusive."""


class Boundaries(Protocol):
    """Rules that part a text. The parts of a text, joined, are the text."""

    name: str
    """Name and version of the rules, for messages."""

    def sentences(self, text: str) -> Iterator[Span]:
        """Yield the sentences of a text, with the white space after them."""

    def words(self, text: str) -> Iterator[Span]:
        """Yield the words of a text, its punctuation and its white space."""


class IcuBoundaries:
    """ICU's break iterators.

    Args:
        language: ISO 639 code of the text. A few languages have rules of their own.

    Raises:
        ImportError: If the package `icu4py` is missing.
    """

    def __init__(self, language: str) -> None:
        from icu4py import breakers, icu_version

        self._breakers = breakers
        self._locale = f"{language}@ss=standard"  # no sentence ends after a known abbreviation
        self.name = f"ICU {icu_version}"

    def sentences(self, text: str) -> Iterator[Span]:
        """Yield the sentences of a text, with the white space after them."""
        return _in_characters(text, self._breakers.SentenceBreaker(text, self._locale).segments())

    def words(self, text: str) -> Iterator[Span]:
        """Yield the words of a text, its punctuation and its white space."""
        return _in_characters(text, self._breakers.WordBreaker(text, self._locale).segments())


class RegexBoundaries:
    """The word rules of Unicode by the package `regex`, which has no dictionaries.

    A sentence ends after a full stop, a question or exclamation mark and its closing quotes before
    white space, after such a mark of a script without spaces, and at the end of a line.
    """

    def __init__(self) -> None:
        import regex

        self.name = f"regex {regex.__version__}"
        self._word_end = regex.compile(r"\b", regex.WORD)
        closers = r"[\p{Pe}\p{Pf}\"']*"
        ideographic = "\u3002\uff01\uff1f\uff61"  # no white space follows these
        self._sentence_end = regex.compile(
            rf"[\p{{Sentence_Terminal}}…]+{closers}\s+|[{ideographic}]+{closers}\s*|[\r\n]\s*"
        )

    def sentences(self, text: str) -> Iterator[Span]:
        """Yield the sentences of a text, with the white space after them."""
        return _between(0, (found.end() for found in self._sentence_end.finditer(text)), len(text))

    def words(self, text: str) -> Iterator[Span]:
        """Yield the words of a text, its punctuation and its white space."""
        return _between(0, (found.start() for found in self._word_end.finditer(text)), len(text))


@cache
def boundaries(language: str) -> Boundaries:
    """Return ICU's rules for a language, or those of `regex` where ICU is not installed."""
    try:
        return IcuBoundaries(language)
    except ImportError:
        return RegexBoundaries()


def _in_characters(text: str, spans: Iterable[Span]) -> Iterator[Span]:
    """Convert ICU's positions, which count UTF-16 units: a character above U+FFFF has two."""
    if text.isascii() or max(text) <= "\uffff":
        return iter(spans)
    positions = [at for at, letter in enumerate(text) for _ in range(1 + (letter > "\uffff"))]
    positions.append(len(text))
    return ((positions[start], positions[end]) for start, end in spans)


def _between(start: int, ends: Iterable[int], last: int) -> Iterator[Span]:
    """Yield the parts between boundaries, of which the first and last may be missing."""
    for end in ends:
        if end > start:
            yield start, end
            start = end
    if start < last:
        yield start, last
