"""Words that mix scripts, such as Cyrillic letters in a Latin word, or have hidden characters."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache

from lowner_pl.auditing.finding import Finding, Kind, Severity, at, quoted
from lowner_pl.auditing.split import Entry, Split, entries_of
from lowner_pl.corpus.conll.spellings import LOOK_ALIKE

_PARTS = re.compile(r"[^\W\d_]+")
_EAST_ASIAN = {"CJK", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "HANGUL", "BOPOMOFO"}
_NO_SCRIPT = {"MODIFIER", "MICRO", "OHM", "KELVIN", "ANGSTROM", "FEMININE", "MASCULINE"}
_LATIN_LOOK_ALIKE = {chr(code) for code in LOOK_ALIKE.values()}
_JOINERS = "\u200c\u200d"
"""Zero-width characters that belong to the spelling of many languages."""
_MOST_PLACES = 20
"""Places of a word that are listed."""


def mixed_scripts(splits: Sequence[Split]) -> Iterator[Finding]:
    """Yield the words that mix scripts or have invisible characters, each at its first place."""
    places: dict[str, list[tuple[Entry, int]]] = {}
    counts: Counter[str] = Counter()
    plain: set[str] = set()
    for entry in entries_of(splits):
        for position, word in enumerate(entry.sentence.words):
            if word in plain:
                continue
            if word not in places:
                if word.isascii() or described(word) is None:
                    plain.add(word)
                    continue
                places[word] = []
            counts[word] += 1
            if counts[word] <= _MOST_PLACES:
                places[word].append((entry, position))
    for word, found in places.items():
        severity, text = described(word) or (Severity.NOTE, "")
        (entry, position), *rest = found
        others = tuple(other.place(there) for other, there in rest)
        again = "" if counts[word] == 1 else f" The word occurs {counts[word]:,} times."
        yield at(
            entry,
            position,
            position + 1,
            Kind.SCRIPT,
            severity,
            f"{quoted((word,))} {text}{again}",
            others=others,
        )


def described(word: str) -> tuple[Severity, str] | None:
    """Say what is odd about the characters of a word, or return ``None`` if nothing is.

    >>> described("N\u0430irobi")[0]  # a Cyrillic letter
    <Severity.ERROR: 'error'>
    >>> described("Nairobi") is None
    True
    """
    for part in _PARTS.findall(word):
        scripts: dict[str, list[str]] = {}
        for letter in part:
            if script := script_of(letter):
                scripts.setdefault(script, []).append(letter)
        if len(scripts) > 1:
            return _mixture(scripts)
    hidden = [c for c in word if unicodedata.category(c) == "Cf" and c not in _JOINERS]
    if hidden:
        return Severity.WARNING, f"has the invisible character {_named(hidden[0])}."
    return None


@cache
def script_of(letter: str) -> str:
    """Name the script of a letter by the first word of its name; ``""`` if it has none."""
    name = unicodedata.name(letter, "").removeprefix("FULLWIDTH ").removeprefix("HALFWIDTH ")
    script = name.partition(" ")[0]
    if script in _EAST_ASIAN:
        return "East Asian"
    return "" if script in _NO_SCRIPT else script.capitalize()


def _mixture(scripts: dict[str, list[str]]) -> tuple[Severity, str]:
    """Describe the letters of several scripts; those of the rarer one are named."""
    rare = min(scripts, key=lambda script: len(scripts[script]))
    letters = scripts[rare]
    others = [letter for script, found in scripts.items() if script != rare for letter in found]
    text = f"mixes {' and '.join(sorted(scripts))}: {_named(letters[0])}."
    if all(map(_looks_latin, letters)) and (rare == "Latin" or script_of(others[0]) == "Latin"):
        return Severity.ERROR, f"{text} It looks like a letter of the other script."
    return Severity.NOTE, text


def _looks_latin(letter: str) -> bool:
    """Tell whether a letter of one script can be taken for one of another."""
    return ord(letter) in LOOK_ALIKE or letter in _LATIN_LOOK_ALIKE


def _named(letter: str) -> str:
    """Name a character."""
    return f"U+{ord(letter):04X} {unicodedata.name(letter, 'without a name')}"
