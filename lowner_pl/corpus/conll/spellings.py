"""Tags as people spell them: what is plain is read, what is not is refused."""

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

_PREFIXES = "BIESLUM"
PREFIXED_OR_O = re.compile(rf"O|[{_PREFIXES}]-\S+")
_STRICT = re.compile(rf"[{_PREFIXES}]-[^\s:.=_-].*")
_MOST = 100  # characters of a tag that may be respelt
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u30fc"
_LOOSE = re.compile(rf"([{_PREFIXES}])\s*[-_:/.=~ {_DASHES}]+\s*([^\W_].*)", re.IGNORECASE)
_BEHIND = re.compile(rf"(.*\w)\s*[-_:/.=~ {_DASHES}]\s*([{_PREFIXES}])", re.IGNORECASE)
_GLUED = re.compile(r"([BI])([A-Z]{2,})")
_KEY = re.compile(r"(\w+)=(.*)")
_TAG_KEYS = ("ner", "ne", "name", "tag", "label", "entity", "bio", "iob")
_SEVERAL = re.compile(r"[|,;+/&\s]+|__+")
_BRACKETS = re.compile(r"\([^()*\s]+\*?\)?|\*\)?")
_QUOTES = re.compile(r"""(["'`]+|[\[({<]+)(.*?)(["'`]+|[\])}>]+)""")
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
# Letters of Cyrillic, Greek and Armenian that look like a Latin one.
_LOOK_ALIKE = str.maketrans(
    "АВЕЅІЈКМНОРСТУХԚԜаеорсухіјѕԁԛԝΑΒΕΖΗΙΚΜΝΟΡΤΥΧονՕՍօս",
    "ABESIJKMHOPCTYXQWaeopcyxijsdqwABEZHIKMNOPTYXovOUou",
)


class Doubt(NamedTuple):
    """Tags that nobody can read for sure.

    Attributes:
        tags: The tags, all of one kind.
        what: What they are, after "3 words are tagged".
        remedy: What to do.
    """

    tags: tuple[str, ...]
    what: str
    remedy: str


def respelt(tags: Iterable[str]) -> dict[str, str]:
    """Return the tags that are spelt in another way than ``<prefix>-<type>``, and how to read them.

    Only those whose meaning the tags of the whole file leave no doubt of.

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
    for form in (_from_loose, _from_behind, _from_glued):
        known = [form(text) for text in entities]
        if (prefixed and form is not _from_glued) or (
            all(known) and any(text and text[0] in "BI" for text in known)
        ):
            read = {tag: form(text) or text for tag, text in read.items()}
            entities = {text for text in read.values() if text != "O"}
            prefixed = prefixed or form is not _from_glued
    # Beside capital letters, and without others of BILOU, a small l is most likely a capital I.
    is_capital = any(map(_STRICT.fullmatch, raw)) and not {"L", "U"} & {tag[:1] for tag in raw}
    return {
        tag: text
        for tag, text in read.items()
        if text != tag and not (is_capital and tag[0] == "l")
    }


def doubts(tags: Sequence[str]) -> Iterator[Doubt]:
    """Yield what is no tag, or more than one, kind after kind.

    Args:
        tags: The distinct tags of a file, respelt, in their order.
    """
    entities = [tag for tag in tags if tag != "O"]
    types = {tag: tag[2:] if _STRICT.fullmatch(tag) else tag for tag in entities}
    all_types = set(types.values())
    plain = {type_.translate(_LOOK_ALIKE): type_ for type_ in types.values() if type_.isascii()}

    def looks_latin(tag: str) -> bool:
        type_ = types[tag]
        alike = type_.translate(_LOOK_ALIKE)
        return (
            _is_mixed(tag)
            or (alike != type_ and alike in plain)
            or (tag.translate(_LOOK_ALIKE) == "O")
            or (ord(tag[0]) in _LOOK_ALIKE and _is_dashed(tag))
        )

    kinds = (
        (
            [t for t in entities if looks_latin(t)],
            "with letters that look Latin and are not",
            "Replace them by Latin letters.",
        ),
        (
            [t for t in entities if _BRACKETS.fullmatch(t)],
            "in the brackets of OntoNotes, not word by word",
            "Convert them to IOB2.",
        ),
        (
            [t for t in entities if _KEY.fullmatch(t)],
            "with '<key>=<value>', which is no tag",
            "Keep the value alone, or set `tag_column`.",
        ),
        (
            [t for t in entities if _is_several(t)],
            "with more than one tag",
            "A word has one: keep that, or set `tag_column`.",
        ),
        (
            entities if entities and all(t.isdecimal() for t in entities) else [],
            "with numbers",
            "Write the names of the tags, or set `tag_column`.",
        ),
        (
            [t for t in entities if _is_twice(types[t], all_types)],
            "with a prefix before another one",
            "Keep one prefix.",
        ),
    )
    for found, what, remedy in kinds:
        if found:
            yield Doubt(tuple(found), what, remedy)


def near_types(tags: Iterable[str]) -> list[tuple[str, ...]]:
    """Return the entity types that differ from another one in case or invisibly, in groups.

    Args:
        tags: The distinct tags of a file, respelt.
    """
    types = dict.fromkeys(tag[2:] if _STRICT.fullmatch(tag) else tag for tag in tags if tag != "O")
    groups: dict[str, list[str]] = {}
    for type_ in types:
        visible = "".join(c for c in type_ if unicodedata.category(c) != "Cf")
        groups.setdefault(unicodedata.normalize("NFKC", visible).casefold(), []).append(type_)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def shown(text: str) -> str:
    """Return a text for a message, cut to 80 characters, with the names of deceptive letters."""
    cut = repr(text if len(text) <= 80 else f"{text[:80]}…")
    odd = [c for c in dict.fromkeys(text) if ord(c) in _LOOK_ALIKE or ord(c) in _FULL_WIDTH]
    if len(text) == 1 and not text.isascii():
        odd = [text]
    if not odd or len(text) > 40:
        return cut
    names = (f"U+{ord(c):04X} {unicodedata.name(c, 'without a name')}" for c in odd[:3])
    return f"{cut} ({', '.join(names)})"


def _cleaned(tag: str) -> str:
    """Return a tag without what is seen badly or not at all, quotes and final punctuation."""
    if len(tag) > _MOST:
        return tag
    text = tag.translate(_FULL_WIDTH)
    if text.isascii() or all(unicodedata.category(c) in ("Cf", "Zs") for c in text if c > "\x7f"):
        text = "".join(c for c in text if unicodedata.category(c) != "Cf")
    # Within other scripts, some invisible characters are part of the spelling.
    edges = "".join(c for c in set(text) if unicodedata.category(c)[0] in "CZ")
    text = text.strip(edges)
    if (match := _QUOTES.fullmatch(text)) and not _BRACKETS.fullmatch(text):
        text = match[2]
    return text.rstrip(".,;:-") or text or tag


def _without_keys(read: dict[str, str]) -> dict[str, str]:
    """Return the values of one key that all tags have, such as ``ner=B-PER|SpaceAfter=No``."""
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
    """Return ``B-PER`` for ``B_PER``, ``b-PER``, ``B PER`` and the like."""
    if _STRICT.fullmatch(text):
        return text
    match = _LOOSE.fullmatch(text) if len(text) <= _MOST else None
    return f"{match[1].upper()}-{match[2]}" if match else None


def _from_behind(text: str) -> str | None:
    """Return ``B-PER`` for ``PER-B`` and the like."""
    if _STRICT.fullmatch(text):
        return text
    match = _BEHIND.fullmatch(text) if len(text) <= _MOST else None
    return f"{match[2].upper()}-{match[1]}" if match else None


def _from_glued(text: str) -> str | None:
    """Return ``B-PER`` for ``BPER``."""
    match = _GLUED.fullmatch(text)
    return f"{match[1]}-{match[2]}" if match else None


def _is_bare(text: str) -> bool:
    """Tell whether a tag can only be a type without prefix."""
    return not (_from_loose(text) or _from_behind(text))


def _is_dashed(tag: str) -> bool:
    return len(tag) > 2 and tag[1] in f"-_{_DASHES}"


def _is_mixed(tag: str) -> bool:
    """Tell whether a run of letters has Latin ones and others that look Latin."""
    for run in re.findall(r"[^\W\d_]+", tag):
        latin = any("a" <= c.casefold() <= "z" for c in run)
        if latin and any(ord(c) in _LOOK_ALIKE for c in run):
            return True
    return False


def _is_several(tag: str) -> bool:
    """Tell whether a tag is two: of a word with two entities, or of a whole sentence."""
    parts = _SEVERAL.split(tag)
    tags = sum(bool(PREFIXED_OR_O.fullmatch(part)) for part in parts)
    return tags > 1 or any(sign in tag for sign in "|,;")


def _is_twice(type_: str, types: set[str]) -> bool:
    """Tell whether a type is itself a tag: of a type of the file, or as all of its types are."""
    return type_[:2] in ("B-", "I-") and (
        type_[2:] in types or all(other[:2] in ("B-", "I-") for other in types)
    )
