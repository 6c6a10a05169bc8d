"""Curves with bands: F1 by epoch, or by number of training sentences (Figure 3 of MANER)."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lowner_pl.runs.logs.picture_style import Caption, labels, look, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.lines import Line2D

MOST_PANELS = 12
_COLUMNS = 4
_LEGEND_LINE = 3.0  # length of a line in the legend in letters, to show its dashes
_FEW_POINTS = 12  # that get a marker each
_LINE = 0.22  # height of a line of the legend in inches


@dataclass(frozen=True)
class Curve:
    """A mean at several places, with a band; fractions.

    Args:
        name: The method.
        x: The places.
        mean: The mean at each place.
        low: Lower edge of the band at each place.
        high: Upper edge of the band at each place.
    """

    name: str
    x: Sequence[float]
    mean: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]

    def __post_init__(self) -> None:
        """Check that every place has its numbers.

        Raises:
            ValueError: If the lengths differ.
        """
        lengths = {len(self.x), len(self.mean), len(self.low), len(self.high)}
        if len(lengths) > 1:
            raise ValueError(
                f"The curve of {self.name[:80]!r} has {len(self.x)} places, but {len(self.mean)} "
                f"means and a band of {len(self.low)} and {len(self.high)}. All must be as many."
            )


def curves_picture(
    panels: Mapping[str, Sequence[Curve]],
    *,
    title: str,
    axis: str,
    caption: Caption,
    score: str = "F1",
    size: tuple[float, float] | None = None,
) -> "Figure":
    """Draw one panel per language, with a curve per method.

    Args:
        panels: The curves of each panel, by the panel's name. A method has the same colour in all.
        title: What the picture shows.
        axis: What the places are, such as ``training sentences``.
        caption: What was measured.
        score: Name of the score.
        size: Width and height in inches, if the picture has to fit somewhere.

    Raises:
        ValueError: If there are more panels than can be read.
    """
    if not 1 <= len(panels) <= MOST_PANELS:
        raise ValueError(
            f"There are {len(panels)} panels, but a picture has 1 to {MOST_PANELS}. "
            "Draw means over languages, or several pictures."
        )
    columns = min(len(panels), _COLUMNS)
    rows = math.ceil(len(panels) / columns)
    methods = list(dict.fromkeys(curve.name for curves in panels.values() for curve in curves))
    height = max(1.7 + (2.9 if len(panels) == 1 else 2.1) * rows, _LINE * (len(methods) + 3))
    figure = new_figure(size or (max(7.2, 3.2 * columns), height), title, caption)
    grid = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    lines = {}
    for axes, (name, curves) in zip(grid.flat, panels.items(), strict=False):
        (shown,), style = labels([name])
        axes.set_title(shown, fontsize="medium", loc="left", **style)
        for curve in curves:
            lines[curve.name] = _draw(axes, curve, methods.index(curve.name))
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
    for axes in grid.flat[len(panels) :]:
        axes.set_visible(False)
    for axes in grid[:, 0]:
        axes.set_ylabel(f"{score} × 100", parse_math=False)
    for column in range(columns):
        lowest = max(row for row in range(rows) if grid[row, column].get_visible())
        grid[lowest, column].set_xlabel(axis, parse_math=False)
        grid[lowest, column].tick_params(labelbottom=True)
    # Epochs and numbers of sentences are whole.
    grid[0, 0].xaxis.get_major_locator().set_params(integer=True, min_n_ticks=1)
    most = int(figure.get_figheight() / _LINE) - 2
    _add_legend(figure, {method: lines[method] for method in methods}, most)
    return figure


def _add_legend(figure: "Figure", lines: Mapping[str, "Line2D"], most: int) -> None:
    """Add a legend beside the axes, of which the last line says how many do not fit."""
    from matplotlib.lines import Line2D

    shown = dict(lines)
    if len(lines) > most:
        shown = dict([*lines.items()][: most - 1])
        shown[f"and {len(lines) - len(shown)} more"] = Line2D([], [], linestyle="none")
    names, style = labels([*shown])
    place = {"loc": "outside right upper", "frameon": False, "handlelength": _LEGEND_LINE}
    legend = figure.legend([*shown.values()], names, **place)
    for text in legend.get_texts():
        text.set(**style)


def _draw(axes: "Axes", curve: Curve, number: int) -> "Line2D":
    """Draw a curve and its band, and return the line for the legend."""
    colour, marker, dash, _ = look(number)
    few = len(curve.x) <= _FEW_POINTS
    # A deviation can reach below 0 or above 100, which no score does.
    low, high = ([min(max(100 * one, 0), 100) for one in edge] for edge in (curve.low, curve.high))
    axes.fill_between(curve.x, low, high, color=colour, alpha=0.18, linewidth=0)
    (line,) = axes.plot(
        curve.x,
        [100 * value for value in curve.mean],
        color=colour,
        linestyle=dash,
        marker=marker,
        markersize=5,
        markevery=1 if few else max(len(curve.x) // 8, 1),
    )
    return line
