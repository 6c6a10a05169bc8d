"""Entities that begin or end with punctuation, or inside a word."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import cache

from lowner_pl.auditing.finding import Finding, Kind, Severity, at, quoted
from lowner_pl.auditing.findings.scripts import script_of
from lowner_pl.auditing.split import Entry, Split, entries_of
from lowner_pl.corpus import Entity

_KEPT = "'`&@#%*"
_KEPT_NAMES = {"APOSTROPHE", "GERESH", "GERSHAYIM"}
"""Punctuation with which a name may well begin or end, and words of the Unicode names of more."""
_FINAL_NAMES = {"COMMA", "SEMICOLON", "COLON", "STOP", "DANDA", "SECTION"}
"""Words of the Unicode names of punctuation that ends no name."""
_ABBREVIATED = 5
"""Most letters of a word before a full stop that may be an abbreviation."""
_CONTINUES = ("##", "\u200c", "\u200d")
_UNSPACED = {"East Asian", "Thai", "Lao", "Khmer", "Myanmar", "Tibetan"}


def doubtful_borders(splits: Sequence[Split]) -> Iterator[Finding]:
    """Yield the entities whose first or last word is punctuation, or only a part of a word."""
    names = Counter(
        entry.sentence.words[entity.start : entity.end]
        for entry in entries_of(splits)
        for entity in entry.entities
    )
    known = Counter(word for entry in entries_of(splits) for word in entry.sentence.words)
    for entry in entries_of(splits):
        for entity in entry.entities:
            found = _punctuation(entry, entity, names, known) or _part_of_a_word(
                entry, entity, known
            )
            if found is not None:
                severity, text, position = found
                yield at(entry, position, position + 1, Kind.BORDER, severity, text)


Found = tuple[Severity, str, int] | None


def _punctuation(
    entry: Entry, entity: Entity, names: Counter[tuple[str, ...]], known: Counter[str]
) -> Found:
    """Find punctuation at the border of an entity that doesn't belong to it."""
    words = entry.sentence.words[entity.start : entity.end]
    last, first = words[-1], words[0]
    if all(map(_is_punctuation, "".join(words))) and any(words):
        return Severity.ERROR, f"{quoted(words)} is an entity of punctuation only.", entity.start
    sure = bool(names[words[:-1]])
    if _ends_badly(words, known):
        mark = last[-1]
        severity = Severity.ERROR if sure or _is_final(mark) else Severity.WARNING
        text = f"The {entity.type} entity {quoted(words)} ends with punctuation, {quoted((mark,))}."
        return severity, text, entity.end - 1
    if (
        _is_punctuation(first[:1])
        and not _is_kept(first[0])
        and not _is_paired(first[0], "".join(words)[1:])
    ):
        severity = Severity.ERROR if names[words[1:]] else Severity.WARNING
        text = (
            f"The {entity.type} entity {quoted(words)} begins with punctuation, "
            f"{quoted((first[0],))}."
        )
        return severity, text, entity.start
    return None


def _ends_badly(words: Sequence[str], known: Counter[str]) -> bool:
    """Tell whether the last word ends with punctuation that is not part of a name."""
    last = words[-1]
    mark = last[-1:]
    if not _is_punctuation(mark) or _is_kept(mark) or _is_paired(mark, "".join(words)[:-1]):
        return False
    if mark == ".":
        glued = last.rstrip(".")
        stem = glued or (words[-2] if len(words) > 1 else "")
        if sum(map(str.isalpha, stem)) <= _ABBREVIATED or "." in stem:
            return False
        return not glued or known[glued] > 0  # otherwise an abbreviation
    return True


def _is_paired(mark: str, text: str) -> bool:
    """Tell whether the rest of an entity has the bracket or quotation mark that pairs with one."""
    if _is_quotation(mark):
        return any(map(_is_quotation, text))
    wanted = {"Ps": "Pe", "Pe": "Ps"}.get(unicodedata.category(mark))
    return any(unicodedata.category(letter) == wanted for letter in text)


@cache
def _is_quotation(letter: str) -> bool:
    """Tell whether a character is a quotation mark."""
    return letter == '"' or "QUOTATION" in unicodedata.name(letter, "")


@cache
def _is_kept(letter: str) -> bool:
    """Tell whether a name may begin or end with some punctuation."""
    name = unicodedata.name(letter, "")
    return (
        letter in _KEPT or name.endswith("RIGHT SINGLE QUOTATION MARK") or _has(letter, _KEPT_NAMES)
    )


def _is_final(letter: str) -> bool:
    """Tell whether some punctuation ends no name; a full stop may end an abbreviation."""
    return letter != "." and _has(letter, _FINAL_NAMES)


def _has(letter: str, names: set[str]) -> bool:
    """Tell whether the Unicode name of a character has one of some words."""
    return not names.isdisjoint(unicodedata.name(letter, "").split())


def _part_of_a_word(entry: Entry, entity: Entity, known: Counter[str]) -> Found:
    """Find a border that is inside a word."""
    words = entry.sentence.words
    for at_end, border in ((False, entity.start), (True, entity.end)):
        if not 0 < border < len(words):
            continue
        before, after = words[border - 1], words[border]
        if entry.sentence.tags and entry.sentence.tags[border - 1 if not at_end else border] != "O":
            continue  # two entities side by side
        severity = _is_split(before, after, known)
        if severity is not None:
            verb = "ends" if at_end else "begins"
            text = (
                f"The {entity.type} entity {quoted(words[entity.start : entity.end])} {verb} "
                f"inside a word: {quoted((before, after))}"
            )
            joined = before + after
            text += f", where {quoted((joined,))} is one word elsewhere." if known[joined] else "."
            return severity, text, border - 1 if at_end else border
    return None


def _is_split(before: str, after: str, known: Counter[str]) -> Severity | None:
    """Tell whether two words are one, and how sure that is."""
    if after.startswith(_CONTINUES) or before.endswith("@@"):
        return Severity.ERROR
    if after and unicodedata.category(after[0])[0] == "M":
        return Severity.ERROR
    if min(len(before), len(after)) < 2 or len(before) + len(after) < 5:
        return None
    if not (before.isalpha() and after.isalpha()) or script_of(before[0]) in _UNSPACED:
        return None
    # Real words are usually more frequent than two of them that were written without the space.
    whole = known[before + after]
    return Severity.WARNING if whole and max(known[before], known[after]) <= whole else None


def _is_punctuation(letter: str) -> bool:
    """Tell whether a character is punctuation."""
    return letter != "" and unicodedata.category(letter)[0] == "P"
