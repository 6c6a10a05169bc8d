"""What ``check`` prints: the numbers as tables, and the first findings of each kind."""

from rich import box
from rich.console import Console
from rich.table import Table

from lowner_pl.auditing import Audit, Finding, Kind, Severity
from lowner_pl.auditing.report.page import summary
from lowner_pl.auditing.report.tables import TextTable, tables_of
from lowner_pl.runs.page.text import counted

MOST = 8
"""Findings of a kind that are printed."""
_FEW_TYPES = 20
"""Rows of a table that are printed."""


def print_audit(audit: Audit) -> None:
    """Print an audit. Notes are only counted."""
    for table in tables_of(audit):
        _print_table(table)
    if audit.curve is not None:
        print(f"{audit.curve.said}\n")
    for kind in Kind:
        if found := audit.of(kind):
            _print_kind(kind, found)
    print(summary(audit))


def _print_table(table: TextTable) -> None:
    """Print a table."""
    shown = Table(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left")
    for number, column in enumerate(table.columns):
        shown.add_column(column, justify="right" if number else "left", overflow="fold")
    for row in table.rows[:_FEW_TYPES]:
        shown.add_row(*row)
    print(f"{table.heading}:")
    Console(markup=False, emoji=False, highlight=False).print(shown)
    if len(table.rows) > _FEW_TYPES:
        print(f"… and {len(table.rows) - _FEW_TYPES:,} more rows\n")


def _print_kind(kind: Kind, found: list[Finding]) -> None:
    """Print the first findings of a kind, and count the others."""
    listed = [one for one in found if one.severity is not Severity.NOTE]
    shown = listed[:MOST]
    print(f"{kind.heading}: {len(found):,}")
    for one in shown:
        place = "" if one.place is None else f"{one.place}: "
        see = f" Compare {one.others[0]}." if one.others else ""
        print(f"  {one.severity:<7}  {place}{one.text}{see}")
    rest = [(len(listed) - len(shown), "more"), (len(found) - len(listed), "note")]
    more = [f"{n:,} more" if name == "more" else counted(n, name) for n, name in rest if n]
    if more:
        print(f"  … {'and ' if shown else ''}{' and '.join(more)}")
    if shown:
        print(f"  {kind.advice}")
    print()
