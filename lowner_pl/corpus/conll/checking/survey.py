"""Checks that need a whole CoNLL file: do its columns and sentences look plausible?

The file is read once. It is read a second time only to count what looks wrong.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from lowner_pl.corpus.conll.checking.checked_file import CheckedFile
from lowner_pl.corpus.conll.checking.column_guess import are_indices
from lowner_pl.corpus.conll.checking.tag_survey import TagSurvey
from lowner_pl.corpus.conll.columns import LineError
from lowner_pl.corpus.conll.lines import Block
from lowner_pl.corpus.conll.schemes import IOB2Converter
from lowner_pl.corpus.conll.spellings import PREFIXED_OR_O, shown
from lowner_pl.corpus.sentence import Sentence

LONG = 200  # mean words per sentence; real corpora have 10 to 30
_FEW = 3  # words that may be alike by chance
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z-]+)?:")


class Survey(NamedTuple):
    """The result of checking a file: its size, and how to make its sentences.

    Attributes:
        size: Number of sentences.
        file: Name of the file.
        language: Language of the sentences.
        prefix: Language prefix to remove from every word, or ``""``.
        convert: Converter of the tags, or ``None`` for a file without tags.
    """

    size: int
    file: str
    language: str | None
    prefix: str
    convert: IOB2Converter | None

    def sentence(self, block: Block) -> Sentence:
        """Make a sentence: remove the language prefix and convert the tags to IOB2."""
        words = block.words
        if self.prefix:
            words = [word.removeprefix(self.prefix) for word in words]
        tags = self.convert(block.tags) if self.convert else None
        return Sentence(tuple(words), tags, self.language, (self.file, block.line))


def survey(file: CheckedFile, language: str | None) -> Survey:
    """Check a whole file.

    Args:
        file: The file.
        language: Language of the sentences.

    Raises:
        ValueError: If the file cannot be read with certainty; the message names the line.
    """
    statistics = _FileStatistics(file)
    prefix = f"{language}:" if language else ""
    try:
        for block in file.raw(file.notes):
            if prefix and not all(word.startswith(prefix) for word in block.words):
                prefix = ""
            statistics.add(block)
    except LineError as error:
        raise statistics.explain(error) from None
    if not statistics.size:
        raise ValueError(f"{file.name} contains no sentences. Check that it is the right file.")
    statistics.check_words(prefixed=bool(prefix))
    statistics.check_length()
    convert = TagSurvey(file, statistics.tags).converter() if file.form.labelled else None
    statistics.warn_of_lines()
    return Survey(statistics.size, file.name, language, prefix, convert)


class _FileStatistics:
    """Statistics of a file, and the checks of its words and sentences.

    Attributes:
        tags: Line number of the first word with each tag.
        size: Number of sentences so far.
    """

    def __init__(self, file: CheckedFile) -> None:
        self._file = file
        self.tags: dict[str, int] = {}
        self._suspicions = dict(_SUSPICIONS)
        self._empty = self._words = self.size = 0
        self._first: list[str] = []

    def add(self, block: Block) -> None:
        """Take a sentence into account."""
        words = block.words
        if not self.size:
            self._first, self._file.start = words, block.line
        self.size += 1
        self._words += len(words)
        self._empty += words.count("")
        if self._suspicions:
            for what in [
                w for w, holds in self._suspicions.items() if not holds(words, self._first)
            ]:
                del self._suspicions[what]
        if self._file.form.labelled and not self.tags.keys() >= set(block.tags):
            for line, tag in enumerate(block.tags, block.line):
                self.tags.setdefault(tag, line)

    def check_words(self, *, prefixed: bool) -> None:
        """Refuse a word column without words, and warn about language prefixes."""
        if self._words < 2 * self.size or self._file.notes.columns < 3:
            self._suspicions.pop(_SAME, None)  # sentences of one word
        what = next(iter(self._suspicions), "") if self._words >= _FEW else ""
        # Other columns that could hold the words.
        spare = self._file.notes.columns - (2 if self._file.form.labelled else 1)
        if self._empty > self._words / 2 and self._words >= _FEW:
            what = _EMPTY
        if what == _LANGUAGES:
            if self._words >= 10 and not prefixed:
                code = self._first[0].partition(":")[0]
                self._file.warn(
                    f"All words begin with '{code}:'. Set `language: {code}` to remove this prefix."
                )
        elif what in (_COMMAS, _TAGS) or (what and spare > 0):
            sample = ", ".join(map(shown, self._first[:3]))
            remedy = self._file.remedy() or "Set `word_column` to the column of the words."
            if what == _COMMAS:
                remedy = "Separate the columns by tabs."
            raise ValueError(
                f"{self._file.at()}: Column {self._file.form.word_column} should hold the words, "
                f"but it holds {what} ({sample} …). {remedy}"
            )

    def check_length(self) -> None:
        """Refuse a text without any sentence end, and warn about very long sentences."""
        if self._words <= LONG * self.size or self._file.form.unsplit:
            return
        if self.size > 1:
            self._file.warn(
                f"The {self.size:,} sentences of this file have {self._words // self.size:,} words "
                "on average. Check that there is a blank line after each sentence."
            )
            return
        text = f"The file is one sentence of {self._words:,} words"
        if self._file.form.labelled and not self._file.notes.ends:
            raise ValueError(
                f"{self._file.at()}: {text}, because it has no blank line. Put a blank line after "
                "each sentence, even if there is only one."
            )
        self._file.warn(f"{text}. Check that there is a blank line after each sentence.")

    def warn_of_lines(self) -> None:
        """Warn about lines that were not read as words."""
        if self._file.notes.header:
            number, line = self._file.notes.header
            self._file.warn(f"{shown(line)} is skipped: it looks like column names.", number)
        if skipped := self._file.notes.skipped:
            self._file.warn(
                "CoNLL-U lines for multiword tokens (1-2) or empty nodes (1.1) are skipped "
                f"({len(skipped):,} in all).",
                skipped[0],
            )
        if marks := self._file.notes.marks:
            self._file.warn(
                "Byte order marks inside the file are not read as part of a word "
                f"({len(marks):,} in all).",
                marks[0],
            )

    def explain(self, error: LineError) -> ValueError:
        """Make an error that blames the right line and gives the advice that fits the file."""
        number, problem, remedy = error.number, error.problem, error.remedy
        if not error.is_certain:
            guess, notes = self._file.guess_columns(), self._file.notes
            if error.is_count and guess.columns not in (0, notes.columns):
                # The line is like most others, so the first line is to blame.
                number, first = notes.first
                problem = (
                    f"{shown(first)} has {notes.columns} columns, but most lines have "
                    f"{guess.columns}."
                )
                remedy = "Correct or remove this line."
                if first[:1] == "#":
                    remedy = "If it is a comment, set `comments: true`."
            elif notes.columns:
                remedy = guess.remedy(self._file.form.word_column, notes.tag) or remedy
        return ValueError(f"{self._file.at(number)}: {problem} {remedy}")


_EMPTY = "mostly empty words"
_COMMAS = "words that all end in a comma or semicolon"
_SAME = "the same word throughout each sentence"
_TAGS = "nothing but tags"
_LANGUAGES = "words with a language prefix"
# Signs that the word column is wrong, if they hold for all sentences. Each is tested with the words
# of a sentence and those of the first sentence.
_SUSPICIONS: dict[str, Callable[[list[str], list[str]], bool]] = {
    "nothing but numbers": lambda words, _: are_indices(words),
    _TAGS: lambda words, first: set(first) != {"O"} and all(map(PREFIXED_OR_O.fullmatch, words)),
    _SAME: lambda words, _: words.count(words[0]) == len(words),
    _COMMAS: lambda words, first: (
        first[0][-1:] in (",", ";") and all(word.endswith(first[0][-1]) for word in words)
    ),
    _LANGUAGES: lambda words, first: (
        (match := _LANGUAGE.match(first[0])) is not None
        and all(word.startswith(match[0]) for word in words)
    ),
}
