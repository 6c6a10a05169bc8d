"""Differences per language as bars, sorted by size (Figures 2 and 4 of MANER's workshop paper)."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from rich.cells import cell_len

from lowner_pl.runs.logs.picture_style import (
    COLOURS,
    GREY,
    Caption,
    labels,
    new_figure,
    points,
    wrapped,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MOST_ROWS = 36  # in a panel
_LETTERS = 12.0  # of a label per inch
_MARGINS = 1.0  # inches beside the names and the bars
_NARROWEST = 16  # letters of a line below the axis
LEAST = 1.0  # points to both sides that the axis shows


@dataclass(frozen=True)
class Difference:
    """The difference of two methods on a language, as fractions.

    Args:
        name: The language.
        mean: The difference, positive where the method is better than the baseline.
        low: Lower end of its interval, if there is one.
        high: Upper end of its interval.
    """

    name: str
    mean: float
    low: float | None = None
    high: float | None = None

    @property
    def may_be_zero(self) -> bool:
        """Whether it has an interval that contains zero."""
        return self.low is not None and self.high is not None and self.low <= 0 <= self.high


def differences_picture(
    differences: Sequence[Difference],
    *,
    title: str,
    axis: str,
    caption: Caption,
    overall: Difference | None = None,
    size: tuple[float, float] | None = None,
    names: Sequence[str] = (),
) -> "Figure":
    """Draw one bar per language, the largest difference on top.

    A hatched bar has an interval that contains zero.

    Args:
        differences: The bars.
        title: The finding, as a sentence.
        axis: What the numbers are, such as ``test F1, MANER − SNER``.
        caption: What was measured.
        overall: The mean over the languages, drawn as a diamond above the bars.
        size: Width and height in inches, if the picture has to fit somewhere.
        names: Names of methods in the title and the axis.
    """
    ranked = sorted(differences, key=lambda one: (-one.mean, one.name))
    panels = max(math.ceil(len(ranked) / MOST_ROWS), 1)
    rows = math.ceil(len(ranked) / panels)
    width = size[0] if size else max(7.2, 4.6 * panels)
    widest = max((cell_len(labels([one.name])[0][0]) for one in ranked), default=0)
    room = width / panels - _MARGINS - widest / _LETTERS
    below, style = wrapped(f"{axis}, points", max(_LETTERS * room, _NARROWEST), names)
    lines = below.count("\n")
    height = 1.6 + 0.24 * (rows + (overall is not None)) + 0.17 * lines
    figure = new_figure(size or (width, height), title, caption, names)
    every = figure.subplots(1, panels, sharex=True, squeeze=False)[0]
    for number, axes in enumerate(every):
        shown = ranked[number * rows : (number + 1) * rows]
        first = overall if number == 0 else None
        _draw(axes, shown, first, rows + (overall is not None))
    if max((abs(end) for end in every[0].get_xlim()), default=0.0) < LEAST:  # e.g. all are zero
        every[0].set_xlim(-LEAST, LEAST)
    every[0].set_xlabel(below, loc="left", **style)
    return figure


def _draw(
    axes: "Axes", differences: Sequence[Difference], overall: Difference | None, rows: int
) -> None:
    """Draw one panel."""
    every = [*([overall] if overall else []), *differences]
    first = len(every) - len(differences)
    places = range(first, len(every))
    colours = [COLOURS[0] if one.mean >= 0 else COLOURS[1] for one in differences]
    axes.barh(
        places,
        [100 * one.mean for one in differences],
        0.72,
        color=["white" if o.may_be_zero else c for c, o in zip(colours, differences, strict=True)],
        edgecolor=colours,
        hatch=["////" if one.may_be_zero else "" for one in differences],
    )
    if overall:
        axes.plot(100 * overall.mean, 0, marker="D", markersize=7, color="black", zorder=3)
        axes.axhline(0.5, color=GREY, linewidth=0.6)
    known = [
        (row, 100 * one.low, 100 * one.high)
        for row, one in enumerate(every)
        if one.low is not None and one.high is not None
    ]
    if known:
        rows_known, lows, highs = zip(*known, strict=True)
        axes.hlines(rows_known, lows, highs, color="#222222", linewidth=1.4, zorder=2.5)
    for row, one in enumerate(every):
        place = (1.01, row)
        axes.text(*place, points(one.mean), va="center", transform=axes.get_yaxis_transform())
    names, style = labels([one.name for one in every])
    axes.set_yticks(range(len(every)), names, **style)
    axes.set_ylim(rows - 0.4, -0.6)
    axes.axvline(0, color="black", linewidth=0.8)
    axes.grid(axis="x", color="#dddddd", linewidth=0.6)
    axes.set_axisbelow(True)
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
