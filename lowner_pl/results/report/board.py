"""The HPARAMS rows of a comparison for TensorBoard, one for each run with a test F1."""

from collections.abc import Iterator
from pathlib import Path

from lowner_pl.results.comparison import Comparison
from lowner_pl.results.groups import Cells, method_of, size_of
from lowner_pl.results.tensorboard.rows import MOST, BoardRow
from lowner_pl.results.tested.tested_run import TestedRun
from lowner_pl.runs.logs.event_files import EVENTS
from lowner_pl.runs.logs.hparams import COLUMNS, Value, read_rows


def board_rows(comparison: Comparison, cells: Cells, out: Path) -> Iterator[BoardRow]:
    """Make a row of HPARAMS for each run with a test F1.

    The options are those that the run itself wrote for TensorBoard, unless there are too many runs.

    Args:
        comparison: The comparison.
        cells: Its runs, by row, system and seed.
        out: Where the comparison is written. A run below it keeps the name of its row.
    """
    tests = {row.sha256: row.language for row in comparison.rows}
    languages = [*tests.values()]
    few = sum(map(len, cells.values())) <= MOST  # otherwise there are only rows of means
    for (row, system), runs in cells.items():
        unique = languages.count(row.language) == 1
        for seed, run in runs.items():
            if "f1" not in run.scores:
                continue
            name, options = _own_row(run.folder) if few else ("", {})
            size = size_of(run)
            yield BoardRow(
                language=row.language if unique else row.corpus,
                method=_method(comparison, system, run),
                seed=str(seed),
                size=size if isinstance(size, int) else None,
                test_f1=run.scores["f1"],
                dev_f1=run.dev_f1,
                options=options,
                group=name if out.resolve() in run.folder.resolve().parents else "",
            )


def _method(comparison: Comparison, system: str, run: TestedRun) -> str:
    """Name what a run is, beside its language, size and seed."""
    if comparison.by == "method":
        return system
    method = method_of(run)
    return method if comparison.by == "size" else f"{method} {system}"


def _own_row(run: Path) -> tuple[str, dict[str, Value]]:
    """Read the name of a run's row and its options, other than those that have columns."""
    files = [*run.glob(f"*{EVENTS}*"), *run.glob(f"[0-9]*/*{EVENTS}*")]
    for name, options in read_rows(sorted(files)).values():
        return name, {key: value for key, value in options.items() if key not in COLUMNS}
    return "", {}
