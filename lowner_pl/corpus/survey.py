"""What only the whole of a CoNLL file says: its tags, and whether its columns are what they seem.

A file is gone through once; what looks odd is counted in a second time through.
"""

import re
import warnings
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from lowner_pl.corpus.conll_lines import Block, ConllFormat, LineError, Notes
from lowner_pl.corpus.file_kinds import Advice, advice, is_index
from lowner_pl.corpus.schemes import IOB2Converter, misfit
from lowner_pl.corpus.sentence import Sentence
from lowner_pl.corpus.spellings import PREFIXED_OR_O, doubts, near_types, respelt, shown

LONG = 200  # words that sentences of real corpora have at most on average; most have 10 to 30
_FEW = 3  # words that may be alike by chance
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:-[a-z-]+)?:")
# Types of syntactic chunks, which stand in a column before the entities of CoNLL-2003.
_CHUNKS = re.compile(r"(?:ADJ|ADV|CONJ|CN|[NVPA])P|[NVPA]C|ADVC|SBAR|PRT|INTJ|LST|UCP|")
_OUTSIDE = re.compile(r"[-_.*]|other|none|null|nil|out|outside", re.IGNORECASE)


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


def survey(
    raw: Callable[[Notes | None], Iterable[Block]],
    lines: Callable[[], Iterable[str]],
    file: str,
    form: ConllFormat,
    language: str | None,
) -> Survey:
    """Go through a file, which must hold sentences with tags of one scheme.

    Args:
        raw: Returns its sentences, raw, from the first one on; takes down what is seen meanwhile.
        lines: Returns its lines, from the first one on.
        file: Name of the file for messages.
        form: How it spells its sentences.
        language: Language of the sentences.

    Raises:
        ValueError: If the file cannot be read for sure; the message names the line.
    """
    look = _Look(raw, lines, file, form)
    prefix = f"{language}:" if language else ""
    try:
        for block in raw(look.notes):
            if prefix and not all(word.startswith(prefix) for word in block.words):
                prefix = ""
            look.at(block)
    except LineError as error:
        raise look.explained(error) from None
    if not look.size:
        raise ValueError(f"{file}: A corpus file must hold sentences, was: empty. Check the file.")
    look.check_words(prefixed=bool(prefix))
    look.check_length()
    convert = look.converter() if form.labelled else None
    look.warn_of_lines()
    return Survey(look.size, file, language, prefix, convert)


class _Look:
    """Gathers what a file shows, and judges it."""

    def __init__(
        self,
        raw: Callable[[Notes | None], Iterable[Block]],
        lines: Callable[[], Iterable[str]],
        file: str,
        form: ConllFormat,
    ) -> None:
        self._raw, self._lines, self.notes = raw, lines, Notes()
        self._file, self._form = file, form
        self._tags: dict[str, int] = {}  # line of the first of each
        self._suspicions = dict(_SUSPICIONS)
        self._empty = self._words = self.size = self._line = 0
        self._first: list[str] = []

    def at(self, block: Block) -> None:
        """Look at a sentence."""
        words = block.words
        if not self.size:
            self._first, self._line = words, block.line
        self.size += 1
        self._words += len(words)
        self._empty += words.count("")
        if self._suspicions:
            for what in [
                w for w, holds in self._suspicions.items() if not holds(words, self._first)
            ]:
                del self._suspicions[what]
        if self._form.labelled and not self._tags.keys() >= set(block.tags):
            for line, tag in enumerate(block.tags, block.line):
                self._tags.setdefault(tag, line)

    def check_words(self, *, prefixed: bool) -> None:
        """Refuse words that are no words, and warn of prefixes."""
        if self._words < 2 * self.size or self.notes.columns < 3:
            self._suspicions.pop(_SAME, None)  # sentences of one word
        what = next(iter(self._suspicions), "") if self._words >= _FEW else ""
        spare = self.notes.columns - (2 if self._form.labelled else 1)  # columns to choose from
        if self._empty > self._words / 2 and self._words >= _FEW:
            what = _EMPTY
        if what == _LANGUAGES:
            if self._words >= 10 and not prefixed:
                code = self._first[0].partition(":")[0]
                self._warn(
                    f"All words begin with '{code}:'. Set `language: {code}` to take it off."
                )
        elif what in (_COMMAS, _TAGS) or (what and spare > 0):
            sample = ", ".join(map(shown, self._first[:3]))
            remedy = self._remedy() or "Set `word_column` to the column of the words."
            if what == _COMMAS:
                remedy = "Put tabs between the columns instead."
            raise ValueError(
                f"{self._file}:{self._line}: Column {self._form.word_column} must hold words, was: "
                f"{what} in all lines ({sample} …). {remedy}"
            )

    def check_length(self) -> None:
        """Refuse or warn of sentences that are most likely many."""
        if self._words <= LONG * self.size or self._form.unsplit:
            return
        if self.size > 1:
            self._warn(
                f"{self.size:,} sentences have {self._words // self.size:,} words on average. "
                "Check that a blank line ends each sentence."
            )
            return
        text = f"The file is one sentence of {self._words:,} words"
        if self._form.labelled and not self.notes.ends:
            raise ValueError(
                f"{self._file}:{self._line}: {text}, because no line is blank. Put a blank line "
                "after each sentence, also if there is only one."
            )
        self._warn(f"{text}. Check that a blank line ends each sentence.")

    def converter(self) -> IOB2Converter:
        """Return the converter for the tags of the file, once they are known to fit one scheme."""
        changed = respelt(self._tags)
        read = {tag: changed.get(tag, tag) for tag in self._tags}
        doubt = next(doubts(list(read.values())), None)
        if doubt:
            doubted = set(doubt.tags)
            tags = [tag for tag, text in read.items() if text in doubted]
            raise self._refusal(tags, doubt.what, doubt.remedy)
        if misfit(read.values(), self._form.scheme):
            self._refuse_misfit(read)
        if (
            not self._form.scheme
            and "O" not in read.values()
            and not any("-" in t for t in self._tags)
        ):
            # Most likely another column, such as parts of speech.
            tag = next(iter(self._tags))
            self._complain(tag, "A file of bare entity types must have words tagged 'O'")
        self._refuse_prefixes_alone(read.values())
        if changed:
            self._warn_of_changes(changed)
        self._warn_of_types(read)
        self._warn_of_columns()
        return IOB2Converter(self._tags, changed)

    def warn_of_lines(self) -> None:
        """Warn of lines that are read in another way than they look."""
        if self.notes.header:
            number, line = self.notes.header
            self._warn(f"{shown(line)} names the columns and is not read as a word.", number)
        if skipped := self.notes.skipped:
            self._warn(
                f"CoNLL-U's lines for several words (1-2) or for none (1.1) are not read as words "
                f"({len(skipped):,} in all).",
                skipped[0],
            )
        if marks := self.notes.marks:
            self._warn(
                f"A byte order mark inside the file is not read as part of the word after it "
                f"({len(marks):,} in all).",
                marks[0],
            )

    def explained(self, error: LineError) -> ValueError:
        """Return an error that blames the right line, with the remedy that the file suggests."""
        number, condition, was = error.number, error.condition, error.was
        remedy = error.remedy
        if not error.is_certain:
            seen = self._advice()
            if error.is_count and seen.columns not in (0, self.notes.columns):
                # Most lines are like this one: the first, which all others had to be like, is odd.
                number, was = self.notes.first[0], shown(self.notes.first[1])
                condition = f"have {seen.columns} columns like most lines"
                remedy = "Correct this line, or take it out."
                if was[1:2] == "#":
                    remedy = "Is it a comment? Then set `comments: true`."
            elif self.notes.columns:
                remedy = seen.remedy(self._form.word_column, self.notes.tag) or remedy
        return ValueError(f"{self._file}:{number}: A line must {condition}, was: {was}. {remedy}")

    def _count(self) -> tuple[Counter[str], dict[str, str]]:
        """Return how many words have each tag, and the first word of each."""
        counts: Counter[str] = Counter()
        first: dict[str, str] = {}
        for block in self._raw(None):
            counts.update(block.tags)
            if first.keys() != self._tags.keys():
                for word, tag in zip(block.words, block.tags, strict=True):
                    first.setdefault(tag, word)
        return counts, first

    def _refusal(self, tags: Sequence[str], what: str, remedy: str) -> ValueError:
        """Return the error for tags of one kind."""
        counts, first = self._count()
        number = sum(counts[tag] for tag in tags)
        return ValueError(
            f"{self._file}:{self._tags[tags[0]]}: {_words(number)} tagged {what}, was: "
            f"{shown(tags[0])}. {self._remedy() or _remedy_of_comment(first[tags[0]]) or remedy}"
        )

    def _refuse_misfit(self, read: dict[str, str]) -> None:
        """Raise the error for tags of several schemes: the rare ones are to blame."""
        counts, first = self._count()
        entities = [tag for tag, text in read.items() if text != "O"]
        bare = {tag for tag in entities if read[tag][1:2] != "-"}
        prefixed = set(entities) - bare
        rare = min(bare, prefixed, key=len) if len(bare) != len(prefixed) else set()
        order = sorted(read, key=lambda tag: (first[tag][:1] == "#", tag in rare, -counts[tag]))
        wrong, condition = misfit([read[tag] for tag in order], self._form.scheme) or ("", "")
        tag = next(tag for tag in order if read[tag] == wrong)
        self._complain(tag, condition, first[tag])

    def _refuse_prefixes_alone(self, tags: Iterable[str]) -> None:
        """Refuse bare types whose prefixes are in another column: neighbours would be one."""
        if self._form.tag_column >= 0 or any(tag[1:2] == "-" for tag in tags):
            return
        for column, found in self.notes.other_tags.items():
            if "B" in found and all(len(prefix) == 1 for prefix in found):
                tag = self.notes.tag
                raise ValueError(
                    f"{self._file}:{self._line}: Column {tag} must hold whole tags, was: types, "
                    f"with their prefixes ({', '.join(sorted(found))}) in column {column}. Join "
                    f"them to 'B-<type>', or set `tag_column: {tag}` to read the types alone."
                )

    def _complain(self, tag: str, condition: str, word: str = "") -> None:
        remedy = self._remedy() or _remedy_of_comment(word)
        if _OUTSIDE.fullmatch(tag):
            remedy = remedy or "Tag words outside entities 'O', or set `tag_column`."
        raise ValueError(
            f"{self._file}:{self._tags[tag]}: {condition}, was: {shown(tag)}. "
            f"{remedy or 'Correct the tag, or set `tag_column` or `scheme`.'}"
        )

    def _remedy(self) -> str | None:
        """Return what the whole file suggests."""
        return self._advice().remedy(self._form.word_column, self.notes.tag)

    def _advice(self) -> Advice:
        return advice(self._lines(), comments=self._form.comments is not False)

    def _warn_of_changes(self, changed: dict[str, str]) -> None:
        counts, _ = self._count()
        pairs = [f"{shown(tag)} as {text!r}" for tag, text in changed.items()]
        more = ", …" if len(pairs) > 3 else ""
        self._warn(
            f"{_words(sum(counts[tag] for tag in changed))} tagged in another spelling, read "
            f"{', '.join(pairs[:3])}{more}.",
            min(self._tags[tag] for tag in changed),
        )

    def _warn_of_types(self, read: dict[str, str]) -> None:
        """Warn of types that differ in case alone, and of one with the name of no entity."""
        tags = list(read.values())
        groups = near_types(tags)
        strange = [tag for tag in tags if tag[1:] == "-O"]
        if not groups and not strange:
            return
        counts, _ = self._count()
        for group in groups:
            of = {
                type_: [t for t, text in read.items() if type_ in (text, text[2:])]
                for type_ in group
            }
            numbers = [
                f"{_words(sum(counts[t] for t in tags))} {shown(type_)}"
                for type_, tags in of.items()
            ]
            rare = min(group, key=lambda type_: sum(counts[t] for t in of[type_]))
            self._warn(
                f"Entity types differ in case or in invisible characters alone: "
                f"{', '.join(numbers)}. Correct them, or rename one with `type_map`.",
                min(self._tags[t] for t in of[rare]),
            )
        if strange:
            tags = [t for t, text in read.items() if text in strange]
            self._warn(
                f"{_words(sum(counts[t] for t in tags))} of an entity type named 'O', like "
                f"{shown(tags[0])}. Words outside entities are tagged 'O' alone.",
                self._tags[tags[0]],
            )

    def _warn_of_columns(self) -> None:
        """Warn of another column of tags, or of syntactic chunks where entities are elsewhere."""
        if self._form.tag_column >= 0:
            return
        others = [
            column
            for column, tags in self.notes.other_tags.items()
            if not all(len(tag) == 1 or _CHUNKS.fullmatch(tag[2:]) for tag in tags)
        ]
        if others:
            tag = self.notes.tag
            self._warn(
                f"Columns {', '.join(map(str, others))} and {tag} hold tags; those of column "
                f"{tag} are read. Set `tag_column: {others[0]}`, or `tag_column: {tag}` if that "
                "is right."
            )

    def _warn(self, text: str, line: int | None = None) -> None:
        warnings.warn(f"{self._file}:{line or self._line}: {text}", stacklevel=5)


def _words(number: int) -> str:
    return "1 word is" if number == 1 else f"{number:,} words are"


def _remedy_of_comment(word: str) -> str | None:
    return "Is the line a comment? Then set `comments: true`." if word[:1] == "#" else None


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
