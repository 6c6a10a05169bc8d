"""Tag schemes of the world's corpora, and their conversion to IOB2.

One rule converts all of them: an entity begins at ``B-``, ``S-`` or ``U-``, where the type changes,
and after an entity that ended with ``E-``, ``L-``, ``S-``, ``U-`` or ``O``. It also repairs tags
that break their own scheme, as conlleval reads them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, get_args

Scheme = Literal["iob1", "iob2", "iobes", "bmes", "bilou", "io"]

_PREFIXES: dict[Scheme, frozenset[str]] = {
    "iob2": frozenset("BI"),
    "iob1": frozenset("BI"),
    "iobes": frozenset("BIES"),
    "bmes": frozenset("BMES"),
    "bilou": frozenset("BILU"),
    "io": frozenset({"I", ""}),
}
_PREFIXED = re.compile(r"([BIMESLU])-(\S+(?: \S+)*)")
# One letter is a prefix without its type; a letter and a hyphen, a prefix no scheme has.
_BARE = re.compile(r"[^\W\d_][^\s-]\S*(?: \S+)*")


def misfit(tags: Iterable[str], scheme: Scheme | None = None) -> tuple[str, str] | None:
    """Return the first tag that fits no scheme together with those before it, and why.

    Args:
        tags: Tags of one file; repetitions do not matter.
        scheme: The only scheme to consider, or ``None`` for all.

    Raises:
        ValueError: If there is no such scheme.
    """
    if scheme is not None and scheme not in _PREFIXES:
        raise ValueError(f"The tag scheme must be one of {get_args(Scheme)}, was: {scheme!r}.")
    schemes = _PREFIXES if scheme is None else {scheme: _PREFIXES[scheme]}
    seen: set[str] = set()
    for tag in tags:
        if tag == "O":
            continue
        parts = _split(tag)
        if parts is None:
            return tag, "A tag must be 'O', '<prefix>-<type>' or '<type>'"
        seen.add(parts[0])
        fits = any(seen <= prefixes for prefixes in schemes.values())
        if not fits or seen == {"", "I"}:
            others = ", ".join(f"{p}-" if p else "no prefix" for p in sorted(seen - {parts[0]}))
            return (
                tag,
                f"A tag must fit the scheme {scheme or f'of the file (tags so far: {others})'}",
            )
    return None


def detect_scheme(sequences: Iterable[Sequence[str]]) -> Scheme:
    """Return the tag scheme of the sentences of a file.

    A whole file decides: a single sentence is often legal in several schemes. Where all of the
    file is, IOB2 goes before IOB1, and both before the others.

    Raises:
        ValueError: If no scheme has all the tags.
    """
    sequences = [tuple(tags) for tags in sequences]
    distinct = dict.fromkeys(tag for tags in sequences for tag in tags)
    if found := misfit(distinct):
        raise ValueError(f"{found[1]}, was: {found[0]!r}. Give the `scheme`, or correct the tags.")
    seen = {parts[0] for tag in distinct if (parts := _split(tag)) is not None} - {"O"}
    if "" in seen:
        return "io"
    if seen <= {"B", "I"}:
        lonely = {prefix for tags in sequences for prefix in _openings(tags)}
        return "iob1" if "I" in lonely and "B" not in lonely else "iob2"
    return next(scheme for scheme, prefixes in _PREFIXES.items() if seen <= prefixes)


def to_iob2(tags: Sequence[str], scheme: Scheme | None = None) -> tuple[str, ...]:
    """Return the tags of one sentence in IOB2.

    Args:
        tags: Tags in any scheme: IOB1, IOB2, IOBES, BMES, BILOU or IO (``I-PER`` or ``PER``).
        scheme: Their scheme; ``None`` takes any that has all the tags.

    Raises:
        ValueError: If a tag is not of the scheme.
    """
    if found := misfit(tags, scheme):
        raise ValueError(f"{found[1]}, was: {found[0]!r}. Give the `scheme`, or correct the tags.")
    return IOB2Converter(tags)(tags)


class IOB2Converter:
    """Converts sentence after sentence, with the work per distinct tag done once.

    Args:
        tags: Every tag that will occur; all must fit one scheme.
        respelt: What to read some of them as.
    """

    def __init__(self, tags: Iterable[str], respelt: Mapping[str, str] | None = None) -> None:
        self._parts: dict[str, tuple[bool, bool, str, str, str]] = {}
        self._respelt = dict(respelt or {})
        for tag in {self._respelt.get(tag, tag) for tag in tags} - {"O"}:
            prefix, type_ = _split(tag) or ("", tag)
            self._parts[tag] = (
                prefix in "BSU" and prefix != "",
                prefix in "ELSU" and prefix != "",
                type_,
                f"B-{type_}",
                f"I-{type_}",
            )

    def __call__(self, tags: Sequence[str]) -> tuple[str, ...]:
        """Return the tags of one sentence in IOB2."""
        if self._respelt:
            tags = [self._respelt.get(tag, tag) for tag in tags]
        if tags.count("O") == len(tags):
            return tuple(tags)
        converted: list[str] = []
        open_type = ""
        for tag in tags:
            if tag == "O":
                converted.append("O")
                open_type = ""
                continue
            begins, ends, type_, first, later = self._parts[tag]
            converted.append(first if begins or type_ != open_type else later)
            open_type = "" if ends else type_
        return tuple(converted)


def _split(tag: str) -> tuple[str, str] | None:
    """Return prefix ('' where there is none) and type, or ``None`` for what is no tag."""
    if tag == "O":
        return "O", ""
    if match := _PREFIXED.fullmatch(tag):
        return match[1], match[2]
    return ("", tag) if _BARE.fullmatch(tag) else None


def _openings(tags: Sequence[str]) -> Iterable[str]:
    """Yield the prefix of every tag that follows no tag of its type."""
    before = "O"
    for tag in tags:
        if tag != "O" and tag[2:] != before[2:]:
            yield tag[0]
        before = tag
