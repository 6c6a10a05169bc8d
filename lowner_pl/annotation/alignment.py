"""Spans of characters to tags of words: alignment, overlaps, and sentences that cut no entity."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Literal

from lowner_pl.annotation.documents import Document, Place, Span
from lowner_pl.annotation.notes import Notes, Problem, counted
from lowner_pl.corpus.entity import Entity, tags_of
from lowner_pl.corpus.sentence import Sentence
from lowner_pl.tagging.splitting.splitter import Splitter, is_blank

OnMisaligned = Literal["error", "shrink", "expand", "skip"]
"""What to do with a span that begins or ends inside a word: refuse it, keep the words that lie
wholly in it, keep all words that it touches, or leave it out."""


def with_words(document: Document, splitter: Splitter, notes: Notes) -> Document:
    """Split a document into words and sentences, as far as it is not split yet.

    Words that are known are kept. If a sentence would end inside a span, it goes on, which is
    noted.
    """
    if document.words is not None and (document.sentences or not document.words):
        return document
    found = splitter(document.text)
    words = document.words
    if words is None:
        words = tuple(word for sentence in found for word in sentence)
    firsts = sorted({0, *(_first_from(words, sentence[0][0]) for sentence in found)})
    starts = [first for first in firsts if first < len(words)]
    begins = [words[first][0] for first in starts]
    inside = {
        starts[at]
        for span in document.spans
        for at in range(bisect_right(begins, span.start), bisect_left(begins, span.end))
    }
    if inside:
        notes.said.append(
            f"{document.name}: A sentence would end inside an entity, at "
            f"{', '.join(str(words[first][0]) for first in sorted(inside))}: it goes on instead"
        )
    kept = tuple(first for first in starts if first not in inside)
    return replace(document, words=words, sentences=kept)


def sentences_of(
    document: Document, splitter: Splitter, on_misaligned: OnMisaligned, notes: Notes
) -> Iterator[Sentence]:
    """Make tagged sentences of a document, and note every span that is changed or left out.

    Args:
        document: The document.
        splitter: Splits a text that is not split yet.
        on_misaligned: What to do with spans that are not whole words. Of spans that overlap, the
            longest is kept, and of equally long ones the first.
        notes: Collects the problems.
    """
    document = with_words(document, splitter, notes)
    words = document.words or ()
    if not words:
        notes.left_out["texts without words"] += 1
    entities = _flat(document, words, on_misaligned, notes)
    tags = tags_of(entities, len(words))
    bounds = _not_inside([*document.sentences, len(words)], entities, document, notes)
    for first, last in pairwise(bounds):
        places = words[first:last]
        yield Sentence(tuple(document.text[start:end] for start, end in places), tags[first:last])


@dataclass(frozen=True, slots=True)
class _Aligned:
    """A span and the words that it became.

    Args:
        span: The span.
        entity: Its words and type.
        problem: What was wrong with it, if anything.
    """

    span: Span
    entity: Entity
    problem: Problem | None


def _flat(
    document: Document, words: Sequence[Place], on_misaligned: OnMisaligned, notes: Notes
) -> list[Entity]:
    """Align the spans of a document, and keep the longest where they overlap."""
    aligned: list[_Aligned] = []
    for span in document.spans:
        entity, problem = _align(document, span, words, on_misaligned)
        if problem is not None:
            notes.problems.append(problem)
        if entity is not None:
            aligned.append(_Aligned(span, entity, problem))
    aligned.sort(key=lambda one: (one.entity.start - one.entity.end, one.entity.start))
    owners: dict[int, _Aligned] = {}
    kept: list[Entity] = []
    for one in aligned:
        positions = range(one.entity.start, one.entity.end)
        other = next((owners[at] for at in positions if at in owners), None)
        if other is None:
            owners.update(dict.fromkeys(positions, one))
            kept.append(one.entity)
        elif other.entity == one.entity:
            notes.left_out["spans that are marked twice"] += 1
        else:
            notes.problems.append(Problem(document, one.span, _relation(document, one, other)))
    return kept


def _relation(document: Document, one: _Aligned, other: _Aligned) -> str:
    """Say how two spans overlap, to follow the first one's text."""
    there = f"{other.span.type} {document.excerpt(other.span)}"
    if (one.entity.start, one.entity.end) == (other.entity.start, other.entity.end):
        return f"is also {other.span.type}"
    if other.entity.start <= one.entity.start and one.entity.end <= other.entity.end:
        return f"lies inside {there}"
    return f"overlaps {there}"


def _align(
    document: Document, span: Span, words: Sequence[Place], on_misaligned: OnMisaligned
) -> tuple[Entity | None, Problem | None]:
    """Find the words of a span. White space at its ends does not matter."""
    first = _first_ending_from(words, span.start)
    touched = []
    for index in range(first, len(words)):
        start, end = words[index]
        if start > span.end:
            break
        if (start < span.end and end > span.start) or span.start <= start == end <= span.end:
            touched.append(index)
    inside = [at for at in touched if span.start <= words[at][0] and words[at][1] <= span.end]
    if not touched:
        return None, Problem(document, span, "holds no word")
    if touched == inside and _is_covered(document.text, span, words, inside):
        return Entity(inside[0], inside[-1] + 1, span.type), None
    part = _partly(document, words, touched, inside)
    chosen = {"error": [], "skip": [], "shrink": inside, "expand": touched}[on_misaligned]
    if not chosen:
        return None, Problem(document, span, part)
    kept = Span(words[chosen[0]][0], words[chosen[-1]][1], span.type)
    done = f"{'shrunk' if on_misaligned == 'shrink' else 'expanded'} to {document.excerpt(kept)}"
    return Entity(chosen[0], chosen[-1] + 1, span.type), Problem(document, span, part, done)


def _is_covered(text: str, span: Span, words: Sequence[Place], inside: Sequence[int]) -> bool:
    """Tell whether a span holds nothing visible before its first and after its last word."""
    ends = text[span.start : words[inside[0]][0]] + text[words[inside[-1]][1] : span.end]
    return all(map(is_blank, ends))


def _partly(
    document: Document, words: Sequence[Place], touched: Sequence[int], inside: Sequence[int]
) -> str:
    """Say which words a span cuts, to follow its text."""
    cut = [at for at in (touched[0], touched[-1]) if at not in inside]
    if not cut:
        return "begins or ends beside the words"
    quoted = " and ".join(document.excerpt(Span(*words[at], "")) for at in dict.fromkeys(cut))
    return f"is only a part of {quoted}" if len(touched) == 1 else f"cuts {quoted}"


def _not_inside(
    bounds: list[int], entities: Sequence[Entity], document: Document, notes: Notes
) -> list[int]:
    """Drop the borders of sentences that lie inside an entity, and say so."""
    inner = {at for entity in entities for at in range(entity.start + 1, entity.end)}
    dropped = [at for at in bounds if at in inner]
    if dropped:
        notes.said.append(
            f"{document.name}: A sentence would end inside an entity, "
            f"{counted(len(dropped), 'time')}: it goes on instead"
        )
    return [at for at in bounds if at not in inner]


def _first_from(words: Sequence[Place], start: int) -> int:
    """Return the first word that begins at a position or after it."""
    return bisect_left(words, start, key=lambda word: word[0])


def _first_ending_from(words: Sequence[Place], start: int) -> int:
    """Return the first word that ends at a position or after it."""
    return bisect_left(words, start, key=lambda word: word[1])
