"""A comparison for the terminal, and as plain text."""

import io
from collections.abc import Callable, Sequence
from typing import Any

from rich import box
from rich.cells import cell_len
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lowner_pl.results.comparison import Comparison
from lowner_pl.results.tables.layout import Cell, Layout, lay_out
from lowner_pl.results.tables.sentences import answers

P = "p"
UNLIMITED = 100_000  # width of a text file
BETWEEN = 2  # spaces between columns, one of which stands for the line between them
EDGES = 3  # the edges of a table, and the padding of its last column


def print_comparison(comparison: Comparison, console: Console | None = None) -> None:
    """Print a comparison: the table, the answers and the notes.

    A table that is wider than the window is printed in parts, each with the names of the rows.

    Args:
        comparison: The comparison.
        console: Where to print; by default, the standard output.
    """
    out = console or plain_console()
    print_layout(lay_out(comparison), out)
    for line in answers(comparison):
        out.print(line, style="bold", soft_wrap=True)
    for note in comparison.notes:
        out.print(f"note: {note}", soft_wrap=True)


def print_layout(layout: Layout, out: Console) -> None:
    """Print a table with its caption, in parts if it is wider than the window."""
    for columns in _parts(layout, out.width):
        out.print(_table(layout, columns, out.width))
    out.print(layout.caption, soft_wrap=True)


def as_text(comparison: Comparison) -> str:
    """Write a comparison as plain text."""
    return printed(lambda console: print_comparison(comparison, console))


def printed(write: Callable[[Console], None]) -> str:
    """Return as plain text what a function prints to a console of any width."""
    file = io.StringIO()
    write(plain_console(file=file, width=UNLIMITED, color_system=None))
    return "\n".join(line.rstrip() for line in file.getvalue().splitlines()) + "\n"


def plain_console(**options: Any) -> Console:
    """Make a console that prints text unchanged; rich would replace ``[bold]`` and ``:smile:``."""
    return Console(markup=False, emoji=False, highlight=False, **options)


def _parts(layout: Layout, width: int) -> list[list[int]]:
    """Choose the columns of each part of a table, so that each fits into a width."""
    widths = _widths(layout)
    parts: list[list[int]] = [[]]
    used = EDGES + widths[0]
    for column in range(1, len(widths)):
        # A p-value stays beside its difference.
        needed = BETWEEN + widths[column]
        following = layout.headings[column + 1 : column + 2] == [P]
        more = BETWEEN + widths[column + 1] if following else 0
        if parts[-1] and layout.headings[column] != P and used + needed + more > width:
            parts.append([])
            used = EDGES + widths[0]
        parts[-1].append(column)
        used += needed
    return parts


def _widths(layout: Layout) -> list[int]:
    """Measure the columns."""
    lines = [[Cell(heading) for heading in layout.headings], *layout.rows, *layout.totals]
    return [max(cell_len(line[i].text) for line in lines) for i in range(len(layout.headings))]


def _table(layout: Layout, columns: Sequence[int], width: int) -> Table:
    """Make a table of some columns and the names of the rows.

    Where even one difference is too wide, its heading and cells are broken into lines.
    """
    widths = _widths(layout)
    fits = EDGES + widths[0] + sum(BETWEEN + widths[column] for column in columns) <= width
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, padding=(0, BETWEEN - 1, 0, 0))
    table.add_column(layout.headings[0], no_wrap=fits, overflow="ellipsis")
    for column in columns:
        whole = fits or layout.headings[column] == P
        table.add_column(layout.headings[column], justify="right", no_wrap=whole)
    body = [row for row in layout.rows if any(row[column].text for column in columns)]
    totals = [row for row in layout.totals if any(row[column].text for column in columns)]
    for number, row in enumerate([*body, *totals], start=1):
        cells = (row[column] for column in columns)
        table.add_row(
            Text(row[0].text),
            *(Text(cell.text, style="bold" if cell.best else "") for cell in cells),
            end_section=bool(totals) and number == len(body),
        )
    return table
