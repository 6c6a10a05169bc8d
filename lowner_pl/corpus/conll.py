"""CoNLL files: one word a line with its tag in a column, a blank line after each sentence."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lowner_pl.corpus.schemes import IOB2Converter, Scheme, misfit
from lowner_pl.corpus.sentence import Sentence
from lowner_pl.corpus.text import decode, read_bytes

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
class _Block:
    """The raw words and tags of a sentence, and the line of its first word."""

    line: int
    words: list[str]
    tags: list[str]


def read_conll(
    path: str | Path,
    *,
    language: str | None = None,
    word_column: int = 0,
    tag_column: int = -1,
    comments: bool | None = None,
    scheme: Scheme | None = None,
    labelled: bool = True,
    encoding: str = "utf-8",
) -> list[Sentence]:
    """Return the sentences of a file, their tags converted to IOB2.

    Args:
        path: The file.
        language: Language of the sentences. If every word of the file has this language for a
            prefix, as in WikiANN (``sw:Nairobi``), the prefix is removed.
        word_column: See :class:`ConllFormat`, as for the rest.
        tag_column: See :class:`ConllFormat`.
        comments: See :class:`ConllFormat`.
        scheme: See :class:`ConllFormat`.
        labelled: See :class:`ConllFormat`.
        encoding: See :class:`ConllFormat`.

    Raises:
        FileNotFoundError: If there is no such file.
        IsADirectoryError: If the path is a folder.
        ValueError: If the file is malformed; the message names the line.
    """
    form = ConllFormat(
        word_column=word_column,
        tag_column=tag_column,
        comments=comments,
        scheme=scheme,
        labelled=labelled,
        encoding=encoding,
    )
    return parse_conll(read_bytes(path), str(path), form, language=language)


def parse_conll(
    data: bytes, file: str, form: ConllFormat, *, language: str | None = None
) -> list[Sentence]:
    """Return the sentences of the bytes of a file; see :func:`read_conll`.

    Args:
        data: The bytes.
        file: Name of the file for messages.
        form: How the file spells its sentences.
        language: Language of the sentences.
    """
    blocks = list(_blocks(decode(data, file, form.encoding).split("\n"), file, form))
    if not blocks:
        raise ValueError(f"{file}: A corpus file must hold sentences, was: empty.")
    if language:
        _remove_prefix(blocks, f"{language}:")
    if not form.labelled:
        return [Sentence(tuple(b.words), None, language, (file, b.line)) for b in blocks]
    convert = _converter(blocks, file, form.scheme)
    return [Sentence(tuple(b.words), convert(b.tags), language, (file, b.line)) for b in blocks]


def _blocks(lines: list[str], file: str, form: ConllFormat) -> Iterator[_Block]:
    """Yield the sentences, raw."""
    comments = _has_comments(lines) if form.comments is None else form.comments
    columns = _Columns(file, form)
    block = _Block(0, [], [])
    for number, line in enumerate(lines, 1):
        boundary = not line.strip(" \t") or (line[0] == "-" and _starts_document(line))
        if boundary or (comments and _is_comment(line, form)):
            if boundary and block.words:
                yield block
                block = _Block(0, [], [])
            continue
        word, tag = columns(line, number)
        if not block.words:
            block.line = number
        block.words.append(word)
        block.tags.append(tag)
    if block.words:
        yield block


def _has_comments(lines: list[str]) -> bool:
    first = next((line for line in lines if line.strip(" \t")), "")
    return _COMMENT.match(first) is not None and "\t" not in first


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


def _remove_prefix(blocks: list[_Block], prefix: str) -> None:
    """Remove a prefix that every word has."""
    if all(word.startswith(prefix) for block in blocks for word in block.words):
        for block in blocks:
            block.words = [word.removeprefix(prefix) for word in block.words]


def _converter(blocks: list[_Block], file: str, scheme: Scheme | None) -> IOB2Converter:
    """Return the converter for the tags of a file, once they are known to fit one scheme."""
    distinct = dict.fromkeys(tag for block in blocks for tag in block.tags)
    found = misfit(distinct, scheme)
    if not found and not scheme and "O" not in distinct and not any("-" in t for t in distinct):
        # Most likely another column, such as parts of speech.
        found = next(iter(distinct)), "A file of bare entity types must have words tagged 'O'"
    if found:
        tag, condition = found
        line = next(b.line + b.tags.index(tag) for b in blocks if tag in b.tags)
        raise ValueError(
            f"{file}:{line}: {condition}, was: {tag!r}. Correct the tag, or set `tag_column` or "
            "`scheme`."
        )
    return IOB2Converter(distinct)
