"""Sentences that occur twice: in two splits, or in one."""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from lowner_pl.auditing.finding import Finding, Kind, Severity, at
from lowner_pl.auditing.split import Entry, Role, Split

_SHORT = 3
"""Sentences of this many words may be alike by chance."""
_NO_LETTERS = re.compile(r"[\W_]+")


def shared_sentences(splits: Sequence[Split]) -> Iterator[Finding]:
    """Yield the sentences whose words occur earlier, in training data first.

    A sentence that differs only in case, punctuation or white space counts too if it has
    more than three words.
    """
    exact: dict[tuple[str, ...], tuple[Entry, Role]] = {}
    alike: dict[str, tuple[Entry, Role]] = {}
    for split in sorted(splits, key=lambda split: ("train", "dev", "test").index(split.role)):
        for entry in split.entries:
            words = entry.sentence.words
            key = _simplified(words) if len(words) > _SHORT else ""
            if words in exact:
                yield _finding(entry, split.role, *exact[words], exactly=True)
            elif key in alike and alike[key][0].split != entry.split:
                yield _finding(entry, split.role, *alike[key], exactly=False)
            exact.setdefault(words, (entry, split.role))
            if key:
                alike.setdefault(key, (entry, split.role))


def _finding(
    entry: Entry, role: Role, earlier: Entry, earlier_role: Role, *, exactly: bool
) -> Finding:
    """Describe a sentence that occurs earlier."""
    words = entry.sentence.words
    inside = entry.split == earlier.split
    if inside or len(words) <= _SHORT:
        severity = Severity.NOTE
    elif role == "test" and earlier_role == "train" and exactly:
        severity = Severity.ERROR
    else:
        severity = Severity.WARNING
    tags = "" if entry.sentence.tags == earlier.sentence.tags else ", with other tags"
    again = f"also in {earlier.split}" if not inside else f"in {entry.split} already"
    only = "" if exactly else " It differs only in case, punctuation or spaces."
    text = f"This {entry.split} sentence is {again}{tags}.{only}"
    others = (earlier.place(),)
    weight = float(len(words))
    return at(entry, 0, len(words), Kind.SHARED, severity, text, others=others, weight=weight)


def _simplified(words: Sequence[str]) -> str:
    """Write a sentence without case, spaces and punctuation."""
    text = "".join(words)
    if not text.isascii():
        text = unicodedata.normalize("NFKC", text)
    # Combining marks are no word characters, but parts of words.
    letters = text.casefold()
    if letters.isascii():
        return _NO_LETTERS.sub("", letters)
    return "".join(c for c in letters if unicodedata.category(c)[0] in "LMN")
