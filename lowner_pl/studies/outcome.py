"""The outcome of a study: its cells compared with the baseline, beside the paper's numbers."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from statistics import fmean

from rich import box
from rich.console import Console
from rich.table import Table

from lowner_pl.results.comparing import compare_runs
from lowner_pl.results.comparison import Comparison
from lowner_pl.results.learning.curves import learning_curves
from lowner_pl.results.learning.summary import LearningCurves
from lowner_pl.results.learning.tables import print_curves
from lowner_pl.results.output import write_comparison
from lowner_pl.results.recorded import Published
from lowner_pl.results.tables.terminal import print_comparison
from lowner_pl.results.tested.tested_run import TestedRun, read_tested
from lowner_pl.studies.cells import Cell
from lowner_pl.studies.pictures import study_pictures
from lowner_pl.studies.records import TESTED, Record, Records
from lowner_pl.studies.study_file.spec import Study

Done = list[tuple[Cell, Record]]
TEST_SET = "test_set"
"""Key of a paper's row that names a test set of a cell with several."""


def compare_cells(study: Study, records: Records, cells: Iterable[Cell]) -> list[Path]:
    """Compare the cells of a study that are done, print the table and write it to files.

    Args:
        study: The study.
        records: The records of its cells.
        cells: All of its cells.

    Returns:
        The files; none if there is nothing to compare yet.
    """
    found = ((cell, *records.status(cell)) for cell in cells)
    done = [(cell, record) for cell, status, record in found if status == "done" and record]
    runs = [run for cell, record in done for run in _runs(records.root, cell, record)]
    files: list[Path] = []
    rows = paper_rows(study.paper, done)
    if runs:
        report = study.report
        try:
            comparison = compare_runs(runs, baseline=report.baseline, by=report.by or "method")
        except ValueError as error:  # the baseline may not be done yet
            print(f"note: The cells are not compared yet: {error}")
        else:
            print_comparison(comparison)
            more = study_pictures(study, done, comparison, runs)
            curves = _curves(study, comparison, runs)
            files = write_comparison(
                comparison,
                records.root,
                runs,
                title=study.title,
                paper=rows,
                more=more,
                curves=curves,
            )
    if rows:
        _print_paper(rows)
    return files


def _curves(
    study: Study, comparison: Comparison, runs: Sequence[TestedRun]
) -> LearningCurves | None:
    """Compare the learning curves of a study that asks for it, and print them."""
    if study.report.reach is None:
        return None
    try:
        curves = learning_curves(comparison, study.report.reach, runs)
    except ValueError as error:  # cells are missing
        print(f"note: The learning curves are not compared yet: {error}")
        return None
    print_curves(curves)
    return curves


def paper_rows(paper: Sequence[Mapping[str, object]], done: Done) -> list[Published]:
    """List what a row of the paper is about, its F1 and ours, both in percent.

    Ours is the mean over the cells with one of the row's values on each axis, and thus over seeds
    and everything else that the row leaves open; ``None`` if no such cell is done.
    """
    rows = []
    for row in paper:
        if not isinstance(f1 := row.get("f1"), int | float):
            continue
        wanted = {key: _names(value) for key, value in row.items() if key not in ("f1", "name")}
        test_sets = wanted.pop(TEST_SET, [])
        scores = [
            score
            for cell, record in done
            if all(cell.values.get(axis) in names for axis, names in wanted.items())
            for name, score in record.scores.items()
            if name in test_sets or not test_sets
        ]
        shown = ", ".join(name for names in (*wanted.values(), test_sets) for name in names)
        ours = 100 * fmean(scores) if scores else None
        rows.append((str(row.get("name", shown)), float(f1), ours))
    return rows


def _names(value: object) -> list[str]:
    """List the values of an axis in a row of the paper, which may name one or several."""
    return [str(item) for item in (value if isinstance(value, list) else [value])]


def _runs(root: Path, cell: Cell, record: Record) -> list[TestedRun]:
    """Read the tested runs of a cell, under the name that the cell has in comparisons."""
    runs: list[TestedRun] = []
    for folder in (*record.earlier, record.folder):
        try:
            runs += read_tested(root / folder / TESTED)
        except (OSError, ValueError) as error:
            print(f"warning: {error}")
    for problem in filter(None, dict.fromkeys(run.options.problem for run in runs)):
        print(f"warning: {problem}")
    return [replace(run, method=cell.label) for run in runs]


def _print_paper(rows: Sequence[Published]) -> None:
    """Print the paper's numbers beside ours."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("F1 in percent", no_wrap=True, overflow="ellipsis")
    for heading in ("paper", "here"):
        table.add_column(heading, justify="right")
    for shown, f1, ours in rows:
        table.add_row(shown, f"{f1:.2f}", "" if ours is None else f"{ours:.2f}")
    Console(markup=False, emoji=False, highlight=False).print(table)
