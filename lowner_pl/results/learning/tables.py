"""The tables of learning curves: areas, and numbers of sentences to reach a score."""

import csv
import io
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from lowner_pl.results.comparison import TIE
from lowner_pl.results.learning.summary import LearningCurves, SystemCurve
from lowner_pl.results.tables.formats import layout_markdown, markdown, number
from lowner_pl.results.tables.layout import Cell, Layout, p_value, points
from lowner_pl.results.tables.terminal import plain_console, print_layout, printed
from lowner_pl.runs.files import write_text

NAME = "learning_curves"
NOT_REACHED = "not reached"
COLUMNS = (
    *("test_set", "system", "baseline", "metric", "curves", "area", "area_sd"),
    *("difference", "wilcoxon_p", "wilcoxon_holm", "wins", "ties", "losses"),
    *("target_size", "target", "sentences_to_reach", "words_at_last_size"),
)
OVERALL = "overall"


def print_curves(curves: LearningCurves, console: Console | None = None) -> None:
    """Print the tables of learning curves.

    Args:
        curves: The curves.
        console: Where to print; by default, the standard output.
    """
    out = console or plain_console()
    for layout in layouts(curves).values():
        print_layout(layout, out)
    for note in curves.notes:
        out.print(f"note: {note}", soft_wrap=True)


def write_curves(curves: LearningCurves, folder: Path) -> list[Path]:
    """Write the tables of learning curves as text, CSV and Markdown.

    Args:
        curves: The curves.
        folder: Where to write.

    Returns:
        The files.

    Raises:
        OSError: If a file can't be written.
    """
    texts = {
        "txt": printed(lambda console: print_curves(curves, console)),
        "csv": curves_csv(curves),
        "md": curves_markdown(curves),
    }
    for ending, text in texts.items():
        write_text(folder / f"{NAME}.{ending}", text)
    return [folder / f"{NAME}.{ending}" for ending in texts]


def layouts(curves: LearningCurves) -> dict[str, Layout]:
    """Lay out the tables by their headings: areas, and sentences to reach the target."""
    score = curves.metric.title
    return {
        f"{score} averaged over the learning curve": _areas(curves),
        f"Sentences to reach the {score} of {curves.baseline} with {curves.size:g}": _reached(
            curves
        ),
    }


def curves_markdown(curves: LearningCurves) -> str:
    """Write the tables in Markdown."""
    blocks = [
        block
        for layout in layouts(curves).values()
        for block in (layout_markdown(layout), markdown(layout.caption))
    ]
    notes = "\n".join(f"* {markdown(note)}" for note in curves.notes)
    return "\n\n".join(filter(None, (*blocks, notes))) + "\n"


def curves_csv(curves: LearningCurves) -> str:
    """Write one line per system and test set, and one per system over all test sets.

    Scores and differences are from 0 to 1. ``sentences_to_reach`` is empty if the target is not
    reached.
    """
    file = io.StringIO()
    writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for name, one in curves.systems.items():
        for test in (*one.reached, OVERALL):
            writer.writerow(_line(curves, name, one, test))
    return file.getvalue()


def _line(curves: LearningCurves, name: str, one: SystemCurve, test: str) -> dict[str, object]:
    """Write a line of the CSV file."""
    whole = test == OVERALL
    areas = [value for (where, _), value in one.areas.items() if whole or where == test]
    gains = [value for (where, _), value in one.differences.items() if whole or where == test]
    line: dict[str, object] = {
        "test_set": test,
        "system": name,
        "baseline": curves.baseline,
        "metric": curves.metric.name,
        "curves": len(areas),
        "area": number(sum(areas) / len(areas)),
        "target_size": f"{curves.size:g}",
        "target": number(curves.target_on_average if whole else curves.targets[test]),
        "sentences_to_reach": number(one.reached_on_average if whole else one.reached[test]),
    }
    if gains:
        wins, ties, losses = _counts(gains)
        line |= {"difference": number(sum(gains) / len(gains))}
        line |= {"wins": wins, "ties": ties, "losses": losses}
    if whole:
        line |= {"area_sd": number(one.sd), "wilcoxon_p": number(one.p)}
        line |= {"wilcoxon_holm": number(one.p_holm), "words_at_last_size": number(one.words)}
    return line


def _areas(curves: LearningCurves) -> Layout:
    """Lay out the areas."""
    metric, baseline = curves.metric, curves.baseline
    with_words = any(one.words is not None for one in curves.systems.values())
    headings = ["", f"{metric.title} averaged from {curves.first:g} to {curves.last:g} sentences"]
    if curves.compared:
        headings += [f"difference to {baseline}", "p", "better / equal / worse"]
    if with_words:
        headings.append(f"words in {curves.last:g} sentences")
    best = max(points(one.area, metric) for one in curves.systems.values())
    rows = []
    for name, one in curves.systems.items():
        shown = points(one.area, metric)
        spread = "" if one.sd is None else f" ± {points(one.sd, metric)}"
        cells = [Cell(name), Cell(f"{shown}{spread}", shown == best and len(curves.systems) > 1)]
        if one.difference is None:
            cells += 3 * [Cell("")] if curves.compared else []
        else:
            cells += [
                Cell(points(one.difference, metric, sign=True)),
                Cell(p_value(one.p_holm)),
                Cell(" / ".join(map(str, _counts([*one.differences.values()])))),
            ]
        if with_words:
            cells.append(Cell("" if one.words is None else f"{one.words:,.0f}"))
        rows.append(cells)
    return Layout(headings, rows, [], _areas_caption(curves))


def _areas_caption(curves: LearningCurves) -> str:
    """Say what the areas are."""
    base = curves.systems[curves.baseline]
    tests, seeds = ({*one} for one in zip(*base.areas, strict=True))
    parts = [
        "Area under the learning curve (trapezoids), divided by its width, in percent: the mean "
        f"over {_counted(len(tests), 'test set')} and {_counted(len(seeds), 'seed')}"
        + (", ± standard deviation over seeds." if base.sd is not None else ".")
    ]
    if curves.compared:
        parts.append(
            f"Differences to {curves.baseline} are paired by test set and seed; p is that of "
            "Wilcoxon's signed ranks over these pairs"
            + (
                f", corrected for {len(curves.compared)} comparisons (Holm)."
                if len(curves.compared) > 1
                else "."
            )
        )
    return " ".join(parts)


def _reached(curves: LearningCurves) -> Layout:
    """Lay out the numbers of sentences to reach the target, with a row per test set."""
    metric = curves.metric
    headings = ["test set", f"{metric.title} to reach", *curves.systems]
    rows = [
        [
            Cell(test),
            Cell(points(target, metric)),
            *(
                Cell(_sentences(one.reached[test]) if test in one.reached else "")
                for one in curves.systems.values()
            ),
        ]
        for test, target in curves.targets.items()
    ]
    totals = []
    if len(rows) > 1 and curves.has_mean:
        totals = [
            [
                Cell("mean curve"),
                Cell(points(curves.target_on_average, metric)),
                *(Cell(_sentences(one.reached_on_average)) for one in curves.systems.values()),
            ]
        ]
    caption = (
        f"Sentences to reach the {metric.title} that {curves.baseline} has with {curves.size:g}, "
        "on the mean curve over seeds, with straight lines between the sizes. "
        f"{NOT_REACHED}: not up to {curves.last:g} sentences."
    )
    return Layout(headings, rows, totals, caption)


def _sentences(count: float | None) -> str:
    """Write a number of sentences."""
    return NOT_REACHED if count is None else f"{count:.0f}"


def _counts(gains: Sequence[float]) -> tuple[int, int, int]:
    """Count differences above, at and below zero, as percent with two decimals show them."""
    wins, losses = (sum(side * gain >= TIE for gain in gains) for side in (1, -1))
    return wins, len(gains) - wins - losses, losses


def _counted(count: int, noun: str) -> str:
    """Write a number with its noun."""
    return f"{count} {noun}{'s' if count != 1 else ''}"
