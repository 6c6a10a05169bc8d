"""Pictures that a study file asks for: a grid over two axes, and kinds of languages."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence

from lowner_pl.results.comparison import Comparison
from lowner_pl.results.options import Value
from lowner_pl.results.pictures.bars import bars_picture
from lowner_pl.results.pictures.grids import grid_picture
from lowner_pl.results.report.drawing import Drawn
from lowner_pl.results.report.factors import kind_bars, mean_grid
from lowner_pl.results.report.facts import caption_of
from lowner_pl.results.tested.tested_run import TestedRun
from lowner_pl.studies.cells import Cell
from lowner_pl.studies.records import Record
from lowner_pl.studies.study_file.spec import Study


def study_pictures(
    study: Study,
    done: Iterable[tuple[Cell, Record]],
    comparison: Comparison,
    runs: Sequence[TestedRun],
) -> dict[str, Drawn]:
    """Draw the grid and the kinds of languages of a study, by the names of their files.

    A picture for which there are not enough cells yet is left out, and a note says so.

    Args:
        study: The study.
        done: The cells that are done.
        comparison: Their comparison.
        runs: Their runs.
    """
    asked: dict[str, Callable[[], Drawn]] = {}
    if study.report.grid is not None:
        rows, columns = study.report.grid
        asked["grid"] = lambda: _grid(study, rows, columns, done, comparison, runs)
    if study.report.kinds:
        asked["kinds"] = lambda: _kinds(study, comparison, runs)
    drawn = {}
    for name, draw in asked.items():
        try:
            drawn[name] = draw()
        except ValueError as error:  # cells are missing
            print(f"note: The picture `{name}` is not drawn yet: {error}")
    return drawn


def _grid(
    study: Study,
    rows: str,
    columns: str,
    done: Iterable[tuple[Cell, Record]],
    comparison: Comparison,
    runs: Sequence[TestedRun],
) -> Drawn:
    """Draw the mean F1 of each pair of values of two axes."""
    cells: dict[tuple[Value, Value], dict[str, list[float]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for cell, record in done:
        for test_set, f1 in record.scores.items():
            cells[cell.values[rows], cell.values[columns]][test_set].append(f1)
    caption = caption_of(
        comparison, runs, "Numbers: mean test F1 in percent over seeds and test sets."
    )
    grid = mean_grid(cells, rows, columns)
    title = f"{study.title}: F1 by {rows} and {columns}"
    return Drawn(title, grid_picture(grid, title=title, caption=caption), caption)


def _kinds(study: Study, comparison: Comparison, runs: Sequence[TestedRun]) -> Drawn:
    """Draw the scores of each kind of language."""
    caption = caption_of(comparison, runs, "Bars: mean over languages; dots: one language each.")
    title = f"{study.title}: {comparison.metric.title} by kind of language"
    groups = kind_bars(comparison, study.report.kinds)
    figure = bars_picture(groups, title=title, caption=caption, dot="language")
    return Drawn(title, figure, caption)
