"""Tags that break the scheme of their file, such as ``I-`` without ``B-``."""

from collections.abc import Iterator, Mapping, Sequence

from lowner_pl.auditing.finding import Finding, Kind, Severity, at
from lowner_pl.auditing.split import Split
from lowner_pl.corpus import Scheme

_SINGLE, _LAST, _INSIDE = "SU", "EL", "IM"


def broken_sequences(splits: Sequence[Split]) -> Iterator[Finding]:
    """Yield the tags that can't follow the tag before them in the scheme of their file.

    Only sentences whose tags in the file are known are looked at. In IOB1 and IO, every sequence
    is well-formed.
    """
    for split in splits:
        if split.scheme in (None, "io", "iob1"):
            continue
        spelt = split.respelt or {}
        for entry in split.entries:
            if entry.block is None:
                continue
            for position, text in broken(entry.block.tags, split.scheme, spelt):
                end = position + 1
                yield at(entry, position, end, Kind.SEQUENCE, Severity.ERROR, text)


def broken(
    tags: Sequence[str], scheme: Scheme, spelt: Mapping[str, str] | None = None
) -> Iterator[tuple[int, str]]:
    """Yield the positions of tags that break a scheme, and what is wrong there.

    Args:
        tags: The tags of a sentence as they stand in the file.
        scheme: IOB2, IOBES, BMES or BILOU.
        spelt: How to read tags in another spelling.

    >>> list(broken(["O", "I-PER"], "iob2"))
    [(1, 'I-PER follows O, without B-PER before it. It is read as the beginning of an entity.')]
    >>> [position for position, _ in broken(["B-PER", "O", "S-LOC", "E-LOC"], "iobes")]
    [1, 3]
    """
    if tags.count("O") == len(tags):
        return
    ends = scheme != "iob2"
    open_type, before = "", "the start of the sentence"
    for position, written in enumerate(tags):
        tag = (spelt or {}).get(written, written)
        prefix, type_ = tag[:1], tag[2:]
        continues = tag != "O" and prefix in _INSIDE + _LAST
        if continues and type_ != open_type:
            yield (
                position,
                f"{tag} follows {before}, without B-{type_} before it. It is read as the beginning "
                "of an entity.",
            )
        elif ends and open_type and not continues:
            last = "L" if scheme == "bilou" else "E"
            yield (
                position,
                f"{tag} follows {before}, but the entity has no {last}-{open_type}. It is read as "
                f"ending before {tag}.",
            )
        open_type = "" if tag == "O" or prefix in _SINGLE + _LAST else type_
        before = tag
    if ends and open_type:
        last = "L" if scheme == "bilou" else "E"
        yield len(tags) - 1, f"The sentence ends with {before}, without {last}-{open_type}."
