"""The files of a comparison."""

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from lowner_pl.results.comparison import Comparison
from lowner_pl.results.learning.summary import LearningCurves
from lowner_pl.results.learning.tables import write_curves
from lowner_pl.results.recorded import Published, about_runs, write_record
from lowner_pl.results.report.drawing import Drawn
from lowner_pl.results.report.writing import PAGE, PICTURES, write_report
from lowner_pl.results.tables.formats import as_csv, as_latex, as_markdown, paper_markdown
from lowner_pl.results.tables.terminal import as_text
from lowner_pl.results.tested.tested_run import TestedRun
from lowner_pl.runs.files import write_text
from lowner_pl.runs.logs.hparams import COMPARISON

NAME = "comparison"
RECORD = f"{NAME}.json"
FORMATS: dict[str, Callable[[Comparison], str]] = {
    "txt": as_text,
    "csv": as_csv,
    "md": as_markdown,
    "tex": as_latex,
}


def write_comparison(
    comparison: Comparison,
    folder: Path,
    runs: Sequence[TestedRun],
    *,
    title: str = "",
    paper: Iterable[Published] = (),
    more: Mapping[str, Drawn] | None = None,
    curves: LearningCurves | None = None,
) -> list[Path]:
    """Write a comparison in all formats, as pictures, as a page and for TensorBoard.

    The record ``comparison.json`` is small and has the runs, which can be compared again.

    Args:
        comparison: The comparison.
        folder: Where to write.
        runs: The compared runs. The record has those that count.
        title: What was compared, for the page and the record.
        paper: Scores that a paper reports, for the page and the record.
        more: Other pictures, by the names of their files.
        curves: Learning curves, for tables of their own and the page.

    Returns:
        What people open: the tables, then the page, the pictures and TensorBoard's folder.

    Raises:
        OSError: If a file can't be written.
    """
    published = [*paper]
    files = write_tables(comparison, folder, published)
    about = about_runs(runs, title, published, None if curves is None else curves.size)
    write_record(folder / RECORD, comparison, about, runs)
    files += [] if curves is None else write_curves(curves, folder)
    report = write_report(
        folder, comparison, runs, title=title, paper=published, more=more, curves=curves
    )
    return [*files, *report]


def write_tables(
    comparison: Comparison, folder: Path, paper: Sequence[Published] = ()
) -> list[Path]:
    """Write a comparison as text, CSV, Markdown and LaTeX.

    Args:
        comparison: The comparison.
        folder: Where to write.
        paper: Scores that a paper reports, for a second table in Markdown.

    Returns:
        The files.

    Raises:
        OSError: If a file can't be written.
    """
    files = {folder / f"{NAME}.{ending}": write for ending, write in FORMATS.items()}
    for file, write in files.items():
        beside = paper_markdown(paper) if paper and write is as_markdown else ""
        write_text(file, write(comparison) + beside)
    return [*files]


def where_written(folder: Path) -> str:
    """Say where a comparison was written, and how to open it.

    Args:
        folder: The folder given to `write_comparison`.
    """
    return (
        f"Written: {folder / NAME}.{{{','.join((*FORMATS, 'json'))}}} and {folder / PICTURES}\n"
        f"Open {folder / PAGE}, or run tensorboard --logdir {shlex.quote(str(folder / COMPARISON))}"
    )
