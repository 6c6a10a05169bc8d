"""An audit as one HTML page."""

from collections.abc import Iterable
from html import escape
from itertools import groupby
from os.path import commonpath
from pathlib import Path

from lowner_pl.auditing.audit import Audit
from lowner_pl.auditing.finding import Finding, Kind, Place, Severity
from lowner_pl.auditing.report.tables import TextTable, tables_of
from lowner_pl.auditing.split import Entry
from lowner_pl.corpus import Entity
from lowner_pl.runs.page.looks import SENTENCES
from lowner_pl.runs.page.page import Passage, Table, page
from lowner_pl.runs.page.text import counted, note_html, shortened, word_html

MOST = 300
"""Findings of a kind that the page lists."""
CONTEXT = 12
"""Words before and after those that a finding is about."""
MOST_WORDS = 60
"""Words that are shown of a sentence."""
STYLE = (
    SENTENCES
    + """
.finding p { margin: 0.2rem 0; } .finding .text { margin: 0.35rem 0 0; }
.severity { display: inline-block; min-width: 4.6rem; text-align: center; font-weight: 600;
  border: 2px solid var(--text); border-radius: 4px; padding: 0 0.4rem; margin-inline-end: 0.5rem; }
.error .severity { background: var(--text); color: var(--back); }
.note .severity { border: 1px dashed var(--faint); font-weight: 400; }
.here { outline: 2px solid var(--edge); outline-offset: 1px; border-radius: 2px; margin: 0 2px;
  text-decoration: underline 2px var(--edge); text-underline-offset: 0.25em; }
.compare { color: var(--faint); }
.choice { display: flex; gap: 1.25rem; flex-wrap: wrap; }
body.no-warning .finding.warning, body.no-note .finding.note { display: none; }
td:first-child { white-space: pre; }
"""
)
SCRIPT = """
for (const box of document.querySelectorAll(".choice input")) {
  const show = () => document.body.classList.toggle("no-" + box.value, !box.checked);
  box.addEventListener("change", show);
  show();
}
"""


def audit_page(audit: Audit, title: str) -> str:
    """Write the page.

    Args:
        audit: The audit.
        title: What was audited.
    """
    listed = [kind for kind in Kind if audit.of(kind)]
    parts: list[Table | Passage] = [Passage(_contents(audit, listed))]
    parts += map(_table, tables_of(audit))
    folder = _folder(audit)
    parts += [Passage(_section(audit, kind, folder)) for kind in listed]
    notes = [f"Files are named from {folder}."] if folder else []
    return page(title, [summary(audit)], parts, notes, style=STYLE, script=SCRIPT)


def _folder(audit: Audit) -> str:
    """Find the folder of all files; empty if there is no file, or they have nothing in common."""
    places = [p for one in audit.findings for p in (one.place, *one.others) if p is not None]
    folders = {str(Path(place.file).parent) for place in places if not place.of_sentence}
    try:
        folder = commonpath(folders) if folders else ""
    except ValueError:  # relative and absolute paths
        return ""
    return "" if folder in (".", "/") else folder


def summary(audit: Audit) -> str:
    """Count what was found, in a sentence.

    >>> summary(Audit((), ()))
    'Nothing was found.'
    """
    numbers = [(audit.count(severity), str(severity)) for severity in Severity]
    said = [counted(number, noun) for number, noun in numbers if number]
    if not said:
        return "Nothing was found."
    return f"Found {', '.join(said[:-1])}{' and ' if len(said) > 1 else ''}{said[-1]}."


def _contents(audit: Audit, listed: Iterable[Kind]) -> str:
    """Link the kinds of findings, and let the reader hide some severities."""
    links = "".join(
        f'<li><a href="#{kind}">{escape(kind.heading)}: {len(audit.of(kind)):,}</a></li>'
        for kind in listed
    )
    boxes = "".join(
        f'<label><input type="checkbox" value="{severity}" checked> {severity}s: '
        f"{audit.count(severity):,}</label>"
        for severity in (Severity.WARNING, Severity.NOTE)
        if audit.count(severity)
    )
    choice = f'<p class="choice note">Show {boxes}</p>' if boxes else ""
    return f'<nav aria-label="Parts of this page"><ul>{links}</ul></nav>{choice}'


def _table(table: TextTable) -> Table:
    """Make a table of the page."""
    return Table(table.heading, table.columns, table.rows, note=table.note)


def _section(audit: Audit, kind: Kind, folder: str) -> str:
    """Write the findings of a kind."""
    found = audit.of(kind)
    more = ""
    if len(found) > MOST:
        more = note_html(f"The first {MOST:,} of {len(found):,} are listed.")
    items = "\n".join(_item(finding, folder) for finding in found[:MOST])
    return (
        f'<h2 id="{kind}">{escape(kind.heading)}: {len(found):,}</h2>{note_html(kind.advice)}{more}'
        f'<ul class="sentences">{items}</ul>'
    )


def _item(finding: Finding, folder: str) -> str:
    """Write a finding."""
    place = "" if finding.place is None else f"<bdi>{escape(_placed(finding.place, folder))}</bdi>"
    shown = "" if finding.entry is None else _excerpt(finding.entry, finding.start, finding.end)
    others = ", ".join(f"<bdi>{escape(_placed(other, folder))}</bdi>" for other in finding.others)
    see = f'<p class="compare">Compare {others}</p>' if others else ""
    return (
        f'<li class="finding {finding.severity}"><p class="where">'
        f'<span class="severity">{finding.severity}</span>{place}</p>'
        f'<p dir="ltr">{escape(finding.text)}</p>{shown}{see}</li>'
    )


def _placed(place: Place, folder: str) -> str:
    """Name a place; a file by its path below a folder."""
    if place.of_sentence:
        return f"{place.file}, sentence {place.number:,}"
    file = place.file.removeprefix(f"{folder}/") if folder else place.file
    return f"{file}, line {place.number}"


def _excerpt(entry: Entry, start: int, end: int) -> str:
    """Write the words around those that a finding is about, with the entities marked."""
    words = entry.sentence.words
    first = max(start - CONTEXT, 0)
    last = min(end + CONTEXT, first + MOST_WORDS, len(words))
    language = entry.sentence.language
    named = f' lang="{escape(language)}"' if language else ""
    parts = [f"<bdi>… {counted(first, 'word')}</bdi>"] if first else []
    here = range(start, end) if (start, end) != (0, len(words)) else range(0)
    at = first
    for entity in entry.entities:
        if entity.end <= first or entity.start >= last:
            continue
        begin, stop = max(entity.start, first), min(entity.end, last)
        parts += _words(words, range(at, begin), here)
        parts.append(_marked(words, entity, range(begin, stop), here))
        at = stop
    parts += _words(words, range(at, last), here)
    if last < len(words):
        parts.append(f"<bdi>{counted(len(words) - last, 'word')} …</bdi>")
    return f'<div class="text" dir="auto"{named}>{" ".join(parts)}</div>'


def _marked(words: tuple[str, ...], entity: Entity, shown: range, here: range) -> str:
    """Write an entity."""
    inside = " ".join(_words(words, shown, here))
    return f"<mark>{inside} <bdi>{escape(entity.type)}</bdi></mark>"


def _words(words: tuple[str, ...], shown: range, here: range) -> list[str]:
    """Write some words, those that the finding is about framed."""
    written: list[str] = []
    for chosen, run in groupby(shown, here.__contains__):
        text = [word_html(shortened(words[position])) for position in run]
        written += [f'<span class="here">{" ".join(text)}</span>'] if chosen else text
    return written
