"""The tags of a CoNLL file, judged by all of them: of one scheme, plain, and in one column."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property

from lowner_pl.corpus.conll.judged_file import JudgedFile
from lowner_pl.corpus.conll.schemes import IOB2Converter, misfit
from lowner_pl.corpus.conll.spellings import doubts, near_types, respelt, shown

# Types of syntactic chunks, which stand in a column before the entities of CoNLL-2003.
_CHUNKS = re.compile(r"(?:ADJ|ADV|CONJ|CN|[NVPA])P|[NVPA]C|ADVC|SBAR|PRT|INTJ|LST|UCP|")
_OUTSIDE = re.compile(r"[-_.*]|other|none|null|nil|out|outside", re.IGNORECASE)


class TagSurvey:
    """The distinct tags of a file, to be converted once they are known to fit one scheme.

    Args:
        file: The file.
        tags: Line of the first word with each tag.
    """

    def __init__(self, file: JudgedFile, tags: Mapping[str, int]) -> None:
        self._file, self._tags = file, tags

    def converter(self) -> IOB2Converter:
        """Judge the tags and make their converter to IOB2.

        Raises:
            ValueError: If they cannot be read for sure; the message names the line.
        """
        changed = respelt(self._tags)
        read = {tag: changed.get(tag, tag) for tag in self._tags}
        doubt = next(doubts(list(read.values())), None)
        if doubt:
            doubted = set(doubt.tags)
            tags = [tag for tag, text in read.items() if text in doubted]
            raise self._refusal(tags, doubt.what, doubt.remedy)
        if misfit(read.values(), self._file.form.scheme):
            self._refuse_misfit(read)
        if (
            not self._file.form.scheme
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

    @cached_property
    def _counted(self) -> tuple[Counter[str], dict[str, str]]:
        """How many words have each tag, and the first word of each: a second time through."""
        counts: Counter[str] = Counter()
        first: dict[str, str] = {}
        for block in self._file.raw(None):
            counts.update(block.tags)
            if first.keys() != self._tags.keys():
                for word, tag in zip(block.words, block.tags, strict=True):
                    first.setdefault(tag, word)
        return counts, first

    def _refusal(self, tags: Sequence[str], what: str, remedy: str) -> ValueError:
        """Make the error for tags of one kind."""
        counts, first = self._counted
        number = sum(counts[tag] for tag in tags)
        better = self._file.remedy() or _remedy_of_comment(first[tags[0]])
        return ValueError(
            f"{self._file.name}:{self._tags[tags[0]]}: {_words(number)} tagged {what}, was: "
            f"{shown(tags[0])}. {better or remedy}"
        )

    def _refuse_misfit(self, read: dict[str, str]) -> None:
        """Raise the error for tags of several schemes: the rare ones are to blame."""
        counts, first = self._counted
        entities = [tag for tag, text in read.items() if text != "O"]
        bare = {tag for tag in entities if read[tag][1:2] != "-"}
        prefixed = set(entities) - bare
        rare = min(bare, prefixed, key=len) if len(bare) != len(prefixed) else set()
        order = sorted(read, key=lambda tag: (first[tag][:1] == "#", tag in rare, -counts[tag]))
        wrong, condition = misfit([read[tag] for tag in order], self._file.form.scheme) or ("", "")
        tag = next(tag for tag in order if read[tag] == wrong)
        self._complain(tag, condition, first[tag])

    def _refuse_prefixes_alone(self, tags: Iterable[str]) -> None:
        """Refuse bare types whose prefixes are in another column: neighbours would be one."""
        if self._file.form.tag_column >= 0 or any(tag[1:2] == "-" for tag in tags):
            return
        for column, found in self._file.notes.other_tags.items():
            if "B" in found and all(len(prefix) == 1 for prefix in found):
                tag = self._file.notes.tag
                raise ValueError(
                    f"{self._file.place}: Column {tag} must hold whole tags, was: types, "
                    f"with their prefixes ({', '.join(sorted(found))}) in column {column}. Join "
                    f"them to 'B-<type>', or set `tag_column: {tag}` to read the types alone."
                )

    def _complain(self, tag: str, condition: str, word: str = "") -> None:
        remedy = self._file.remedy() or _remedy_of_comment(word)
        if _OUTSIDE.fullmatch(tag):
            remedy = remedy or "Tag words outside entities 'O', or set `tag_column`."
        raise ValueError(
            f"{self._file.name}:{self._tags[tag]}: {condition}, was: {shown(tag)}. "
            f"{remedy or 'Correct the tag, or set `tag_column` or `scheme`.'}"
        )

    def _warn_of_changes(self, changed: dict[str, str]) -> None:
        counts, _ = self._counted
        pairs = [f"{shown(tag)} as {text!r}" for tag, text in changed.items()]
        more = ", …" if len(pairs) > 3 else ""
        self._file.warn(
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
        counts, _ = self._counted
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
            self._file.warn(
                f"Entity types differ in case or in invisible characters alone: "
                f"{', '.join(numbers)}. Correct them, or rename one with `type_map`.",
                min(self._tags[t] for t in of[rare]),
            )
        if strange:
            tags = [t for t, text in read.items() if text in strange]
            self._file.warn(
                f"{_words(sum(counts[t] for t in tags))} of an entity type named 'O', like "
                f"{shown(tags[0])}. Words outside entities are tagged 'O' alone.",
                self._tags[tags[0]],
            )

    def _warn_of_columns(self) -> None:
        """Warn of another column of tags, or of syntactic chunks where entities are elsewhere."""
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
                f"Columns {', '.join(map(str, others))} and {tag} hold tags; those of column "
                f"{tag} are read. Set `tag_column: {others[0]}`, or `tag_column: {tag}` if that "
                "is right."
            )


def _words(number: int) -> str:
    return "1 word is" if number == 1 else f"{number:,} words are"


def _remedy_of_comment(word: str) -> str | None:
    return "Is the line a comment? Then set `comments: true`." if word[:1] == "#" else None
