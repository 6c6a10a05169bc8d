"""Sentences of the page as HTML: gold above prediction, with their entities marked."""

from collections.abc import Iterable, Mapping
from html import escape

from lowner_pl.callbacks.errors.excerpt import Excerpt, Marked
from lowner_pl.callbacks.errors.outcomes import ERRORS, Kind, Outcome
from lowner_pl.callbacks.errors.tables import Places
from lowner_pl.callbacks.errors.tally import (
    LENGTH,
    PAIR,
    TRAINING,
    TYPE,
    ErrorTally,
    Example,
    Group,
)
from lowner_pl.runs.page.text import counted, word_html

WRONG = "✗"
DESCRIBED = {TYPE: "type ", TRAINING: "", LENGTH: "length ", PAIR: ""}


def examples(tally: ErrorTally, places: Places) -> str:
    """Write the examples of each kind of error, one section each."""
    sections = []
    for kind in ERRORS:
        kept = [example for example in tally.examples if example.outcome.kind is kind]
        if kept:
            sections.append(_section(kind, kept, tally, places))
    return "\n".join(sections)


def worst_sentences(tally: ErrorTally) -> str:
    """Write the sentences with the highest loss, the highest first."""
    items = []
    for one in sorted(tally.worst, reverse=True):
        loss = f"loss {one.loss:.3f} per word"
        facts = [loss, counted(one.words, "word"), counted(one.errors, "error")]
        items.append(f"<li>{_heading(-one.rank, one.excerpt, *facts)}{pair(one.excerpt)}</li>")
    return '<ol class="sentences">' + "\n".join(items) + "</ol>"


def pair(shown: Excerpt) -> str:
    """Write the gold and the predicted entities of an excerpt, one above the other."""
    language = f' lang="{escape(shown.language)}"' if shown.language else ""
    rows = (
        f'<div class="who">{who}</div><div class="text" dir="auto"{language}>{text}</div>'
        for who, text in (
            ("gold", _marked(shown, shown.gold)),
            ("predicted", _marked(shown, shown.predicted)),
        )
    )
    return f'<div class="pair">{"".join(rows)}</div>'


def _section(kind: Kind, kept: list[Example], tally: ErrorTally, places: Places) -> str:
    """Write the examples of a kind. The first one of each group has the group's ``id``."""
    begun: set[Group] = set()
    shown = _per_group(kept)
    items = []
    for example in kept:
        new = [group for group in example.groups if group not in begun]
        begun.update(new)
        marks = "".join(
            f'<span id="{places.of(kind, group)}" data-label="'
            f'{escape(_label(group, shown[group], tally.counts[kind, group]))}"></span>'
            for group in new
        )
        data = " ".join(f'data-{group[0]}="{places.number(group)}"' for group in example.groups)
        said = _said(example.outcome)
        heading = _heading(example.number, example.excerpt, said)
        items.append(f"<li {data}>{marks}{heading}{pair(example.excerpt)}</li>")
    count = tally.kinds[kind]
    number = f"{count:,}" if len(kept) == count else f"{len(kept):,} of {count:,}"
    listed = "\n".join(items)
    return (
        f'<section class="kind" id="{kind}"><h3>{kind.phrase.capitalize()}: {number}</h3>'
        f'<p class="note filter" role="status"><span></span> <a href="#{kind}" hidden>Show all</a>'
        f'</p><ul class="sentences">{listed}</ul>'
        '<p><a href="#numbers">Back to the numbers</a></p></section>'
    )


def _per_group(kept: Iterable[Example]) -> Mapping[Group, int]:
    """Count the examples of each group."""
    counts: dict[Group, int] = {}
    for example in kept:
        for group in example.groups:
            counts[group] = counts.get(group, 0) + 1
    return counts


def _label(group: Group, shown: int, count: int) -> str:
    """Say which examples are left when a number was followed."""
    number = f"{shown:,}" if shown == count else f"{shown:,} of {count:,}"
    return f"Only {DESCRIBED[group[0]]}{group[1]}: {number}."


def _said(outcome: Outcome) -> str:
    """Say what the error is."""
    match outcome.kind:
        case Kind.MISSED:
            return f"{outcome.entity.type} missed"
        case Kind.SPURIOUS:
            return f"{outcome.entity.type} where gold has none"
    assert outcome.gold is not None
    assert outcome.predicted is not None
    gold, predicted = outcome.gold.type, outcome.predicted.type
    if outcome.kind is Kind.BORDER:
        return f"{gold} with another border"
    found = f"{gold} taken for {predicted}"
    return found if outcome.kind is Kind.TYPE else f"{found}, with another border"


def _heading(number: int, shown: Excerpt, *facts: str) -> str:
    """Write the line above a sentence: what it is about, and where it stands."""
    place = f"sentence {number + 1:,}"
    if shown.place is not None:
        place = f"{place}, {shown.place[0]} line {shown.place[1]:,}"
    texts = (f"<bdi>{escape(text)}</bdi>" for text in (*facts, place))
    return f'<p class="about">{" · ".join(texts)}</p>'


def _marked(shown: Excerpt, entities: Iterable[Marked]) -> str:
    """Write the words of an excerpt with its entities marked.

    Types and notes are isolated, so that the direction of the text follows from its words.
    """
    parts = [f"<bdi>… {counted(shown.before, 'word')}</bdi>"] if shown.before else []
    at = 0
    for entity in entities:
        parts += map(word_html, shown.words[at : entity.start])
        words = " ".join(map(word_html, shown.words[entity.start : entity.end]))
        look = ("right" if entity.right else "wrong") + (" chosen" if entity.chosen else "")
        label = escape(entity.type if entity.right else f"{WRONG} {entity.type}")
        parts.append(f'<mark class="{look}">{words} <bdi>{label}</bdi></mark>')
        at = entity.end
    parts += map(word_html, shown.words[at:])
    if shown.after:
        parts.append(f"<bdi>{counted(shown.after, 'word')} …</bdi>")
    return " ".join(parts)
