"""A picture of how far the confidences of predicted entities can be trusted."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from lowner_pl.runs.logs.picture_style import COLOURS, DASHES, GREY, MARKERS, Caption, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SIZE = (9.0, 4.6)
_LEAST, _MOST = 25.0, 250.0  # areas of dots in square points


def reliability_picture(
    bins: Sequence[Mapping[str, Any]],
    thresholds: Sequence[Mapping[str, Any]],
    *,
    title: str,
    caption: Caption,
) -> "Figure":
    """Draw a reliability diagram, and beside it precision and recall by the threshold.

    Args:
        bins: Bounds, entities, mean confidence and precision of each bin.
        thresholds: Least confidence, and the precision and recall of the entities that reach it.
        title: What the picture shows.
        caption: What was measured.
    """
    figure = new_figure(SIZE, title, caption)
    left, right = figure.subplots(1, 2)
    _draw_bins(left, [one for one in bins if one["entities"]])
    least = [one["min_confidence"] for one in thresholds]
    for number, score in enumerate(("precision", "recall")):
        look = {"color": COLOURS[number], "marker": MARKERS[number], "linestyle": DASHES[number]}
        right.plot(least, [100 * one[score] for one in thresholds], label=score, **look)
    right.set_xlabel("least confidence kept (%)")
    right.set_xticks([0.0, 0.2, 0.4, 0.6, 0.8, 1.0], ["0", "20", "40", "60", "80", "100"])
    right.set_ylabel("%")
    right.legend(frameon=False, loc="lower left")
    for axes in (left, right):
        axes.set_ylim(-3, 103)
        axes.grid(color="#dddddd", linewidth=0.6)
        axes.set_axisbelow(True)
        axes.spines[["top", "right"]].set_visible(False)
    return figure


def _draw_bins(axes: "Axes", bins: Sequence[Mapping[str, Any]]) -> None:
    """Draw a dot for each bin, as large as its share of the entities, and the diagonal."""
    axes.plot([0, 100], [0, 100], color=GREY, linestyle="--", linewidth=1, zorder=1)
    axes.text(101, 1, "dashed: as sure as right", color=GREY, fontsize="small", ha="right")
    sure = [100 * one["confidence"] for one in bins]
    right = [100 * one["precision"] for one in bins]
    most = max((one["entities"] for one in bins), default=1)
    areas = [max(_LEAST, _MOST * one["entities"] / most) for one in bins]
    axes.plot(sure, right, color=COLOURS[0], linewidth=1, zorder=2)
    axes.scatter(sure, right, s=areas, color=COLOURS[0], edgecolors="white", zorder=3)
    axes.set_xlim(-3, 103)
    axes.set_xlabel("mean confidence of the entities in a bin (%)")
    axes.set_ylabel("of which right (%)")
