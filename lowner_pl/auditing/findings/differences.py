"""The same words tagged differently, most likely errors first.

The words of each entity are looked up in the whole corpus, as in `Dickinson and Meurers (2003)
<https://aclanthology.org/E03-1068>`_. Every other place where they are tagged differently is
evidence against a tag, every place where they are tagged alike is evidence for it. A place counts
more if the words around it are the same.
"""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import NamedTuple

from lowner_pl.auditing.finding import Finding, Kind, Severity, at, quoted
from lowner_pl.auditing.split import Entry, Split, entries_of

NEIGHBOURS, WIDER = 4, 8
"""Evidence of a place with the same neighbour on both sides, and with the same two."""
DOUBTFUL, LIKELY = 0.75, 0.9
"""Share of the evidence that must be against a tag, to name it and to warn of it."""
_MOST_WORDS = 8
_PLACES = 3
OUTSIDE, BORDERS, WITHIN = "O", "other borders", "part of a longer entity"
"""How words may be tagged, besides the type of an entity of exactly these words."""

Words = tuple[str, ...]
Context = tuple[str, ...]


class _Occurrence(NamedTuple):
    """A place of some words: the sentence, the position of the first word, and how it is tagged."""

    entry: Entry
    start: int
    label: str


def differing_tags(splits: Sequence[Split]) -> Iterator[Finding]:
    """Yield the places where words are tagged otherwise than most evidence says."""
    annotated = {split.name: split.types for split in splits}
    comparable = {w: _comparable(found, annotated) for w, found in _occurrences(splits).items()}
    findings = [
        finding
        for words, found in comparable.items()
        if len({one.label for one in found}) > 1
        for finding in _doubtful(words, found)
    ]
    yield from _longest(findings)


def _comparable(
    found: Sequence[_Occurrence], annotated: Mapping[str, Collection[str] | None]
) -> list[_Occurrence]:
    """Leave out places outside entities in splits that are not annotated with a type of the words.

    Args:
        found: All places of the words.
        annotated: The types that each split is annotated with, by its name; ``None`` for all.
    """
    types = {one.label for one in found} - {OUTSIDE, BORDERS, WITHIN}
    return [
        one
        for one in found
        if one.label != OUTSIDE
        or (known := annotated[one.entry.split]) is None
        or types <= {*known}
    ]


def _longest(findings: Sequence[Finding]) -> Iterator[Finding]:
    """Yield the findings that are not about a part of the words of another one."""
    spans: dict[tuple[str, int], list[tuple[int, int]]] = {}
    for one in findings:
        spans.setdefault(_sentence_of(one), []).append((one.start, one.end))
    for one in findings:
        own = (one.start, one.end)
        around = (s for s in spans[_sentence_of(one)] if s[0] <= own[0] and s[1] >= own[1])
        if all(span == own for span in around):
            yield one


def _sentence_of(finding: Finding) -> tuple[str, int]:
    """Identify the sentence of a finding."""
    assert finding.entry is not None
    return finding.entry.split, finding.entry.number


def _occurrences(splits: Sequence[Split]) -> dict[Words, list[_Occurrence]]:
    """Find all places of the words of every entity."""
    found: dict[Words, list[_Occurrence]] = {}
    for entry in entries_of(splits):
        for entity in entry.entities:
            words = entry.sentence.words[entity.start : entity.end]
            if len(words) <= _MOST_WORDS and any(map(str.isalpha, "".join(words))):
                found[words] = []
    lengths: dict[str, set[int]] = {}
    for words in found:
        lengths.setdefault(words[0], set()).add(len(words))
    for entry in entries_of(splits):
        sentence = entry.sentence.words
        for start, word in enumerate(sentence):
            for length in lengths.get(word, ()):
                words = sentence[start : start + length]
                if len(words) == length and words in found:
                    label = _label(entry, start, start + length)
                    found[words].append(_Occurrence(entry, start, label))
    return found


def _label(entry: Entry, start: int, end: int) -> str:
    """Say how some words of a sentence are tagged."""
    touching = [one for one in entry.entities if one.start < end and one.end > start]
    if not touching:
        return OUTSIDE
    first = touching[0]
    if (first.start, first.end) == (start, end):
        return first.type
    return WITHIN if first.start <= start and first.end >= end else BORDERS


def _doubtful(words: Words, found: Sequence[_Occurrence]) -> Iterator[Finding]:
    """Yield the doubtful places of the same words."""
    evidence = _Evidence(words, found)
    given: set[tuple[str, int, int]] = set()
    for one in found:
        label, doubt = evidence.against(one)
        if label is None or doubt < DOUBTFUL:
            continue
        others = evidence.places(one, label)
        if any(_key(other) in given for other in others[:1]) and evidence.is_tie(one, label):
            continue  # which of the two is wrong is open, so one finding is enough
        given.add(_key(one))
        yield _finding(words, one, label, doubt, others, evidence)


class _Evidence:
    """Counts of how some words are tagged everywhere, and between the same neighbours.

    Args:
        words: The words.
        found: Their places.
    """

    def __init__(self, words: Words, found: Sequence[_Occurrence]) -> None:
        self.found, self._length = found, len(words)
        self.all = Counter(one.label for one in found)
        self.near: dict[Context, Counter[str]] = {}
        self.wide: dict[Context, Counter[str]] = {}
        for one in found:
            for counts, size in ((self.near, 1), (self.wide, 2)):
                if context := self.context(one, size):
                    counts.setdefault(context, Counter())[one.label] += 1

    def context(self, one: _Occurrence, size: int) -> Context | None:
        """Return the words on both sides of a place; ``None`` if a side has none.

        The end of a sentence counts as a word if the other side has words.
        """
        sentence, start = one.entry.sentence.words, one.start
        end = start + self._length
        before = sentence[max(start - size, 0) : start]
        after = sentence[end : end + size]
        if len(before) + len(after) < size or not before + after:
            return None
        return (*before, "\n", *after)

    def against(self, one: _Occurrence) -> tuple[str | None, float]:
        """Find the tag with the most evidence against that of a place, and its share."""
        near, wide = self._around(one)
        weights = {
            label: self._weight(label, one.label, near, wide)
            for label in self.all
            if label != one.label
        }
        if not weights:
            return None, 0.0
        label = max(weights, key=lambda label: weights[label])
        agreeing = (
            self.all[one.label]
            - 1
            + NEIGHBOURS * max(near[one.label] - 1, 0)
            + WIDER * max(wide[one.label] - 1, 0)
        )
        return label, weights[label] / (weights[label] + agreeing + 1)

    def _weight(
        self, label: str, mine: str, near: Mapping[str, int], wide: Mapping[str, int]
    ) -> int:
        """Add up the evidence for a tag. Names in longer names say nothing of names alone."""
        alone = 0 if WITHIN in (label, mine) else self.all[label]
        return alone + NEIGHBOURS * near[label] + WIDER * wide[label]

    def _around(self, one: _Occurrence) -> tuple[Counter[str], Counter[str]]:
        """Count the tags between the same neighbours as those of a place."""
        contexts = (self.context(one, 1), self.context(one, 2))
        near, wide = (
            counts[context] if context is not None else Counter[str]()
            for counts, context in zip((self.near, self.wide), contexts, strict=True)
        )
        return near, wide

    def alike(self, one: _Occurrence, label: str) -> int:
        """Tell how many neighbours on each side some place with another tag shares: 0, 1 or 2."""
        near, wide = self._around(one)
        return 2 if wide[label] else 1 if near[label] else 0

    def is_tie(self, one: _Occurrence, label: str) -> bool:
        """Tell whether both tags occur equally often."""
        return self.all[one.label] == self.all[label]

    def places(self, one: _Occurrence, label: str) -> list[_Occurrence]:
        """Return a few places with another tag, those with the same neighbours first."""
        contexts = (self.context(one, 2), self.context(one, 1))

        def distance(other: _Occurrence) -> int:
            pairs = zip(contexts, (2, 1), strict=True)
            return next((n for n, (c, s) in enumerate(pairs) if c == self.context(other, s)), 2)

        return sorted((o for o in self.found if o.label == label), key=distance)[:_PLACES]


def _finding(
    words: Words,
    one: _Occurrence,
    label: str,
    doubt: float,
    others: Sequence[_Occurrence],
    evidence: _Evidence,
) -> Finding:
    """Describe a doubtful place."""
    alike, count = evidence.alike(one, label), evidence.all[label]
    places = tuple(other.entry.place(other.start) for other in others)
    where = "1 other place" if count == 1 else f"{count:,} other places"
    around = {0: "", 1: " between the same words", 2: " in the same context"}[alike]
    like = evidence.all[one.label]
    text = f"{quoted(words)} is {_named(one.label)} here, but {_named(label)} in {where}{around}."
    if like > 1:
        text += f" It is {_named(one.label)} {like:,} times in all."
    severity = Severity.NOTE
    if alike == 2:
        severity = Severity.ERROR
    elif (alike == 1 and WITHIN not in (label, one.label)) or (
        doubt >= LIKELY and label != OUTSIDE
    ):
        # Many names are ordinary words elsewhere, or parts of longer names.
        severity = Severity.WARNING
    return at(
        one.entry,
        one.start,
        one.start + len(words),
        Kind.DIFFERENT,
        severity,
        text,
        others=places,
        weight=doubt,
    )


def _named(label: str) -> str:
    """Name how words are tagged."""
    names = {OUTSIDE: "no entity", BORDERS: "an entity with other borders"}
    return names.get(label, label)


def _key(one: _Occurrence) -> tuple[str, int, int]:
    """Identify a place."""
    return one.entry.split, one.entry.number, one.start
