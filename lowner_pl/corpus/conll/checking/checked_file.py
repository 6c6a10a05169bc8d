"""The CoNLL file being checked: its lines, its name, and warnings about it."""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from lowner_pl.corpus.conll.checking.column_guess import ColumnGuess, guess_columns
from lowner_pl.corpus.conll.columns import Notes
from lowner_pl.corpus.conll.conll_format import ConllFormat
from lowner_pl.corpus.conll.lines import Block
from lowner_pl.corpus.text import place


@dataclass(slots=True)
class CheckedFile:
    """A file that can be read again as often as a check needs it.

    Args:
        raw: Returns the sentences from the start of the file, with unconverted tags. If it is given
            notes, it adds its observations to them.
        lines: Returns the lines from the start of the file.
        name: Name of the file for messages.
        form: Layout of the file.

    Attributes:
        notes: What was noticed while the lines were read.
        start: Line number of the first word.
    """

    raw: Callable[[Notes | None], Iterable[Block]]
    lines: Callable[[], Iterable[str]]
    name: str
    form: ConllFormat
    notes: Notes = field(default_factory=Notes)
    start: int = 0

    def at(self, line: int | None = None) -> str:
        """Name the file and a line for a message; by default the line of the first word."""
        return place(self.name, line or self.start)

    def guess_columns(self) -> ColumnGuess:
        """Guess from the whole file which columns hold words and tags."""
        return guess_columns(self.lines(), comments=self.form.comments is not False)

    def remedy(self) -> str | None:
        """Advise how to read the file, or return ``None`` if nothing suggests another way."""
        return self.guess_columns().remedy(self.form.word_column, self.notes.tag)

    def warn(self, text: str, line: int | None = None) -> None:
        """Warn about a line, or about the file as a whole."""
        warnings.warn(f"{self.at(line)}: {text}", stacklevel=5)
