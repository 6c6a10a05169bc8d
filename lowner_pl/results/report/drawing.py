"""The pictures of a comparison."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lowner_pl.results.comparison import Comparison, Difference
from lowner_pl.results.groups import Cells
from lowner_pl.results.pictures import differences as drawn
from lowner_pl.results.pictures.bars import Bar, bars_picture
from lowner_pl.results.pictures.curves import Curve, curves_picture
from lowner_pl.results.report.facts import caption_of, names_of
from lowner_pl.results.report.sizes import size_curves
from lowner_pl.runs.logs.picture_style import Caption

if TYPE_CHECKING:
    from matplotlib.figure import Figure

NAMES = ("differences", "means", "sizes", "epochs", "grid", "kinds")
"""What the names of files begin with."""
CARD = (5.4, 3.2)
"""Width and height in inches of a picture that fills a card of TensorBoard."""
FEW = 10  # bars in a card


@dataclass(frozen=True)
class Drawn:
    """A picture.

    Attributes:
        heading: What it shows.
        figure: The picture.
        caption: What was measured.
    """

    heading: str
    figure: "Figure"
    caption: Caption


def draw(
    comparison: Comparison,
    cells: Cells,
    answers: Mapping[str, str],
    epochs: Sequence[Curve],
) -> dict[str, Drawn]:
    """Draw the pictures of a comparison, by the names of their files.

    Args:
        comparison: The comparison; its score must be a share.
        cells: Its runs, by row, system and seed.
        answers: The finding about each system other than the baseline.
        epochs: The dev scores by epoch.
    """
    pictures: dict[str, Drawn] = {}
    for system, answer in answers.items():
        caption = _caption(
            comparison, cells, f"Bars: difference of means over seeds. {_lines(comparison)}"
        )
        figure = _differences(comparison, system, answer, caption)
        heading = f"Difference of {system} to {comparison.baseline}"
        pictures[_file_name(system, pictures)] = Drawn(heading, figure, caption)
    if means := _means(comparison):
        caption = _caption(comparison, cells, "Bars: mean over test sets; dots: one seed each.")
        title = f"Test {comparison.metric.title} by {comparison.by}"
        figure = bars_picture(
            {"": means}, title=title, caption=caption, score=comparison.metric.title
        )
        pictures["means"] = Drawn(title, figure, caption)
    if sizes := size_curves(comparison):
        caption = _caption(comparison, cells, _band(comparison))
        title = f"Test {comparison.metric.title} by number of training sentences"
        figure = curves_picture(
            sizes,
            title=title,
            axis="training sentences",
            caption=caption,
            score=comparison.metric.title,
        )
        pictures["sizes"] = Drawn(title, figure, caption)
    if epochs:
        pictures["epochs"] = draw_epochs(comparison, cells, epochs)
    return pictures


def draw_epochs(
    comparison: Comparison, cells: Cells, epochs: Sequence[Curve], *, in_card: bool = False
) -> Drawn:
    """Draw the dev scores by epoch.

    Args:
        comparison: The comparison.
        cells: Its runs.
        epochs: The curves.
        in_card: Whether the picture is for a card of TensorBoard.
    """
    caption = _caption(comparison, cells, f"Lines: mean over test sets. {_band(comparison)}")
    title = f"Dev {comparison.metric.title} by epoch"
    figure = curves_picture(
        {"": epochs},
        title=title,
        axis="epoch",
        caption=caption,
        score=comparison.metric.title,
        size=CARD if in_card else None,
    )
    return Drawn(title, figure, caption)


def draw_answer(comparison: Comparison, cells: Cells, answers: Mapping[str, str]) -> "Figure":
    """Draw the finding for a card of TensorBoard.

    With one system beside the baseline, it shows the difference on each row, if they are few; else
    the overall difference of each system.

    Args:
        comparison: The comparison.
        cells: Its runs.
        answers: The finding about each system other than the baseline.
    """
    caption = _caption(comparison, cells, _lines(comparison))
    if len(answers) == 1 and len(comparison.rows) <= FEW:
        ((system, answer),) = answers.items()
        return _differences(comparison, system, answer, caption, size=CARD)
    bars = [
        _bar(system, one.difference)
        for system in answers
        if (one := comparison.overall.get(system)) and one.difference
    ]
    bars = sorted(bars, key=lambda bar: -bar.mean)[:FEW]
    best = max(bars, key=lambda bar: bar.mean, default=None)
    return drawn.differences_picture(
        bars,
        title=answers[best.name] if best else "",
        axis=f"test {comparison.metric.title}, mean difference to {comparison.baseline}",
        caption=caption,
        size=CARD,
        names=names_of(comparison),
    )


def _differences(
    comparison: Comparison,
    system: str,
    answer: str,
    caption: Caption,
    size: tuple[float, float] | None = None,
) -> "Figure":
    """Draw the differences of a system to the baseline on all rows."""
    overall = comparison.overall[system]
    bars = [
        _bar(row.name, one)
        for (row, which), one in comparison.differences.items()
        if which == system
    ]
    mean = None
    if overall.difference and len(bars) > 1:
        mean = _bar(f"mean of {len(bars)}", overall.difference)
    return drawn.differences_picture(
        bars,
        title=answer,
        axis=f"test {comparison.metric.title}, {system} − {comparison.baseline}",
        caption=caption,
        overall=mean,
        size=size,
        names=names_of(comparison),
    )


def _file_name(system: str, taken: Mapping[str, Drawn]) -> str:
    """Make a name for the file of a system's differences."""
    plain = re.sub(r"[^\w.=-]+", "_", system)
    name = f"differences_{plain[:60]}"
    return name if name not in taken else f"{name}_{len(taken)}"


def _bar(name: str, difference: Difference) -> drawn.Difference:
    """Make the bar of a difference."""
    return drawn.Difference(name, difference.value, difference.low, difference.high)


def _means(comparison: Comparison) -> list[Bar]:
    """Make the bars of all systems with a score for every seed."""
    return [
        Bar(system, [*one.scores.by_seed.values()])
        for system in comparison.systems
        if (one := comparison.overall.get(system)) and one.scores
    ]


def _lines(comparison: Comparison) -> str:
    """Say what the lines on bars are."""
    if all(one.low is None for one in comparison.differences.values()):
        return "No intervals were computed."
    return "Lines: 95 % interval from resampled test sentences; hatched: it contains 0."


def _band(comparison: Comparison) -> str:
    """Say what the band of a curve is."""
    if all(scores.seeds == 1 for scores in comparison.scores.values()):
        return "One seed, so no band."
    return "Band: ± 1 standard deviation over seeds."


def _caption(comparison: Comparison, cells: Cells, band: str) -> Caption:
    """Collect what was measured."""
    runs = [run for by_seed in cells.values() for run in by_seed.values()]
    return caption_of(comparison, runs, band)
