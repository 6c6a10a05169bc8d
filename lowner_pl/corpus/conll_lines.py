"""The lines of CoNLL files: which are words, and where sentences end."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from lowner_pl.corpus.schemes import Scheme

DOCUMENT_START = "-DOCSTART-"
_COMMENT = re.compile(
    r"# (?:(?:global\.columns|sent_id|text|newdoc id|newpar id) ?= ?\S|newdoc$|newpar$)"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class ConllFormat:
    r"""How a file spells its sentences. Whatever can be seen from the file need not be said.

    Columns are separated by tabs if the first line with a word has one, else by blanks. Only
    ASCII tabs and blanks separate, and only line feeds end a line: ``\xa0`` or ``\u2028`` are
    characters of words. Lines that begin with ``-DOCSTART-`` are dropped, and end a sentence.

    Args:
        word_column: Column of the word, from 0.
        tag_column: Column of the tag, from 0, or from the end for negative numbers.
        comments: Whether lines that begin with ``#`` are comments. ``#`` is also a word, so
            ``None`` says yes only to files whose first line is a comment of CoNLL-U
            (``# sent_id = …``). A line with a tab is never a comment while words stand in column 0.
        scheme: Tag scheme, or ``None`` to find it from all tags of the file.
        labelled: Whether to read tags; without, the sentences have none.
        encoding: Name of the character encoding.
    """

    word_column: int = 0
    tag_column: int = -1
    comments: bool | None = None
    scheme: Scheme | None = None
    labelled: bool = True
    encoding: str = "utf-8"


@dataclass(slots=True)
class Block:
    """The raw words and tags of a sentence, and the line of its first word."""

    line: int
    words: list[str]
    tags: list[str]


def blocks(lines: Iterable[str], file: str, form: ConllFormat) -> Iterator[Block]:
    """Yield the sentences, raw, as the lines come.

    Args:
        lines: The lines of a file, without line ends.
        file: Name of the file for messages.
        form: How the file spells its sentences.

    Raises:
        ValueError: If a line is malformed; the message names it.
    """
    comments = form.comments
    columns = _Columns(file, form)
    block = Block(0, [], [])
    for number, line in enumerate(lines, 1):
        blank = not line.strip(" \t")
        if comments is None and not blank:  # the first line with something in it decides
            comments = _COMMENT.match(line) is not None and "\t" not in line
        boundary = blank or (line[0] == "-" and _starts_document(line))
        if boundary or (comments and _is_comment(line, form)):
            if boundary and block.words:
                yield block
                block = Block(0, [], [])
            continue
        word, tag = columns(line, number)
        if not block.words:
            block.line = number
        block.words.append(word)
        block.tags.append(tag)
    if block.words:
        yield block


def _is_comment(line: str, form: ConllFormat) -> bool:
    return line.startswith("#") and (form.word_column != 0 or "\t" not in line)


def _starts_document(line: str) -> bool:
    return line.startswith(DOCUMENT_START) and line[len(DOCUMENT_START) :][:1] in ("", " ", "\t")


class _Columns:
    """Takes word and tag out of a line; all lines must be like the first."""

    def __init__(self, file: str, form: ConllFormat) -> None:
        self._file, self._form = file, form
        self._tabs = False
        self._first = self._count = self._word = self._tag = 0

    def __call__(self, line: str, number: int) -> tuple[str, str]:
        if not self._first:
            self._look_at_first(line, number)
        columns = self._split(line)
        if len(columns) != self._count:
            fewer = len(columns) < self._count
            self._complain(
                number,
                f"have a word and a tag, {self._count} columns like line {self._first}",
                line,
                "Add what is missing."
                if fewer
                else "Words that hold blanks need tabs between the columns.",
            )
        tag = columns[self._tag].strip(" ") if self._form.labelled else ""
        if not tag and self._form.labelled:
            self._complain(number, "have a word and a tag", line, "Add the tag.")
        return columns[self._word], tag

    def _split(self, line: str) -> list[str]:
        if self._tabs:
            return line.split("\t")
        return [column for column in line.split(" ") if column]

    def _look_at_first(self, line: str, number: int) -> None:
        self._first, self._tabs = number, "\t" in line
        self._count = len(self._split(line))
        word, tag = self._form.word_column, self._form.tag_column
        self._word = word if word >= 0 else self._count + word
        self._tag = tag if tag >= 0 else self._count + tag
        if not 0 <= self._word < self._count:
            self._complain(number, f"have a column {word} for the word", line, "Set `word_column`.")
        if self._form.labelled and (not 0 <= self._tag < self._count or self._tag == self._word):
            self._complain(
                number, "have a word and a tag", line, "Add the tag, or set `tag_column`."
            )

    def _complain(self, number: int, condition: str, line: str, remedy: str) -> None:
        shown = line if len(line) <= 80 else f"{line[:80]}…"
        raise ValueError(
            f"{self._file}:{number}: A line must {condition}, was: {shown!r}. {remedy}"
        )
