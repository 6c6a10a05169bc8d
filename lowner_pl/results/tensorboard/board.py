"""The folder ``comparison/`` that TensorBoard reads: rows, means with bands, pictures, text."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path

from lowner_pl.results.pictures.curves import Curve
from lowner_pl.results.tensorboard.rows import MOST, BoardRow, name_part, named
from lowner_pl.runs.files import lock_beside
from lowner_pl.runs.logs.event_files import EVENTS, add_summaries, new_event_file
from lowner_pl.runs.logs.event_writer import EventWriter
from lowner_pl.runs.logs.hparams import (
    COMPARISON,
    add_test_f1,
    session_end,
    session_start,
    update_comparison,
)

KIND = "compare"
ANSWER = "answer"
MEANS = "mean"
PARTS = {"mean": "", "low": " low", "high": " high"}
"""Parts of a curve, and what is appended to its tag."""


def write_board(
    out: Path,
    rows: Sequence[BoardRow],
    *,
    curves: Mapping[str, Sequence[Curve]],
    pictures: Mapping[str, bytes],
    texts: Mapping[str, str],
) -> None:
    """Write the folder, and remove the runs of an earlier comparison.

    Args:
        out: The folder in which ``comparison/`` is written. It may be the folder of the runs.
        rows: The tested runs.
        curves: The curves of each tag, one per method. Means are under the tag, and the edges of
            their bands under the tag with ``low`` and ``high``, so that a chart has a line per
            method.
        pictures: PNG files by tag.
        texts: Markdown by tag.
    """
    folder = out / COMPARISON
    with lock_beside(folder, wait=True):
        earlier = {*folder.rglob(f"*{EVENTS}*.{KIND}")}
        with new_event_file(folder / ANSWER, KIND, restart=True) as writer:
            for tag, png in pictures.items():
                writer.add_png(tag, png)
            for tag, text in texts.items():
                writer.add_text(tag, text)
        methods = {curve.name for every in curves.values() for curve in every}
        others = 2 + len(methods)  # the answer, the columns, the means
        for name, columns in named(rows, most=max(MOST - others, 1)).items():
            with new_event_file(folder / name, KIND, restart=True) as writer:
                start = session_start(columns.columns(), columns.group)
                add_summaries(writer, [start, session_end()])
                add_test_f1(writer, columns.test_f1)
        _write_curves(folder / MEANS, curves)
        _remove(earlier, folder)
    update_comparison(out)


def _write_curves(folder: Path, curves: Mapping[str, Sequence[Curve]]) -> None:
    """Write a run for each method, with its means and the edges of their bands."""
    methods = dict.fromkeys(curve.name for every in curves.values() for curve in every)
    for method in methods:
        with new_event_file(folder / name_part(method), KIND, restart=True) as writer:
            for tag, every in curves.items():
                for curve in every:
                    if curve.name == method:
                        for part, suffix in PARTS.items():
                            _add_scalars(writer, tag + suffix, curve.x, getattr(curve, part))


def _add_scalars(
    writer: EventWriter, tag: str, places: Sequence[float], values: Sequence[float]
) -> None:
    """Write a curve."""
    for place, value in zip(places, values, strict=True):
        writer.add_scalar(tag, value, int(place))


def _remove(files: set[Path], folder: Path) -> None:
    """Remove event files that were not replaced, and the folders that this leaves empty."""
    for file in files:
        file.unlink(missing_ok=True)
        for parent in file.parents:
            if parent == folder:
                break
            with contextlib.suppress(OSError):  # not empty
                parent.rmdir()
