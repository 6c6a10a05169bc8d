"""Grouping the lines of a CoNLL file into sentences, with words and tags as in the file."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
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
    """

    line: int
    words: list[str]
    tags: list[str]


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
            continue
        if columns.are_numbered and _NO_WORD.match(text):
            notes.skipped.append(number)
            continue
        word, tag = columns(text, number)
        if not block.words:
            block.line = number
        block.words.append(word)
        block.tags.append(tag)
    if block.words:
        yield block
