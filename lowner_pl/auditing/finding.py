"""A finding: what is wrong, where, how sure that is, and what to do about it."""

import unicodedata
from enum import StrEnum
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from lowner_pl.auditing.split import Entry


class Severity(StrEnum):
    """How sure it is that a finding is a mistake that matters."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Kind(StrEnum):
    """What a finding is about, in the order of the report."""

    FILE = "file"
    SEQUENCE = "sequence"
    TYPE = "type"
    DIFFERENT = "different"
    BORDER = "border"
    SHARED = "shared"
    SCRIPT = "script"
    RARE = "rare"
    SPELLING = "spelling"

    @property
    def heading(self) -> str:
        """The heading of these findings."""
        return _TEXTS[self][0]

    @property
    def advice(self) -> str:
        """What to do about these findings."""
        return _TEXTS[self][1]


_TEXTS = {
    Kind.FILE: (
        "How the files are read",
        "Check that the file is read as you mean it.",
    ),
    Kind.SEQUENCE: (
        "Tags that break the tag scheme",
        "Correct the tag. Until then it is read as the message says.",
    ),
    Kind.TYPE: (
        "Entity types that are probably typing errors",
        "Correct the tags in the file, or rename the type with `type_map` in the configuration.",
    ),
    Kind.DIFFERENT: (
        "The same words tagged differently",
        "Read both places, and correct the one that is wrong. Most likely errors come first.",
    ),
    Kind.BORDER: (
        "Doubtful borders of entities",
        "Move the border so that the entity has whole words and no punctuation around it.",
    ),
    Kind.SHARED: (
        "Sentences that occur twice",
        "Remove the sentence from the training data: a test on it measures memory.",
    ),
    Kind.SCRIPT: (
        "Scripts mixed in one word, and invisible characters",
        "Type the word again with the keyboard of its language.",
    ),
    Kind.RARE: (
        "Types too rare to learn or to score",
        "Label more sentences with this type, or drop it with `type_map` in the configuration.",
    ),
    Kind.SPELLING: (
        "Words that a backbone spells badly",
        "Choose a backbone that was trained on the language.",
    ),
}


class Place(NamedTuple):
    """Where something stands.

    Attributes:
        file: The file, or the name of the split.
        number: Line of the file, or number of the sentence, both from 1.
        of_sentence: Whether it is the number of a sentence of a split.
    """

    file: str
    number: int
    of_sentence: bool = False

    def __str__(self) -> str:
        if self.of_sentence:
            return f"{self.file}, sentence {self.number}"
        return f"{self.file}:{self.number}"


class Finding(NamedTuple):
    """Something that is wrong in a corpus, or may be.

    Attributes:
        kind: What it is about.
        severity: How sure it is.
        text: What was found, a sentence.
        place: Where it stands, if it stands in one place.
        others: Other places that it is about.
        entry: The sentence, to show it.
        start: Position of the first word that it is about.
        end: Position after the last word that it is about.
        weight: How likely it is an error compared with others of the same severity.
    """

    kind: Kind
    severity: Severity
    text: str
    place: Place | None = None
    others: tuple[Place, ...] = ()
    entry: "Entry | None" = None
    start: int = 0
    end: int = 0
    weight: float = 0.0


def at(
    entry: "Entry",
    start: int,
    end: int,
    kind: Kind,
    severity: Severity,
    text: str,
    *,
    others: tuple[Place, ...] = (),
    weight: float = 0.0,
) -> Finding:
    """Make a finding about some words of a sentence; its place is that of the first one."""
    return Finding(kind, severity, text, entry.place(start), others, entry, start, end, weight)


_TURNING = {"R", "AL", "RLE", "LRE", "RLO", "LRO", "RLI", "LRI", "FSI"}
"""Classes of characters that turn the direction of text."""


def quoted(words: tuple[str, ...]) -> str:
    """Write words in quotation marks, cut to 80 characters.

    The direction of right-to-left words is kept apart from that of the message around them, also if
    they have characters that turn it.
    """
    text = " ".join(words)
    cut = text if len(text) <= 80 else f"{text[:80]}…"
    turns = any(unicodedata.bidirectional(letter) in _TURNING for letter in cut)
    return f"“\u2068{cut}\u2069”" if turns else f"“{cut}”"
