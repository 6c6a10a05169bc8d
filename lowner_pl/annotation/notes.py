"""What a conversion changes or leaves out: no annotation is lost silently."""

from collections import Counter
from dataclasses import dataclass, field

from lowner_pl.annotation.documents import Document, Span


@dataclass(frozen=True, slots=True)
class Problem:
    """A span that can't be kept as it is.

    Args:
        document: The document.
        span: The span.
        what: What is wrong with it, to follow the quoted text: "ends inside a word".
        done: What was done about it.
    """

    document: Document
    span: Span
    what: str
    done: str = "left out"

    def __str__(self) -> str:
        start, end = self.span.start, self.span.end
        type_ = " ".join(self.span.type.split()) or "a span without type"
        quoted = self.document.excerpt(self.span)
        return f"{self.document.name}: {type_} at {start}-{end}, {quoted}, {self.what}: {self.done}"


def counted(count: int, noun: str) -> str:
    """Write a number with its noun.

    >>> counted(1, "text"), counted(1200, "text")
    ('1 text', '1,200 texts')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


@dataclass(slots=True)
class Notes:
    """Everything that the user of a conversion must be told.

    Attributes:
        problems: Spans that could not be kept as they were.
        listed: Other annotations that are left out, such as relations, each with its place.
        said: What was decided, such as which annotator's version was taken.
        left_out: Fields that are left out, and in how many documents.
    """

    problems: list[Problem] = field(default_factory=list)
    listed: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)

    def lines(self) -> list[str]:
        """Write the notes, one per line."""
        lines = [*map(str, self.problems), *self.listed, *self.said]
        if self.left_out:
            fields = ", ".join(f"{name} ({count:,})" for name, count in self.left_out.items())
            lines.append(f"Left out: {fields}")
        return lines
