"""The HTML page: an answer, tables and pictures in one file that needs no network."""

import base64
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from html import escape

from lowner_pl.runs.page.looks import SCRIPT, STYLE
from lowner_pl.runs.page.text import named_html

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'"
"""What a browser may load for the page: nothing that is not in the file."""

_ODD = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""Characters that HTML or UTF-8 does not allow."""


@dataclass(frozen=True)
class Link:
    """A cell that leads to another place of the page.

    Args:
        text: The text.
        target: The ``id`` of the place.
    """

    text: str
    target: str


Cell = str | Link


@dataclass(frozen=True)
class Table:
    """A table; a click on a heading sorts its rows.

    Args:
        heading: What the table shows.
        columns: The headings of the columns.
        rows: The cells; the first column holds names.
        bold: Row and column of the cells to emphasise; the totals follow the rows.
        note: What the numbers are.
        totals: Rows that stay below the others, such as means.
        folded: Whether only the heading shows until it is clicked.
    """

    heading: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    bold: Collection[tuple[int, int]] = ()
    note: str = ""
    totals: Sequence[Sequence[Cell]] = ()
    folded: bool = False


@dataclass(frozen=True)
class Picture:
    """A picture with its caption inside.

    Args:
        heading: What the picture shows.
        png: The file.
        text: The caption, for readers who can't see the picture.
    """

    heading: str
    png: bytes
    text: str


@dataclass(frozen=True)
class Passage:
    """A part that is HTML already.

    Args:
        html: The part. All that comes from data is escaped in it.
    """

    html: str


Part = Table | Picture | Passage


def page(
    title: str,
    answers: Sequence[str],
    parts: Sequence[Part],
    notes: Sequence[str] = (),
    *,
    names: Collection[str] = (),
    style: str = "",
    script: str = "",
) -> str:
    """Write the page. Characters that HTML does not allow are replaced.

    Args:
        title: What was compared.
        answers: The findings, one sentence each.
        parts: Tables, pictures and passages in their order.
        notes: What to know about the numbers, such as a warning of few seeds.
        names: Names in all these texts, which keep their own direction of writing.
        style: More style for the passages.
        script: More script for the passages.
    """
    said = [f'<p class="answer">{named_html(answer, names)}</p>' for answer in answers]
    said += [f'<p class="note">{named_html(note, names)}</p>' for note in notes]
    body = [_part(part, names) for part in parts]
    text = "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en" dir="ltr"><head><meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title><style>{STYLE}{style}</style></head><body>",
            f"<h1>{named_html(title, names)}</h1>",
            *said,
            *body,
            f"<script>{SCRIPT}{script}</script></body></html>\n",
        ]
    )
    return _ODD.sub("\ufffd", text)


def _part(part: Part, names: Collection[str]) -> str:
    """Write a part."""
    if isinstance(part, Table):
        return _table(part, names)
    return _picture(part, names) if isinstance(part, Picture) else part.html


def _table(table: Table, names: Collection[str]) -> str:
    """Write a table."""
    heads = (
        f'<th scope="col"><button>{named_html(name, names)}</button></th>' for name in table.columns
    )
    lines = [
        "<tr>"
        + "".join(_cell(cell, (number, at) in table.bold) for at, cell in enumerate(cells))
        + "</tr>"
        for number, cells in enumerate((*table.rows, *table.totals))
    ]
    body, foot = ("\n".join(part) for part in (lines[: len(table.rows)], lines[len(table.rows) :]))
    note = f'<p class="note">{named_html(table.note, names)}</p>' if table.note else ""
    heading = f"<h2>{named_html(table.heading, names)}</h2>"
    begin = f"<details><summary>{heading}</summary>" if table.folded else heading
    end = "</details>" if table.folded else ""
    return (
        f'{begin}\n<div class="wide"><table>'
        f"<thead><tr>{''.join(heads)}</tr></thead>\n<tbody>{body}</tbody><tfoot>{foot}</tfoot>"
        f"</table></div>{note}{end}"
    )


def _cell(cell: Cell, bold: bool) -> str:
    """Write a cell."""
    if isinstance(cell, Link):
        shown = f'<a href="#{escape(cell.target)}">{escape(cell.text)}</a>'
    else:
        shown = escape(cell)
    if bold:
        shown = f"<b>{shown}</b>"
    return f'<td dir="auto">{shown}</td>'


def _picture(picture: Picture, names: Collection[str]) -> str:
    """Write a picture, with its file inside the page."""
    data = base64.b64encode(picture.png).decode()
    return (
        f"<h2>{named_html(picture.heading, names)}</h2>\n"
        f'<img alt="{escape(picture.text)}" src="data:image/png;base64,{data}">'
    )
