"""What only the whole of a CoNLL file says: whether its columns and sentences are what they seem.

A file is gone through once; what looks odd is counted in a second time through.
"""

import re
from collections.abc import Callable
from typing import NamedTuple

from lowner_pl.corpus.conll.file_kinds import is_index
from lowner_pl.corpus.conll.judged_file import JudgedFile
from lowner_pl.corpus.conll.lines import Block, LineError
from lowner_pl.corpus.conll.schemes import IOB2Converter
from lowner_pl.corpus.conll.spellings import PREFIXED_OR_O, shown
from lowner_pl.corpus.conll.tag_survey import TagSurvey
from lowner_pl.corpus.sentence import Sentence

LONG = 200  # words that sentences of real corpora have at most on average; most have 10 to 30
_FEW = 3  # words that may be alike by chance
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z-]+)?:")


class Survey(NamedTuple):
    """How many sentences a file has, and how to make them."""

    size: int
    file: str
    language: str | None
    prefix: str
    convert: IOB2Converter | None

    def sentence(self, block: Block) -> Sentence:
        """Return a sentence: the prefix taken off its words, its tags in IOB2."""
        words = block.words
        if self.prefix:
            words = [word.removeprefix(self.prefix) for word in words]
        tags = self.convert(block.tags) if self.convert else None
        return Sentence(tuple(words), tags, self.language, (self.file, block.line))


def survey(file: JudgedFile, language: str | None) -> Survey:
    """Go through a file, which must hold sentences with tags of one scheme.

    Args:
        file: The file.
        language: Language of the sentences.

    Raises:
        ValueError: If the file cannot be read for sure; the message names the line.
    """
    look = _Look(file)
    prefix = f"{language}:" if language else ""
    try:
        for block in file.raw(file.notes):
            if prefix and not all(word.startswith(prefix) for word in block.words):
                prefix = ""
            look.at(block)
    except LineError as error:
        raise look.explained(error) from None
    if not look.size:
        raise ValueError(
            f"{file.name}: A corpus file must hold sentences, was: empty. Check the file."
        )
    look.check_words(prefixed=bool(prefix))
    look.check_length()
    convert = TagSurvey(file, look.tags).converter() if file.form.labelled else None
    look.warn_of_lines()
    return Survey(look.size, file.name, language, prefix, convert)


class _Look:
    """Gathers what a file shows, and judges its words and its sentences."""

    def __init__(self, file: JudgedFile) -> None:
        self._file = file
        self.tags: dict[str, int] = {}  # line of the first of each
        self._suspicions = dict(_SUSPICIONS)
        self._empty = self._words = self.size = 0
        self._first: list[str] = []

    def at(self, block: Block) -> None:
        """Look at a sentence."""
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
        """Refuse words that are no words, and warn of prefixes."""
        if self._words < 2 * self.size or self._file.notes.columns < 3:
            self._suspicions.pop(_SAME, None)  # sentences of one word
        what = next(iter(self._suspicions), "") if self._words >= _FEW else ""
        # Columns to choose from.
        spare = self._file.notes.columns - (2 if self._file.form.labelled else 1)
        if self._empty > self._words / 2 and self._words >= _FEW:
            what = _EMPTY
        if what == _LANGUAGES:
            if self._words >= 10 and not prefixed:
                code = self._first[0].partition(":")[0]
                self._file.warn(
                    f"All words begin with '{code}:'. Set `language: {code}` to take it off."
                )
        elif what in (_COMMAS, _TAGS) or (what and spare > 0):
            sample = ", ".join(map(shown, self._first[:3]))
            remedy = self._file.remedy() or "Set `word_column` to the column of the words."
            if what == _COMMAS:
                remedy = "Put tabs between the columns instead."
            raise ValueError(
                f"{self._file.place}: Column {self._file.form.word_column} must hold words, was: "
                f"{what} in all lines ({sample} …). {remedy}"
            )

    def check_length(self) -> None:
        """Refuse or warn of sentences that are most likely many."""
        if self._words <= LONG * self.size or self._file.form.unsplit:
            return
        if self.size > 1:
            self._file.warn(
                f"{self.size:,} sentences have {self._words // self.size:,} words on average. "
                "Check that a blank line ends each sentence."
            )
            return
        text = f"The file is one sentence of {self._words:,} words"
        if self._file.form.labelled and not self._file.notes.ends:
            raise ValueError(
                f"{self._file.place}: {text}, because no line is blank. Put a blank line after "
                "each sentence, also if there is only one."
            )
        self._file.warn(f"{text}. Check that a blank line ends each sentence.")

    def warn_of_lines(self) -> None:
        """Warn of lines that are read in another way than they look."""
        if self._file.notes.header:
            number, line = self._file.notes.header
            self._file.warn(f"{shown(line)} names the columns and is not read as a word.", number)
        if skipped := self._file.notes.skipped:
            self._file.warn(
                f"CoNLL-U's lines for several words (1-2) or for none (1.1) are not read as words "
                f"({len(skipped):,} in all).",
                skipped[0],
            )
        if marks := self._file.notes.marks:
            self._file.warn(
                f"A byte order mark inside the file is not read as part of the word after it "
                f"({len(marks):,} in all).",
                marks[0],
            )

    def explained(self, error: LineError) -> ValueError:
        """Return an error that blames the right line, with the remedy that the file suggests."""
        number, condition, was = error.number, error.condition, error.was
        remedy = error.remedy
        if not error.is_certain:
            seen = self._file.advice()
            if error.is_count and seen.columns not in (0, self._file.notes.columns):
                # Most lines are like this one: the first, which all others had to be like, is odd.
                number, was = self._file.notes.first[0], shown(self._file.notes.first[1])
                condition = f"have {seen.columns} columns like most lines"
                remedy = "Correct this line, or take it out."
                if was[1:2] == "#":
                    remedy = "Is it a comment? Then set `comments: true`."
            elif self._file.notes.columns:
                remedy = seen.remedy(self._file.form.word_column, self._file.notes.tag) or remedy
        return ValueError(
            f"{self._file.name}:{number}: A line must {condition}, was: {was}. {remedy}"
        )


_EMPTY = "an empty word"
_COMMAS = "a word with a comma"
_SAME = "the same word for a sentence"
_TAGS = "a tag"
_LANGUAGES = "a word with a language"
# What may be true of all sentences, each by its words and those of the first sentence.
_SUSPICIONS: dict[str, Callable[[list[str], list[str]], bool]] = {
    "a number": lambda words, _: is_index(words),
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
