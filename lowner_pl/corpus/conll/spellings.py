"""Tags in unusual spellings: clear ones can be read, doubtful ones must be refused."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

_PREFIXES = "BIESLUM"
PREFIXED_OR_O = re.compile(rf"O|[{_PREFIXES}]-\S+")
_STRICT = re.compile(rf"[{_PREFIXES}]-[^\s:.=_-].*")
_MAX_LENGTH = 100  # longer tags are left as they are
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc"
_LOOSE = re.compile(rf"([{_PREFIXES}])\s*[-_:/.=~ {_DASHES}]+\s*([^\W_].*)", re.IGNORECASE)
_SUFFIXED = re.compile(rf"(.*\w)\s*[-_:/.=~ {_DASHES}]\s*([{_PREFIXES}])", re.IGNORECASE)
_GLUED = re.compile(r"([BI])([A-Z]{2,})")
_KEY = re.compile(r"(\w+)=(.*)")
_TAG_KEYS = ("ner", "ne", "name", "tag", "label", "entity", "bio", "iob")
_SEVERAL = re.compile(r"[|,;+/&\s]+|__+")
_BRACKETS = re.compile(r"\([^()*\s]+\*?\)?|\*\)?")
_QUOTES = re.compile(r"""(["'`]+|[\[({<]+)(.*?)(["'`]+|[\])}>]+)""")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
# Cyrillic, Greek and Armenian letters that look like Latin ones.
LOOK_ALIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТУХԚԜаеорсухіјѕԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧονՕՍօս",
    "ABESIJKMHOPCTYXQWaeopcyxijsdqwABEZHIKMNOPTYXovOUou",
)


class Doubt(NamedTuple):
    """Tags that cannot be read with certainty.

    Attributes:
        tags: The tags, all with the same problem.
        problem: What is wrong with them, to follow "3 words have".
        remedy: What to do about it.
    """

    tags: tuple[str, ...]
    problem: str
    remedy: str


def respelt(tags: Iterable[str]) -> dict[str, str]:
    """Find the tags in another spelling than ``<prefix>-<type>``, and how to read them.

    A tag is included only if its meaning is clear, given all the tags of the file.

    Args:
        tags: The distinct tags of a file.
    """
    raw = list(tags)
    read = _without_keys({tag: _cleaned(tag) for tag in raw})
    if {"0"} == {tag for tag in read.values() if tag.isdecimal()}:
        read = {tag: "O" if text == "0" else text for tag, text in read.items()}
    read = {tag: "O" if text == "o" else text for tag, text in read.items()}
    entities = {text for text in read.values() if text != "O"}
    prefixed = any(map(_STRICT.fullmatch, entities)) and not any(map(_is_bare, entities))
    for form in (_from_loose, _from_suffixed, _from_glued):
        known = [form(text) for text in entities]
        if (prefixed and form is not _from_glued) or (
            all(known) and any(text and text[0] in "BI" for text in known)
        ):
            read = {tag: form(text) or text for tag, text in read.items()}
            entities = {text for text in read.values() if text != "O"}
            prefixed = prefixed or form is not _from_glued
    # If other tags have capital prefixes and none is BILOU's L or U, an l is probably an I.
    is_capital = any(map(_STRICT.fullmatch, raw)) and not {"L", "U"} & {tag[:1] for tag in raw}
    return {
        tag: text
        for tag, text in read.items()
        if text != tag and not (is_capital and tag[0] == "l")
    }


def doubts(tags: Sequence[str]) -> Iterator[Doubt]:
    """Yield the kinds of problems with tags, each with the tags that have it.

    Args:
        tags: The distinct tags of a file in their order, after :func:`respelt`.
    """
    entities = [tag for tag in tags if tag != "O"]
    types = {tag: tag[2:] if _STRICT.fullmatch(tag) else tag for tag in entities}
    all_types = set(types.values())
    kinds = (
        (
            _with_look_alikes(types),
            "a tag with letters that look Latin but are not",
            "Replace them with Latin letters.",
        ),
        (
            [t for t in entities if _BRACKETS.fullmatch(t)],
            "a tag in the bracket notation of OntoNotes",
            "Convert the tags to IOB2, one per word.",
        ),
        (
            [t for t in entities if _KEY.fullmatch(t)],
            "a tag of the form '<key>=<value>'",
            "Keep only the value, or set `tag_column`.",
        ),
        (
            [t for t in entities if _is_several(t)],
            "more than one tag",
            "Keep one tag per word, or set `tag_column`.",
        ),
        (
            entities if entities and all(t.isdecimal() for t in entities) else [],
            "a number for a tag",
            "Write the names of the tags, or set `tag_column`.",
        ),
        (
            [t for t in entities if _is_twice(types[t], all_types)],
            "a tag with two prefixes",
            "Keep one prefix.",
        ),
    )
    for found, problem, remedy in kinds:
        if found:
            yield Doubt(tuple(found), problem, remedy)


def near_types(tags: Iterable[str]) -> list[tuple[str, ...]]:
    """Group the entity types that differ only in case or in invisible characters.

    Args:
        tags: The distinct tags of a file, after :func:`respelt`.
    """
    types = dict.fromkeys(tag[2:] if _STRICT.fullmatch(tag) else tag for tag in tags if tag != "O")
    groups: dict[str, list[str]] = {}
    for type_ in types:
        visible = "".join(c for c in type_ if unicodedata.category(c) != "Cf")
        groups.setdefault(unicodedata.normalize("NFKC", visible).casefold(), []).append(type_)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def shown(text: str) -> str:
    """Quote a text for a message: cut to 80 characters, with the names of lookalike letters."""
    cut = repr(text if len(text) <= 80 else f"{text[:80]}…")
    odd = [c for c in dict.fromkeys(text) if ord(c) in LOOK_ALIKE or ord(c) in _FULL_WIDTH]
    if len(text) == 1 and not text.isascii():
        odd = [text]
    if not odd or len(text) > 40:
        return cut
    names = (f"U+{ord(c):04X} {unicodedata.name(c, 'without a name')}" for c in odd[:3])
    return f"{cut} ({', '.join(names)})"


def _cleaned(tag: str) -> str:
    """Remove quotes, final punctuation and hardly visible characters from a tag."""
    if len(tag) > _MAX_LENGTH:
        return tag
    text = tag.translate(_FULL_WIDTH)
    if text.isascii() or all(unicodedata.category(c) in ("Cf", "Zs") for c in text if c > "\x7f"):
        text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    # In other scripts, some invisible characters inside a word belong to its spelling.
    edges = "".join(c for c in set(text) if unicodedata.category(c)[0] in "CZ")
    text = text.strip(edges)
    if (match := _QUOTES.fullmatch(text)) and not _BRACKETS.fullmatch(text):
        text = match[2]
    return text.rstrip(".,;:-") or text or tag


def _without_keys(read: dict[str, str]) -> dict[str, str]:
    """Take the value of a key that all tags have: ``B-PER`` from ``ner=B-PER|SpaceAfter=No``."""
    fields = {
        tag: {m[1].casefold(): m[2] for part in text.split("|") if (m := _KEY.fullmatch(part))}
        for tag, text in read.items()
    }
    for key in _TAG_KEYS:
        values = {tag: pairs.get(key) for tag, pairs in fields.items()}
        if values and all(values.values()):
            return {tag: _cleaned(value) for tag, value in values.items() if value}
    return read


def _from_loose(text: str) -> str | None:
    """Read ``B_PER``, ``b-PER``, ``B PER`` and the like as ``B-PER``."""
    if _STRICT.fullmatch(text):
        return text
    match = _LOOSE.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    return f"{match[1].upper()}-{match[2]}" if match else None


def _from_suffixed(text: str) -> str | None:
    """Read ``PER-B`` and the like as ``B-PER``."""
    if _STRICT.fullmatch(text):
        return text
    match = _SUFFIXED.fullmatch(text) if len(text) <= _MAX_LENGTH else None
    return f"{match[2].upper()}-{match[1]}" if match else None


def _from_glued(text: str) -> str | None:
    """Read ``BPER`` as ``B-PER``."""
    match = _GLUED.fullmatch(text)
    return f"{match[1]}-{match[2]}" if match else None


def _is_bare(text: str) -> bool:
    """Tell whether a tag can only be a type without prefix."""
    return not (_from_loose(text) or _from_suffixed(text))


def _with_look_alikes(types: dict[str, str]) -> list[str]:
    """Find the tags with letters that look Latin but are not, given the type of each tag."""
    ascii_types = {type_ for type_ in types.values() if type_.isascii()}
    return [
        tag
        for tag, type_ in types.items()
        if _is_mixed(tag)
        or (not type_.isascii() and type_.translate(LOOK_ALIKE) in ascii_types)
        or tag.translate(LOOK_ALIKE) == "O"
        or (ord(tag[0]) in LOOK_ALIKE and _is_dashed(tag))
    ]


def _is_dashed(tag: str) -> bool:
    return len(tag) > 2 and tag[1] in f"-_{_DASHES}"


def _is_mixed(tag: str) -> bool:
    """Tell whether a run of letters mixes Latin letters with others that look Latin."""
    for run in re.findall(r"[^\W\d_]+", tag):
        latin = any("a" <= c.casefold() <= "z" for c in run)
        if latin and any(ord(c) in LOOK_ALIKE for c in run):
            return True
    return False


def _is_several(tag: str) -> bool:
    """Tell whether a tag is really several tags, of nested entities or of a whole sentence."""
    parts = _SEVERAL.split(tag)
    tags = sum(bool(PREFIXED_OR_O.fullmatch(part)) for part in parts)
    return tags > 1 or any(sign in tag for sign in "|,;")


def _is_twice(type_: str, types: set[str]) -> bool:
    """Tell whether a type is itself a tag: of a known type, or if all types look like tags."""
    return type_[:2] in ("B-", "I-") and (
        type_[2:] in types or all(other[:2] in ("B-", "I-") for other in types)
    )
