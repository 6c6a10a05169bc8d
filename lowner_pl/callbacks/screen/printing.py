"""Lines, warnings and tables of scores on the screen."""

import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, NamedTuple

from lowner_pl.callbacks.scores import COUNTS, PER_TOKEN

if TYPE_CHECKING:
    from rich.console import Console

SHOWN_TYPES = 20
TAGGING = ("f1", "precision", "recall", "entities")
HEADINGS = {"f1": "F1", "log_likelihood": "log-likelihood"}


class Scored(NamedTuple):
    """A block of a score table: overall scores and scores per entity type.

    Attributes:
        name: Name of the first row.
        scores: The scores by name, such as ``f1`` and ``f1/PER``.
        entities: Number of gold entities of each type.
    """

    name: str
    scores: Mapping[str, float]
    entities: Mapping[str, int]


def console() -> "Console":
    """Make a console that prints text unchanged; rich would replace ``[bold]`` and ``:smile:``."""
    from rich.console import Console

    return Console(markup=False, emoji=False, highlight=False)


def say(*lines: str) -> None:
    """Print lines, without breaking them at the width of the window."""
    out = console()
    for line in lines:
        out.print(line, soft_wrap=True)


def warn(message: str) -> None:
    """Print a warning to the error stream, without the place in the code."""
    print(f"warning: {message}", file=sys.stderr, flush=True)


def millions(number: int) -> str:
    """Format a number of weights."""
    return f"{number / 1e6:,.1f} M" if number >= 100_000 else f"{number:,}"


def entities_by_type(confusion: Sequence[Sequence[int]], types: Sequence[str]) -> dict[str, int]:
    """Count the gold entities of each type that occurs in gold or predicted tags.

    Args:
        confusion: Number of entities by gold type (row) and predicted type (column). The last row
            and column stand for no entity.
        types: The entity types.
    """
    gold = [sum(row) for row in confusion]
    predicted = [sum(column) for column in zip(*confusion, strict=True)]
    rows = zip(types, gold, predicted, strict=False)
    return {type_: count for type_, count, found in rows if count or found}


def print_tagging(parts: Sequence[Scored]) -> None:
    """Print scores of a tagger in percent: for all entities, then for each type."""
    rows: list[tuple[str, Mapping[str, float]]] = []
    for part in parts:
        rows.append((part.name, part.scores))
        types = sorted(part.entities, key=lambda type_: -part.entities[type_])
        for type_ in types[:SHOWN_TYPES]:
            of_type = {key: part.scores[f"{key}/{type_}"] for key in TAGGING[:3]}
            rows.append((f"  {type_}", {**of_type, "entities": part.entities[type_]}))
        if len(types) > SHOWN_TYPES:
            rows.append((f"  {len(types) - SHOWN_TYPES} more types", {}))
    print_table(rows, TAGGING)


def print_table(rows: Sequence[tuple[str, Mapping[str, float]]], columns: Sequence[str]) -> None:
    """Print scores in percent, except counts and `PER_TOKEN`."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True, overflow="ellipsis")
    for column in columns:
        heading = HEADINGS.get(column, column.replace("_", " "))
        table.add_column(heading, justify="right", no_wrap=True)
    for name, values in rows:
        table.add_row(name, *(_cell(key, values.get(key)) for key in columns))
    console().print(table)


def _cell(key: str, value: float | None) -> str:
    """Format a score."""
    if value is None:
        return ""
    if key in COUNTS:
        return f"{value:,.0f}"
    return f"{value:.3f}" if key in PER_TOKEN else f"{100 * value:.2f}"
