"""The tables of the page."""

from collections.abc import Sequence

from lowner_pl.results.comparison import Comparison
from lowner_pl.results.groups import Cells
from lowner_pl.results.recorded import Published
from lowner_pl.results.tables.layout import Layout, lay_out, points
from lowner_pl.runs.page.page import Table

MOST_RUNS = 2000
"""Runs that the page lists; a browser takes long to lay out more."""


def scores_table(comparison: Comparison) -> Table:
    """Make the table of the page, which is also that of the terminal."""
    return layout_table("Scores", lay_out(comparison))


def layout_table(heading: str, layout: Layout) -> Table:
    """Make a table of the page of one of the terminal."""
    every = [*layout.rows, *layout.totals]
    bold = {
        (row, column)
        for row, cells in enumerate(every)
        for column, cell in enumerate(cells)
        if cell.best
    }
    shown = [[cell.text for cell in cells] for cells in every]
    body, totals = shown[: len(layout.rows)], shown[len(layout.rows) :]
    return Table(heading, layout.headings, body, bold, layout.caption, totals)


def paper_table(paper: Sequence[Published]) -> Table:
    """Put the scores of a paper beside ours."""
    rows = [
        [about, *("" if score is None else f"{score:.2f}" for score in scores)]
        for about, *scores in paper
    ]
    return Table("The paper's scores", ["F1 in percent", "paper", "here"], rows)


def runs_table(comparison: Comparison, cells: Cells) -> Table:
    """List the runs with their dev and test scores."""
    metric = comparison.metric
    columns = ["test set", comparison.by, "seed", "training sentences", "epoch", "dev F1"]
    rows = [
        [
            row.name,
            system,
            str(seed),
            "" if run.train_sentences is None else f"{run.train_sentences:,}",
            "" if run.epoch is None else str(run.epoch + 1),
            "" if run.dev_f1 is None else f"{100 * run.dev_f1:.2f}",
            points(run.scores[metric.name], metric),
        ]
        for (row, system), runs in cells.items()
        for seed, run in runs.items()
    ]
    left_out = len(rows) - MOST_RUNS
    note = f"{left_out:,} more runs are left out." if left_out > 0 else ""
    return Table(
        "Runs", [*columns, f"test {metric.title}"], rows[:MOST_RUNS], note=note, folded=True
    )
