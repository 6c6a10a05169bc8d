"""Texts with their entities marked: as HTML, and between brackets."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Protocol

COLOURS = {
    "PER": "#f9d9b8",
    "ORG": "#c9e2f7",
    "LOC": "#cfeccd",
    "MISC": "#ead6f2",
    "DATE": "#f3ecb4",
}
"""Background of each entity type; black text on all of them has a contrast above 12 : 1."""
OTHERS = ("#f6cfd6", "#c8ece9", "#dfe0f7", "#e4e9c3", "#f0dcc9", "#dadada")
MARK = "padding:.1em .25em;border-radius:.3em;color:#000;background:"
LABEL = "font-size:.7em;font-weight:600;margin:0 .3em;color:#222"
TEXT = "white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.9;margin:.6em 0"
PAGE = """<!DOCTYPE html>
<html{language}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
:root {{ color-scheme: light dark }}
body {{ font: 1rem/1.6 system-ui, sans-serif; max-width: 50rem }}
body {{ margin: 2rem auto; padding: 0 1rem }}
</style>
</head>
<body>
<h1>{title}</h1>
"""
PAGE_END = "</body>\n</html>\n"


class Marked(Protocol):
    """An entity to mark."""

    @property
    def start(self) -> int:
        """Position of its first character."""

    @property
    def end(self) -> int:
        """Position after its last character."""

    @property
    def type(self) -> str:
        """Its type."""

    @property
    def confidence(self) -> float:
        """Its confidence, from 0 to 1."""


def page_start(title: str, language: str | None) -> str:
    """Write the beginning of a page of texts, which needs no other file.

    Args:
        title: Title of the page.
        language: ISO 639 code of the texts.
    """
    named = f' lang="{escape(language)}"' if language else ""
    return PAGE.format(title=escape(title), language=named)


def highlighted(text: str, entities: Sequence[Marked]) -> str:
    """Write a text as HTML, with coloured entities, their types and their confidences in percent.

    The direction of the text follows from its letters.

    Args:
        text: The text.
        entities: Its entities in their order, without overlaps.
    """
    parts, at = [], 0
    for entity in entities:
        parts.append(escape(text[at : entity.start]))
        label = f"{entity.type} {_percent(entity.confidence)}"
        parts.append(
            f'<mark style="{MARK}{_colour(entity.type)}" title="{escape(label)}">'
            f"<bdi>{escape(text[entity.start : entity.end])}</bdi>"
            f'<span dir="ltr" style="{LABEL}">{escape(label)}</span></mark>'
        )
        at = entity.end
    parts.append(escape(text[at:]))
    return f'<div dir="auto" style="{TEXT}">{"".join(parts)}</div>'


def stylesheet(types: Iterable[str]) -> str:
    """Write CSS that gives texts the looks of `highlighted` without a style on each element.

    It is for ``<div class="tagged">`` with ``<mark data-type="PER">`` inside, and a ``<span>`` for
    the label.

    Args:
        types: The entity types.
    """
    rules = [f".tagged{{{TEXT}}}", f"mark{{{MARK}{OTHERS[-1]}}}", f"mark>span{{{LABEL}}}"]
    rules += [f"mark[data-type='{_css(one)}']{{background:{_colour(one)}}}" for one in types]
    return "\n".join(rules) + "\n"


def bracketed(text: str, entities: Sequence[Marked]) -> str:
    """Write a text with each entity in brackets, as in ``[Nairobi | LOC 98 %] ni mji``.

    Args:
        text: The text.
        entities: Its entities in their order, without overlaps.
    """
    parts, at = [], 0
    for entity in entities:
        inner = text[entity.start : entity.end]
        parts.append(text[at : entity.start])
        parts.append(f"[{inner} | {entity.type} {_percent(entity.confidence)}]")
        at = entity.end
    return "".join([*parts, text[at:]])


def _percent(confidence: float) -> str:
    """Write a confidence in percent. Only certainty is 100 %."""
    percent = round(100 * confidence)
    return f"{min(percent, 99) if confidence < 1 else 100} %"


def _colour(type_: str) -> str:
    """Choose the background of a type, always the same one."""
    return COLOURS.get(type_) or OTHERS[sum(map(ord, type_)) % len(OTHERS)]


def _css(text: str) -> str:
    """Write a text inside quotes of CSS: all but ASCII letters and digits by their numbers."""
    plain = (one if one.isascii() and one.isalnum() else f"\\{ord(one):x} " for one in text)
    return "".join(plain)
