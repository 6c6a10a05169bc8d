"""Write the pictures, the page and TensorBoard's folder of a comparison."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from lowner_pl.results.comparison import Comparison
from lowner_pl.results.groups import group_runs
from lowner_pl.results.learning.summary import LearningCurves
from lowner_pl.results.learning.tables import layouts
from lowner_pl.results.pictures.curves import Curve
from lowner_pl.results.recorded import Published
from lowner_pl.results.report.board import board_rows
from lowner_pl.results.report.drawing import NAMES, Drawn, draw, draw_answer, draw_epochs
from lowner_pl.results.report.epochs import epoch_curves
from lowner_pl.results.report.facts import names_of
from lowner_pl.results.report.page_parts import layout_table, paper_table, runs_table, scores_table
from lowner_pl.results.report.sizes import size_curves
from lowner_pl.results.tables.formats import DOLLAR, as_markdown
from lowner_pl.results.tables.sentences import answers
from lowner_pl.results.tensorboard.board import ANSWER, write_board
from lowner_pl.results.tested.tested_run import TestedRun
from lowner_pl.runs.files import Partial, write_text
from lowner_pl.runs.logs.hparams import COMPARISON
from lowner_pl.runs.logs.picture_style import png
from lowner_pl.runs.page.page import Picture, page

PAGE = "comparison.html"
PICTURES = "pictures"
POINTS = 20  # of a mean that is drawn as a horizontal line


def write_report(
    out: Path,
    comparison: Comparison,
    runs: Sequence[TestedRun],
    *,
    title: str = "",
    paper: Sequence[Published] = (),
    more: Mapping[str, Drawn] | None = None,
    curves: LearningCurves | None = None,
) -> list[Path]:
    """Write ``pictures/``, ``comparison.html`` and TensorBoard's ``comparison/``.

    Scores that are no shares, such as the perplexity of a language model, have no pictures.

    Args:
        out: Where to write.
        comparison: The comparison.
        runs: Its runs.
        title: What was compared.
        paper: Scores that a paper reports.
        more: Other pictures, by the names of their files.
        curves: Learning curves, of which the page has the tables.

    Returns:
        What people open: the page, and the folders of the pictures and for TensorBoard.

    Raises:
        OSError: If a file can't be written.
    """
    cells = group_runs(
        [run for run in runs if comparison.metric.in_scores(run.scores)], by=comparison.by
    ).cells
    findings = dict(zip(_answered(comparison), answers(comparison), strict=True))
    shares = comparison.metric.in_percent
    epochs = epoch_curves(cells, comparison.metric.name) if shares else []
    epochs.sort(key=lambda curve: comparison.systems.index(curve.name))
    drawn = draw(comparison, cells, findings, epochs) if shares else {}
    drawn |= more or {}
    files = {name: png(one.figure) for name, one in drawn.items()}
    _write_pictures(out / PICTURES, files)
    shown = [Picture(one.heading, files[name], str(one.caption)) for name, one in drawn.items()]
    text = page(
        title or f"Test {comparison.metric.title} by {comparison.by}",
        [*findings.values()],
        [
            *(layout_table(*one) for one in (layouts(curves).items() if curves else ())),
            scores_table(comparison),
            *([paper_table(paper)] if paper else []),
            *shown,
            runs_table(comparison, cells),
        ],
        comparison.notes,
        names=names_of(comparison),
    )
    write_text(out / PAGE, text)
    pictures = {f"pictures/{name}": file for name, file in files.items()}
    if shares and findings:
        pictures[f"{ANSWER}/1 differences"] = png(draw_answer(comparison, cells, findings))
    if epochs:
        card = draw_epochs(comparison, cells, epochs, in_card=True)
        pictures[f"{ANSWER}/2 epochs"] = png(card.figure)
    write_board(
        out,
        [*board_rows(comparison, cells, out)],
        curves=_scalars(comparison, epochs),
        pictures=pictures,
        texts={ANSWER: _markdown(comparison)},
    )
    return [out / PAGE, out / PICTURES, out / COMPARISON]


def _scalars(comparison: Comparison, epochs: Sequence[Curve]) -> dict[str, Sequence[Curve]]:
    """Collect the curves for TensorBoard by their tags, also means as horizontal lines."""
    name = comparison.metric.name
    means = []
    for system in comparison.systems:
        if (overall := comparison.overall.get(system)) and overall.scores:
            mean, sd = overall.scores.mean, overall.scores.sd or 0.0
            edges = ([value] * POINTS for value in (mean, mean - sd, mean + sd))
            means.append(Curve(system, range(POINTS), *edges))
    sizes = {f"sizes/{panel}": curves for panel, curves in size_curves(comparison).items()}
    # The runs themselves have dev/… by step, which is another axis.
    return {f"epochs/dev_{name}": epochs, f"means/test_{name}": means, **sizes}


def _markdown(comparison: Comparison) -> str:
    """Write the table for TensorBoard, which has no formulas and shows no other HTML."""
    return as_markdown(comparison).replace(DOLLAR, "$")


def _write_pictures(folder: Path, files: Mapping[str, bytes]) -> None:
    """Write the PNG files, and remove those of an earlier comparison."""
    for earlier in folder.glob("*.png"):
        if earlier.stem.startswith(NAMES) and earlier.stem not in files:
            earlier.unlink(missing_ok=True)
    for name, content in files.items():
        with Partial(folder / f"{name}.png") as partial:
            partial.path.write_bytes(content)


def _answered(comparison: Comparison) -> list[str]:
    """List the systems about which `answers` has a sentence."""
    return [
        system
        for system in comparison.compared
        if (overall := comparison.overall.get(system)) and overall.difference
    ]
