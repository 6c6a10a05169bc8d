"""Means as bars and every value as a dot: ablations, and languages seen or not by the backbone."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from lowner_pl.runs.logs.picture_style import (
    Caption,
    counted,
    labels,
    look,
    new_figure,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure


_ABOVE: dict[str, Any] = {"xycoords": "axes fraction", "textcoords": "offset points"}


@dataclass(frozen=True)
class Bar:
    """The scores behind a bar, as fractions.

    Args:
        name: The method.
        values: The scores, of one seed or one language each.

    Raises:
        ValueError: If there are none.
    """

    name: str
    values: Sequence[float]

    def __post_init__(self) -> None:
        """Check that there is something to draw."""
        if not self.values:
            raise ValueError(f"The bar {self.name[:80]!r} has no scores. Leave it out.")


def bars_picture(
    groups: Mapping[str, Sequence[Bar]],
    *,
    title: str,
    caption: Caption,
    dot: str = "seed",
    score: str = "F1",
) -> "Figure":
    """Draw a bar for each mean, and its values as dots. The means stand in a row above.

    Args:
        groups: The bars of each group, such as ``seen`` and ``unseen``, or ``""`` for one group
            only. A method has the same colour in all groups.
        title: What the picture shows.
        caption: What was measured.
        dot: What a dot is.
        score: Name of the score.
    """
    methods = list(dict.fromkeys(bar.name for bars in groups.values() for bar in bars))
    number = sum(len(bars) for bars in groups.values())
    figure = new_figure((max(6.4, 2.0 + 0.9 * number), 4.6), title, caption)
    every = figure.subplots(
        1, len(groups), sharey=True, squeeze=False, width_ratios=[len(b) for b in groups.values()]
    )[0]
    for axes, (name, bars) in zip(every, groups.items(), strict=True):
        for place, bar in enumerate(bars):
            _draw(axes, place, bar, methods.index(bar.name))
        _write_means(axes, bars)
        names, style = labels([bar.name for bar in bars])
        slanted = {"rotation": 30, "ha": "right"} if max(map(len, names)) > 10 else {}
        axes.set_xticks(range(len(bars)), names, **style, **slanted)
        (shown,), style = labels([name])
        dots = {len(bar.values) for bar in bars}
        if name and len(dots) == 1:
            shown = f"{shown} ({counted(dots.pop(), dot)})"
        axes.set_title(shown, fontsize="medium", loc="left", **style)
        axes.set_xlim(-0.6, len(bars) - 0.4)
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    every[0].annotate("mean", (0, 1), xytext=(-4, 4), ha="right", **_ABOVE)
    every[0].set_ylabel(f"{score} × 100", parse_math=False)
    every[0].set_ylim(bottom=0)
    return figure


def _draw(axes: "Axes", place: int, bar: Bar, number: int) -> None:
    """Draw a bar and its dots."""
    values = [100 * value for value in bar.values]
    colour, _, _, hatch = look(number)
    axes.bar(
        place,
        statistics.fmean(values),
        0.7,
        color=f"{colour}66",
        edgecolor=colour,
        hatch=hatch,
        linewidth=1.2,
    )
    step = min(0.08, 0.5 / len(values))
    spread = [place + step * (number - (len(values) - 1) / 2) for number in range(len(values))]
    axes.plot(spread, values, "o", color="black", markersize=4, zorder=3)


def _write_means(axes: "Axes", bars: Sequence[Bar]) -> None:
    """Write the means in a row above the axes, where none can be taken for that of a dot."""
    means = [f"{100 * statistics.fmean(bar.values):.1f}" for bar in bars]
    top = axes.secondary_xaxis("top")
    top.set_xticks(range(len(bars)), means, fontweight="bold")
    top.tick_params(length=0)
    top.spines["top"].set_visible(False)
