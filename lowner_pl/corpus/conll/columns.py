"""Splitting the lines of a CoNLL file into columns, and telling words from comments."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from lowner_pl.corpus.conll.conll_format import ConllFormat
from lowner_pl.corpus.conll.other_formats import is_header, other_format
from lowner_pl.corpus.conll.spellings import PREFIXED_OR_O, shown

DOCUMENT_START = "-DOCSTART-"
# One byte order mark before a word begins an appended file. Of several, only the first is a mark.
MARKED = re.compile("\ufeff+(?=[^ \t\ufeff])")
_CONLLU_COMMENT = re.compile(
    r"# (?:(?:global\.columns|sent_id|text|newdoc id|newpar id) ?= ?\S|newdoc$|newpar$)"
)
_COMMENT = re.compile(r"#(?:[ \t#]|\w+ ?=)")
_FIRST_ID = re.compile(r"1(?:-[2-9])?")  # first column of CoNLL-U for the first word
_PREFIXES = frozenset("BIOESLUM")
_LOOKAHEAD = 1000  # leading lines that may be comments before the first word


@dataclass(slots=True)
class Notes:
    """What was noticed about a file while its lines were read.

    Attributes:
        first: Number and text of the first line with a word.
        columns: Number of columns.
        tag: Column of the tags, counting from 0.
        other_tags: The distinct tags or bare prefixes of each other column that holds only these.
        header: Number and text of a line of column names.
        marks: Numbers of the lines that begin with a byte order mark. Such a mark ends a sentence
            and is not part of the word after it.
        skipped: Numbers of the CoNLL-U lines that are not words.
        ends: Number of sentences that ended at a line, not at the end of the file.
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
        number: Its line number.
        problem: What is wrong with it, a full sentence.
        remedy: What to do about it.
        is_certain: Whether the rest of the file cannot change this verdict.
        is_count: Whether the problem is another number of columns than in the first line.
    """

    def __init__(
        self,
        number: int,
        problem: str,
        remedy: str,
        *,
        is_certain: bool = False,
        is_count: bool = False,
    ) -> None:
        super().__init__(problem)
        self.number, self.problem, self.remedy = number, problem, remedy
        self.is_certain, self.is_count = is_certain, is_count


class Columns:
    """The columns of a file, which tell word, tag and comment in each of its lines.

    All lines must have as many columns as the first line with a word.

    Args:
        form: Layout of the file.
        notes: Collects observations about the file.
        watches: Whether to look for tags in the other columns.

    Attributes:
        are_numbered: Whether the lines begin with word numbers, as in CoNLL-U.
    """

    def __init__(self, form: ConllFormat, notes: Notes, *, watches: bool) -> None:
        self._form, self._notes, self._watches = form, notes, watches and form.labelled
        self._comments = form.comments
        self._tabs = self._has_tags = self.are_numbered = False
        self._first = self._count = self._word = self._tag = 0
        self._watched: list[tuple[int, set[str]]] = []  # other columns that may hold tags

    def begin(self, lines: Iterator[tuple[int, str]]) -> list[tuple[int, str]]:
        """Find the columns from the first line with a word, and return the lines read so far."""
        read: list[tuple[int, str]] = []
        hashes: list[tuple[int, str]] = []
        for number, line in lines:
            if not line.strip(" \t\r") or _starts_document(line):
                read.append((number, ""))
                continue
            if other := other_format(line, labelled=self._form.labelled):
                name, remedy = other
                problem = f"This is {name}, not CoNLL: {shown(line)}."
                raise LineError(number, problem, remedy, is_certain=True)
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
        """Read a line that may not be a word: it begins with ``-``, ``#`` or a byte order mark.

        Args:
            line: The line.
            number: Its line number.

        Returns:
            The text that remains, and whether a sentence ends before it.
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
        # A line without a tag, such as "#Ann", can only be a comment.
        return not self._is_word(line) and (
            _COMMENT.match(line) is not None or len(split(line, tabs=self._tabs)) != self._count
        )

    def __call__(self, line: str, number: int) -> tuple[str, str]:
        """Read the word and the tag of a line; the tag is ``""`` in a file without tags.

        Raises:
            LineError: If the line has another number of columns than the first one, or no tag.
        """
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
            raise LineError(number, f"{shown(line)} has no tag.", "Add the tag.")
        return columns[self._word], tag

    def _is_header(self, line: str) -> bool:
        cells = split(line, tabs="\t" in line)
        return is_header(cells) and not PREFIXED_OR_O.fullmatch(cells[-1])

    def _begins_a_file_with_comments(self, line: str) -> bool:
        """Tell from the first line whether lines that begin with ``#`` are comments."""
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
        """Find the columns. Empty columns at the end only count if an option names them."""
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
            problem = f"There is no column {word} for the word in {shown(line)}."
            raise LineError(number, problem, "Set `word_column`.")
        if self._form.labelled and not has_tag:
            if tag < -1 or tag >= self._count:
                problem = f"There is no column {tag} for the tag in {shown(line)}."
                raise LineError(number, problem, "Set `tag_column`.")
            problem = f"{shown(line)} has no tag."
            raise LineError(number, problem, "Add the tag, or set `tag_column`.")
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
        """Collect the tags of another column, or stop watching it if it holds anything else."""
        if cell in _PREFIXES or PREFIXED_OR_O.fullmatch(cell):
            seen.add(cell)
        else:
            del self._notes.other_tags[column]
            self._watched = list(self._notes.other_tags.items())

    def _cut(self, columns: list[str], line: str, number: int) -> list[str]:
        """Drop empty columns at the end.

        Raises:
            LineError: If the number of columns still differs from the first line's.
        """
        if len(columns) > self._count and not any(columns[self._count :]):
            return columns[: self._count]
        has, tag_is_missing = len(columns), False
        if line[0] == "#":
            remedy = "If it is a comment, set `comments: true`."
        elif self._tabs and "\t" not in line and " " in line.strip(" "):
            remedy = f"Separate the columns by tabs, as in line {self._first}."
        elif not self._tabs and "\t" in line:
            remedy = f"Separate the columns by spaces as in line {self._first}, or all by tabs."
        elif has < self._count:
            remedy = "Add what is missing."
            tag_is_missing = has == 1 and self._count == 2 and self._form.labelled
        elif self._tabs:
            remedy = "Remove the extra tabs."
        else:
            remedy = "If a word contains a space, separate the columns of the file by tabs."
        if tag_is_missing:
            problem, remedy = f"{shown(line)} has no tag.", "Every line needs a word and a tag."
        else:
            unit = "column" if has == 1 else "columns"
            problem = f"{shown(line)} has {has} {unit}, but line {self._first} has {self._count}."
        raise LineError(number, problem, remedy, is_count=True)


def split(line: str, *, tabs: bool) -> list[str]:
    """Split a line into columns at tabs or, otherwise, at runs of spaces."""
    return line.split("\t") if tabs else [column for column in line.split(" ") if column]


def _starts_document(line: str) -> bool:
    return line.startswith(DOCUMENT_START) and line[len(DOCUMENT_START) :][:1] in ("", " ", "\t")


def _is_comment_of_conllu(line: str) -> bool:
    return _CONLLU_COMMENT.match(line) is not None and "\t" not in line
