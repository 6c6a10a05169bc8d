"""Grouping the lines of a CoNLL file into sentences, with words and tags as in the file."""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from lowner_pl.corpus.conll.columns import Columns, Notes
from lowner_pl.corpus.conll.conll_format import ConllFormat

_NO_WORD = re.compile(r"\d+[-.]\d+[ \t]")  # CoNLL-U: multiword token 1-2, empty node 1.1


@dataclass(slots=True)
class Block:
    """The words and tags of a sentence as they stand in the file.

    Attributes:
        line: Line number of the first word.
        words: The words.
        tags: Their tags.
        skipped: For each line inside the sentence that is no word, the number of words before it.
    """

    line: int
    words: list[str]
    tags: list[str]
    skipped: list[int] = field(default_factory=list)

    def line_of(self, position: int) -> int:
        """Return the line number of a word."""
        return self.line + position + bisect_right(self.skipped, position)


def blocks(lines: Iterable[str], form: ConllFormat, notes: Notes | None = None) -> Iterator[Block]:
    """Yield one sentence after another while reading the lines.

    Args:
        lines: The lines of a file, without line ends.
        form: Layout of the file.
        notes: Collects observations about the file.

    Raises:
        LineError: If a line is malformed.
    """
    watches = notes is not None
    notes = notes or Notes()
    columns = Columns(form, notes, watches=watches)
    numbered = enumerate(lines, 1)
    block = Block(0, [], [])
    for number, line in chain(columns.begin(numbered), numbered):
        text = line if line.strip(" \t\r") else ""
        ends = not text
        if text and text[0] in "#-\ufeff":
            text, ends = columns.special(text, number)
        if ends and block.words:
            notes.ends += 1
            yield block
            block = Block(0, [], [])
        if not text:
            if block.words:
                block.skipped.append(len(block.words))
            continue
        if columns.are_numbered and _NO_WORD.match(text):
            notes.skipped.append(number)
            if block.words:
                block.skipped.append(len(block.words))
            continue
        word, tag = columns(text, number)
        if not block.words:
            block.line = number
        block.words.append(word)
        block.tags.append(tag)
    if block.words:
        yield block
