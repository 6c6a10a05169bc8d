"""A CoNLL file while it is judged: what it is called, what it shows, and how to say so."""

import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from lowner_pl.corpus.conll.file_kinds import Advice, advice
from lowner_pl.corpus.conll.lines import Block, ConllFormat, Notes


@dataclass(slots=True)
class JudgedFile:
    """A file that is gone through as often as a judgement needs it.

    Args:
        raw: Returns its sentences, raw, from the first one on; takes down what is seen meanwhile.
        lines: Returns its lines, from the first one on.
        name: Name of the file for messages.
        form: How it spells its sentences.

    Attributes:
        notes: What was seen while its lines were read.
        start: Line of its first word.
    """

    raw: Callable[[Notes | None], Iterable[Block]]
    lines: Callable[[], Iterable[str]]
    name: str
    form: ConllFormat
    notes: Notes = field(default_factory=Notes)
    start: int = 0

    @property
    def place(self) -> str:
        """The file and the line of its first word, for messages."""
        return f"{self.name}:{self.start}"

    def advice(self) -> Advice:
        """Look at the whole file, for what its columns are."""
        return advice(self.lines(), comments=self.form.comments is not False)

    def remedy(self) -> str | None:
        """Say which options would read the file, if it is something else than what was tried."""
        return self.advice().remedy(self.form.word_column, self.notes.tag)

    def warn(self, text: str, line: int | None = None) -> None:
        """Warn of something in a line, or in the file as a whole."""
        warnings.warn(f"{self.name}:{line or self.start}: {text}", stacklevel=5)
