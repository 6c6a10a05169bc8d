"""Checking all tags of a CoNLL file together: one scheme, clear spelling, the right column."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from lowner_pl.corpus.conll.checking.checked_file import CheckedFile
from lowner_pl.corpus.conll.schemes import IOB2Converter, misfit
from lowner_pl.corpus.conll.spellings import doubts, near_types, respelt, shown

# Syntactic chunk types, which CoNLL-2003 has in a column before the entities.
_CHUNKS = re.compile(r"(?:ADJ|ADV|CONJ|CN|[NVPA])P|[NVPA]C|ADVC|SBAR|PRT|INTJ|LST|UCP|")
_OUTSIDE = re.compile(r"[-_.*]|other|none|null|nil|out|outside", re.IGNORECASE)
_IS_IT_A_COMMENT = "If the line is a comment, set `comments: true`."


class TagSurvey:
    """The distinct tags of a file. They are converted only if they all fit one scheme.

    Args:
        file: The file.
        tags: Line number of the first word with each tag.
    """

    def __init__(self, file: CheckedFile, tags: Mapping[str, int]) -> None:
        self._file, self._tags = file, tags

    def converter(self) -> IOB2Converter:
        """Check the tags and make the converter to IOB2.

        Raises:
            ValueError: If the tags cannot be read with certainty; the message names the line.
        """
        changed = respelt(self._tags)
        read = {tag: changed.get(tag, tag) for tag in self._tags}
        doubt = next(doubts(list(read.values())), None)
        if doubt:
            doubted = set(doubt.tags)
            tags = [tag for tag, text in read.items() if text in doubted]
            raise self._doubtful(tags, doubt.problem, doubt.remedy)
        if misfit(read.values(), self._file.form.scheme):
            raise self._misfit(read)
        if (
            not self._file.form.scheme
            and "O" not in read.values()
            and not any("-" in t for t in self._tags)
        ):
            # Most likely the wrong column, such as parts of speech.
            tag, line = next(iter(self._tags.items()))
            remedy = self._file.remedy() or "Set `tag_column`, or tag words outside entities 'O'."
            raise ValueError(
                f"{self._file.at(line)}: No word is tagged 'O', so {shown(tag)} may not be an "
                f"entity type. {remedy}"
            )
        self._refuse_bare_types(read.values())
        if changed:
            self._warn_of_changes(changed)
        self._warn_of_types(read)
        self._warn_of_columns()
        return IOB2Converter(self._tags, changed)

    @cached_property
    def _counted(self) -> tuple[Counter[str], dict[str, str]]:
        """Number of words with each tag, and the first word of each. Reads the file again."""
        counts: Counter[str] = Counter()
        first: dict[str, str] = {}
        for block in self._file.raw(None):
            counts.update(block.tags)
            if first.keys() != self._tags.keys():
                for word, tag in zip(block.words, block.tags, strict=True):
                    first.setdefault(tag, word)
        return counts, first

    def _doubtful(self, tags: Sequence[str], problem: str, remedy: str) -> ValueError:
        """Make the error for tags that cannot be read with certainty."""
        counts, first = self._counted
        number = sum(counts[tag] for tag in tags)
        if first[tags[0]][:1] == "#":
            remedy = _IS_IT_A_COMMENT
        return ValueError(
            f"{self._file.at(self._tags[tags[0]])}: {_words_have(number)} {problem}: "
            f"{shown(tags[0])}. {self._file.remedy() or remedy}"
        )

    def _misfit(self, read: dict[str, str]) -> ValueError:
        """Make the error for tags of several schemes. It blames the rarer kind."""
        counts, first = self._counted
        entities = [tag for tag, text in read.items() if text != "O"]
        bare = {tag for tag in entities if read[tag][1:2] != "-"}
        prefixed = set(entities) - bare
        rare = min(bare, prefixed, key=len) if len(bare) != len(prefixed) else set()
        order = sorted(read, key=lambda tag: (first[tag][:1] == "#", tag in rare, -counts[tag]))
        wrong, reason = misfit([read[tag] for tag in order], self._file.form.scheme) or ("", "")
        tag = next(tag for tag in order if read[tag] == wrong)
        return self._refusal(tag, f"{shown(tag)} {reason}.", first[tag])

    def _refusal(self, tag: str, problem: str, word: str) -> ValueError:
        """Make the error for one tag, with the advice that fits the file."""
        remedy = self._file.remedy() or (_IS_IT_A_COMMENT if word[:1] == "#" else None)
        if _OUTSIDE.fullmatch(tag):
            remedy = remedy or "Tag words outside entities 'O', or set `tag_column`."
        remedy = remedy or "Correct the tag, or set `tag_column` or `scheme`."
        return ValueError(f"{self._file.at(self._tags[tag])}: {problem} {remedy}")

    def _refuse_bare_types(self, tags: Iterable[str]) -> None:
        """Refuse types whose prefixes are in another column: neighbouring entities would merge."""
        if self._file.form.tag_column >= 0 or any(tag[1:2] == "-" for tag in tags):
            return
        for column, found in self._file.notes.other_tags.items():
            if "B" in found and all(len(prefix) == 1 for prefix in found):
                tag = self._file.notes.tag
                raise ValueError(
                    f"{self._file.at()}: Column {tag} holds entity types and column {column} their "
                    f"prefixes ({', '.join(sorted(found))}). Join them to tags such as 'B-PER', or "
                    f"set `tag_column: {tag}` to read the types alone."
                )

    def _warn_of_changes(self, changed: dict[str, str]) -> None:
        """Warn about tags in another spelling."""
        counts, _ = self._counted
        pairs = [f"{shown(tag)} is read as {text!r}" for tag, text in changed.items()]
        more = ", and so on" if len(pairs) > 3 else ""
        self._file.warn(
            f"{_words_have(sum(counts[tag] for tag in changed))} a tag in another spelling: "
            f"{', '.join(pairs[:3])}{more}.",
            min(self._tags[tag] for tag in changed),
        )

    def _warn_of_types(self, read: dict[str, str]) -> None:
        """Warn about types that differ only in case, and about a type named ``O``."""
        tags = list(read.values())
        groups = near_types(tags)
        strange = [tag for tag in tags if tag[1:] == "-O"]
        if not groups and not strange:
            return
        counts, _ = self._counted
        for group in groups:
            of = {
                type_: [t for t, text in read.items() if type_ in (text, text[2:])]
                for type_ in group
            }
            numbers = {type_: sum(counts[t] for t in tags) for type_, tags in of.items()}
            listed = ", ".join(f"{shown(type_)} ({n:,})" for type_, n in numbers.items())
            rare = min(numbers, key=lambda type_: numbers[type_])
            self._file.warn(
                "Some entity types differ only in case or in invisible characters: "
                f"{listed}. Correct them, or rename one with `type_map`.",
                min(self._tags[t] for t in of[rare]),
            )
        if strange:
            tags = [t for t, text in read.items() if text in strange]
            self._file.warn(
                f"{_words_have(sum(counts[t] for t in tags))} an entity type named 'O', as in "
                f"{shown(tags[0])}. Words outside entities are tagged just 'O'.",
                self._tags[tags[0]],
            )

    def _warn_of_columns(self) -> None:
        """Warn about another column of tags, unless it holds syntactic chunks."""
        if self._file.form.tag_column >= 0:
            return
        others = [
            column
            for column, tags in self._file.notes.other_tags.items()
            if not all(len(tag) == 1 or _CHUNKS.fullmatch(tag[2:]) for tag in tags)
        ]
        if others:
            tag = self._file.notes.tag
            self._file.warn(
                f"Columns {', '.join(map(str, others))} and {tag} hold tags, and column {tag} is "
                f"read. Set `tag_column: {others[0]}` to read that one instead, or "
                f"`tag_column: {tag}` to confirm."
            )


def _words_have(number: int) -> str:
    return "1 word has" if number == 1 else f"{number:,} words have"
