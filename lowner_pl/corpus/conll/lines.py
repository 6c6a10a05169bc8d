"""The lines of CoNLL files: which are words, and where sentences end."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain

from lowner_pl.corpus.conll.file_kinds import is_header, kind_of
from lowner_pl.corpus.conll.schemes import Scheme
from lowner_pl.corpus.conll.spellings import PREFIXED_OR_O, shown

DOCUMENT_START = "-DOCSTART-"
_CONLLU_COMMENT = re.compile(
    r"# (?:(?:global\.columns|sent_id|text|newdoc id|newpar id) ?= ?\S|newdoc$|newpar$)"
)
_COMMENT = re.compile(r"#(?:[ \t#]|\w+ ?=)")
# One before a word begins a file that was appended to another; of more, the first stands for none.
MARKED = re.compile("\ufeff+(?=[^ \t\ufeff])")
# The first column of CoNLL-U: of a first word, and of lines for several words or for none.
_FIRST_ID = re.compile(r"1(?:-[2-9])?")
_NO_WORD = re.compile(r"\d+[-.]\d+[ \t]")
_PREFIXES = frozenset("BIOESLUM")
_LOOKAHEAD = 1000  # lines at the beginning that may be comments before the first word


@dataclass(frozen=True, slots=True, kw_only=True)
class ConllFormat:
    r"""How a file spells its sentences. Whatever can be seen from the file need not be said.

    Columns are separated by tabs if the first line with a word has one, else by blanks. Only
    ASCII tabs and blanks separate, and only line feeds end a line: ``\xa0`` or ``\u2028`` are
    characters of words. Lines that begin with ``-DOCSTART-`` are dropped, and end a sentence. So
    are, with a warning, the names of columns in the first line, byte order marks, and lines of
    CoNLL-U for several words (``1-2``) or for none (``1.1``), if words stand behind their numbers.

    Args:
        word_column: Column of the word, from 0.
        tag_column: Column of the tag, from 0, or from the end for negative numbers, which warn
            where another column holds tags too.
        comments: Whether lines that begin with ``#`` are comments. ``#`` is also a word, so
            ``None`` says yes only to files whose first line is a comment: one of CoNLL-U
            (``# sent_id = …``), or one that has other columns than the words, or no tag. Even
            then a line that begins with ``#`` and has all columns and a tag is a word. With
            ``True``, a line with a tab is never a comment while words stand in column 0.
        scheme: Tag scheme, or ``None`` to find it from all tags of the file.
        labelled: Whether to read tags; without, the sentences have none.
        encoding: Name of the character encoding.
        unsplit: Whether a long text without blank lines is as it should be.
    """

    word_column: int = 0
    tag_column: int = -1
    comments: bool | None = None
    scheme: Scheme | None = None
    labelled: bool = True
    encoding: str = "utf-8"
    unsplit: bool = False


@dataclass(slots=True)
class Block:
    """The raw words and tags of a sentence, and the line of its first word."""

    line: int
    words: list[str]
    tags: list[str]


@dataclass(slots=True)
class Notes:
    """What was seen of a file while its lines were read.

    Attributes:
        first: Number and text of the first line with a word.
        columns: Number of columns.
        tag: Column of the tags, from 0.
        other_tags: For each other column of tags, or of their prefixes alone, the distinct ones.
        header: Line and text of a row of column names, which is no word.
        marks: Lines that began with a byte order mark, which ends a sentence and is no part of the
            word after it.
        skipped: Lines of CoNLL-U that are no word.
        ends: Lines that ended a sentence.
    """

    first: tuple[int, str] = (0, "")
    columns: int = 0
    tag: int = 0
    other_tags: dict[int, set[str]] = field(default_factory=dict)
    header: tuple[int, str] | None = None
    marks: list[int] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    ends: int = 0


class LineError(ValueError):
    """A line that cannot be read.

    Args:
        number: Its number.
        condition: What it must be or have.
        was: What it is.
        remedy: What to do about it.
        is_certain: Whether the rest of the file can say nothing else.
        is_count: Whether it has another number of columns than the first line.
    """

    def __init__(
        self,
        number: int,
        condition: str,
        was: str,
        remedy: str,
        *,
        is_certain: bool = False,
        is_count: bool = False,
    ) -> None:
        super().__init__(condition)
        self.number, self.condition, self.was, self.remedy = number, condition, was, remedy
        self.is_certain, self.is_count = is_certain, is_count


def blocks(lines: Iterable[str], form: ConllFormat, notes: Notes | None = None) -> Iterator[Block]:
    """Yield the sentences, raw, as the lines come.

    Args:
        lines: The lines of a file, without line ends.
        form: How the file spells its sentences.
        notes: Where to note what is seen.

    Raises:
        LineError: If a line is malformed.
    """
    watches = notes is not None
    notes = notes or Notes()
    columns = _Columns(form, notes, watches=watches)
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


def split(line: str, *, tabs: bool) -> list[str]:
    """Return the columns of a line."""
    return line.split("\t") if tabs else [column for column in line.split(" ") if column]


def _starts_document(line: str) -> bool:
    return line.startswith(DOCUMENT_START) and line[len(DOCUMENT_START) :][:1] in ("", " ", "\t")


def _is_comment_of_conllu(line: str) -> bool:
    return _CONLLU_COMMENT.match(line) is not None and "\t" not in line


class _Columns:
    """Takes word and tag out of a line; all lines must be like the first with a word."""

    def __init__(self, form: ConllFormat, notes: Notes, *, watches: bool) -> None:
        self._form, self._notes, self._watches = form, notes, watches and form.labelled
        self._comments = form.comments
        self._tabs = self._has_tags = self.are_numbered = False
        self._first = self._count = self._word = self._tag = 0
        self._watched: list[tuple[int, set[str]]] = []  # columns that may hold tags too

    def begin(self, lines: Iterator[tuple[int, str]]) -> list[tuple[int, str]]:
        """Find the columns from the first line with a word, and return the lines read so far."""
        read: list[tuple[int, str]] = []
        hashes: list[tuple[int, str]] = []
        for number, line in lines:
            if not line.strip(" \t\r") or _starts_document(line):
                read.append((number, ""))
                continue
            if kind := kind_of(line, labelled=self._form.labelled):
                raise LineError(number, "hold a word and its tag", *kind, is_certain=True)
            if not self._notes.header and not hashes and self._is_header(line):
                self._notes.header = number, line
                continue
            read.append((number, line))
            if self._comments is False or line[0] != "#" or len(hashes) == _LOOKAHEAD:
                self._look_at_first(line, number)
                break
            hashes.append((number, line))
        else:
            is_comment = self.is_comment if self._comments else _is_comment_of_conllu
            if words := [(number, line) for number, line in hashes if not is_comment(line)]:
                self._look_at_first(words[0][1], words[0][0])
        if self._comments is None:
            self._comments = bool(hashes) and self._begins_a_file_with_comments(hashes[0][1])
        return read

    def special(self, line: str, number: int) -> tuple[str, bool]:
        """Return what remains of a line that may hold no word, and whether a sentence ends before.

        Args:
            line: The line, which begins with a hyphen, a ``#`` or a byte order mark.
            number: Its number.
        """
        is_first = False
        if match := MARKED.match(line):
            line = line[1:]
            if is_first := match.end() == 1:
                self._notes.marks.append(number)
        if self.is_comment(line):
            return "", is_first
        return ("", True) if _starts_document(line) else (line, is_first)

    def is_comment(self, line: str) -> bool:
        """Tell whether a line is a comment in this file."""
        if not self._comments or line[0] != "#":
            return False
        if self._form.comments:
            return self._form.word_column != 0 or "\t" not in line
        # A word without its tag is none: "#Ann".
        return not self._is_word(line) and (
            _COMMENT.match(line) is not None or len(split(line, tabs=self._tabs)) != self._count
        )

    def __call__(self, line: str, number: int) -> tuple[str, str]:
        columns = line.split("\t") if self._tabs else [c for c in line.split(" ") if c]
        if len(columns) != self._count:
            columns = self._cut(columns, line, number)
        for column, seen in self._watched:
            if columns[column] not in seen:
                self._look_at_other(column, columns[column], seen)
        if not self._form.labelled:
            return columns[self._word], ""
        tag = columns[self._tag].strip(" ")
        if not tag:
            raise LineError(number, "have a word and a tag", shown(line), "Add the tag.")
        return columns[self._word], tag

    def _is_header(self, line: str) -> bool:
        cells = split(line, tabs="\t" in line)
        return is_header(cells) and not PREFIXED_OR_O.fullmatch(cells[-1])

    def _begins_a_file_with_comments(self, line: str) -> bool:
        """Tell whether the first line says that lines with ``#`` are comments."""
        if _is_comment_of_conllu(line):
            return True
        return _COMMENT.match(line) is not None and self._count > 0 and not self._is_word(line)

    def _is_word(self, line: str) -> bool:
        """Tell whether a line that begins with ``#`` has the columns and the tag of a word."""
        columns = split(line, tabs=self._tabs)
        if len(columns) != self._count:
            return False
        tag = columns[self._tag].strip(" ") if self._count > 1 else "O"
        return bool(PREFIXED_OR_O.fullmatch(tag)) if self._has_tags else "=" not in tag

    def _look_at_first(self, line: str, number: int) -> None:
        """Find the columns. Empty ones at the end are none, unless they are asked for."""
        self._notes.first = number, line
        for text in dict.fromkeys((line.rstrip(" \t"), line)):
            self._first, self._tabs = number, "\t" in text
            self._count = len(split(text, tabs=self._tabs))
            word, tag = self._form.word_column, self._form.tag_column
            self._word = word if word >= 0 else self._count + word
            self._tag = tag if tag >= 0 else self._count + tag
            has_word = 0 <= self._word < self._count
            has_tag = 0 <= self._tag < self._count and self._tag != self._word
            if has_word and (has_tag or not self._form.labelled):
                break
        if not has_word:
            condition = f"have a column {word} for the word"
            raise LineError(number, condition, shown(line), "Set `word_column`.")
        if self._form.labelled and not has_tag:
            remedy = "Add the tag, or set `tag_column`."
            raise LineError(number, "have a word and a tag", shown(line), remedy)
        self._tag = self._tag if has_tag else self._count - 1
        cells = split(text, tabs=self._tabs)
        self._has_tags = PREFIXED_OR_O.fullmatch(cells[self._tag].strip(" ")) is not None
        self.are_numbered = self._word > 0 and _FIRST_ID.fullmatch(cells[0]) is not None
        self._notes.columns, self._notes.tag = self._count, self._tag
        if self._watches:
            others = sorted(set(range(self._count)) - {self._word, self._tag})
            self._notes.other_tags = {column: {"O"} for column in others}
            self._watched = list(self._notes.other_tags.items())

    def _look_at_other(self, column: int, cell: str, seen: set[str]) -> None:
        """Keep the tags of another column, and forget a column that holds something else."""
        if cell in _PREFIXES or PREFIXED_OR_O.fullmatch(cell):
            seen.add(cell)
        else:
            del self._notes.other_tags[column]
            self._watched = list(self._notes.other_tags.items())

    def _cut(self, columns: list[str], line: str, number: int) -> list[str]:
        """Return the columns without empty ones at the end, which must be as many as elsewhere."""
        if len(columns) > self._count and not any(columns[self._count :]):
            return columns[: self._count]
        if line[0] == "#":
            remedy = "Is it a comment? Then set `comments: true`."
        elif self._tabs and "\t" not in line and " " in line.strip(" "):
            remedy = f"Put tabs between the columns as in line {self._first}, not blanks."
        elif not self._tabs and "\t" in line:
            remedy = f"Put blanks between the columns as in line {self._first}, or tabs in all."
        elif len(columns) < self._count:
            remedy = "Add what is missing."
        elif self._tabs:
            remedy = "Take out the tabs that are too many."
        else:
            remedy = "Words that hold blanks need tabs between the columns."
        condition = f"have a word and a tag, {self._count} columns like line {self._first}"
        raise LineError(number, condition, shown(line), remedy, is_count=True)
