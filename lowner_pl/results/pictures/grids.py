"""Grids of scores over two options, as a heat map with numbers (Table 4 of MELM)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lowner_pl.runs.logs.picture_style import Caption, labels, new_figure

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from matplotlib.patches import Rectangle

_DARK = 0.6  # of the colour scale, from which on numbers are white


@dataclass(frozen=True)
class Grid:
    """A score for each pair of values of two options.

    Args:
        row_option: Name of the option of the rows.
        rows: Its values.
        column_option: Name of the option of the columns.
        columns: Its values.
        scores: A row of scores for each row, as fractions; ``None`` where there is none.

    Raises:
        ValueError: If a score is missing or left over.
    """

    row_option: str
    rows: Sequence[str]
    column_option: str
    columns: Sequence[str]
    scores: Sequence[Sequence[float | None]]

    def __post_init__(self) -> None:
        """Check the shape."""
        widths = [len(row) for row in self.scores]
        if widths != [len(self.columns)] * len(self.rows):
            raise ValueError(
                f"The grid of {self.row_option[:80]} and {self.column_option[:80]} has rows of "
                f"{widths} scores. It needs {len(self.rows)} rows of {len(self.columns)}."
            )


def grid_picture(grid: Grid, *, title: str, caption: Caption) -> "Figure":
    """Draw a grid: the darker, the better. The best score has a frame.

    Args:
        grid: The scores.
        title: What the picture shows.
        caption: What was measured.
    """
    known = [score for row in grid.scores for score in row if score is not None]
    least, most = min(known, default=0.0), max(known, default=1.0)
    height = 2.0 + 0.5 * len(grid.rows)
    figure = new_figure((max(6.4, 2.4 + 0.8 * len(grid.columns)), height), title, caption)
    axes = figure.subplots()
    shades = [[0.0 if one is None else _share(one, least, most) for one in r] for r in grid.scores]
    axes.imshow(shades, cmap="Blues", vmin=0.0, vmax=1.15, aspect="auto")
    for row, line in enumerate(grid.scores):
        for column, score in enumerate(line):
            best = score is not None and score == most
            axes.text(
                column,
                row,
                "–" if score is None else f"{100 * score:.1f}",
                ha="center",
                va="center",
                color="white" if shades[row][column] > _DARK else "black",
                fontweight="bold" if best else "normal",
            )
            if best:
                axes.add_patch(_frame(row, column))
    names, style = labels([*grid.rows, *grid.columns, grid.row_option, grid.column_option])
    axes.set_yticks(range(len(grid.rows)), names[: len(grid.rows)], **style)
    axes.set_xticks(range(len(grid.columns)), names[len(grid.rows) : -2], **style)
    axes.set_ylabel(names[-2], **style)
    axes.set_xlabel(names[-1], **style)
    return figure


def _share(score: float, least: float, most: float) -> float:
    """Place a score between the least and the greatest."""
    return (score - least) / (most - least) if most > least else 0.0


def _frame(row: int, column: int) -> "Rectangle":
    """Make the frame of the best score."""
    from matplotlib.patches import Rectangle

    return Rectangle(
        (column - 0.47, row - 0.47), 0.94, 0.94, fill=False, edgecolor="black", linewidth=2
    )
