"""Tag schemes in use, and their conversion to IOB2.

One rule converts all schemes: an entity begins at ``B-``, ``S-`` or ``U-``, where the type changes,
and after an entity that ended with ``E-``, ``L-``, ``S-``, ``U-`` or ``O``. The rule also repairs
tags that break their own scheme, in the way conlleval reads them.
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
# A single letter is a prefix without a type; other letters before a hyphen are no known prefix.
_BARE = re.compile(r"[^\W\d_][^\s-]\S*(?: \S+)*")


def misfit(tags: Iterable[str], scheme: Scheme | None = None) -> tuple[str, str] | None:
    """Find the first tag that fits no scheme together with the tags before it.

    Args:
        tags: Tags of one file. Repetitions do not matter.
        scheme: The only scheme to consider, or ``None`` for all.

    Returns:
        The tag and the reason, which completes a sentence that begins with the tag, or ``None`` if
        all tags fit.

    Raises:
        ValueError: If the scheme is unknown.
    """
    if scheme is not None and scheme not in _PREFIXES:
        raise ValueError(f"There is no tag scheme {scheme!r}. Use one of {get_args(Scheme)}.")
    schemes = _PREFIXES if scheme is None else {scheme: _PREFIXES[scheme]}
    seen: set[str] = set()
    for tag in tags:
        if tag == "O":
            continue
        parts = _split(tag)
        if parts is None:
            return tag, "is not a tag such as 'O', 'B-PER' or 'PER'"
        seen.add(parts[0])
        fits = any(seen <= prefixes for prefixes in schemes.values())
        if not fits or seen == {"", "I"}:
            if scheme:
                return tag, f"is not a tag of the scheme {scheme}"
            others = " and ".join(f"{p}-" for p in sorted(seen - {parts[0]}) if p)
            return tag, (
                "does not fit the scheme of the other tags, which "
                + (f"begin with {others}" if others else "have no prefix")
            )
    return None


def detect_scheme(sequences: Iterable[Sequence[str]]) -> Scheme:
    """Detect the tag scheme of the sentences of a file.

    A single sentence is often legal in several schemes, so all sentences decide together. If the
    whole file is legal in several schemes, IOB2 is preferred, then IOB1.

    Raises:
        ValueError: If the tags fit no scheme.
    """
    sequences = [tuple(tags) for tags in sequences]
    distinct = dict.fromkeys(tag for tags in sequences for tag in tags)
    if found := misfit(distinct):
        raise _error(*found)
    seen = {parts[0] for tag in distinct if (parts := _split(tag)) is not None} - {"O"}
    if "" in seen:
        return "io"
    if seen <= {"B", "I"}:
        lonely = {prefix for tags in sequences for prefix in _openings(tags)}
        return "iob1" if "I" in lonely and "B" not in lonely else "iob2"
    return next(scheme for scheme, prefixes in _PREFIXES.items() if seen <= prefixes)


def to_iob2(tags: Sequence[str], scheme: Scheme | None = None) -> tuple[str, ...]:
    """Convert the tags of one sentence to IOB2.

    Args:
        tags: Tags in any scheme: IOB1, IOB2, IOBES, BMES, BILOU or IO (``I-PER`` or ``PER``).
        scheme: Their scheme, or ``None`` to accept any scheme that all the tags fit.

    Raises:
        ValueError: If a tag does not fit the scheme.
    """
    if found := misfit(tags, scheme):
        raise _error(*found)
    return IOB2Converter(tags)(tags)


class IOB2Converter:
    """A converter to IOB2 for many sentences, which analyses each distinct tag once.

    Args:
        tags: Every tag that will occur. All of them must fit one scheme.
        respelt: Tags in another spelling, and how to read them.
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
        """Convert the tags of one sentence."""
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


def _error(tag: str, reason: str) -> ValueError:
    return ValueError(f"{tag!r} {reason}. Correct the tag, or set `scheme`.")


def _split(tag: str) -> tuple[str, str] | None:
    """Split a tag into prefix (``""`` if it has none) and type; ``None`` if it is not a tag."""
    if tag == "O":
        return "O", ""
    if match := _PREFIXED.fullmatch(tag):
        return match[1], match[2]
    return ("", tag) if _BARE.fullmatch(tag) else None


def _openings(tags: Sequence[str]) -> Iterable[str]:
    """Yield the prefix of every tag that does not follow a tag of its type."""
    before = "O"
    for tag in tags:
        if tag != "O" and tag[2:] != before[2:]:
            yield tag[0]
        before = tag
