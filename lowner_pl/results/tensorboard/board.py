"""The folder ``comparison/`` that TensorBoard reads: rows, means with bands, pictures, text."""

import contextlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lowner_pl.callbacks.tensorboard.hparams import (
    COMPARISON,
    add_test_f1,
    session_end,
    session_start,
    update_comparison,
)
from lowner_pl.results.pictures.curves import Curve
from lowner_pl.results.tensorboard.rows import MOST, BoardRow, named
from lowner_pl.runs.files import lock_beside
from lowner_pl.runs.logs.event_files import EVENTS, add_summaries, new_event_file

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

KIND = "compare"
ANSWER = "answer"
MEANS = "mean"
BANDS = {"low": " (low)", "high": " (high)"}


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
        curves: The curves of each tag, one per method. The mean and the edges of its band become
            runs of TensorBoard.
        pictures: PNG files by tag.
        texts: Markdown by tag.
    """
    folder = out / COMPARISON
    with lock_beside(folder, wait=True):
        earlier = {*folder.rglob(f"*{EVENTS}*.{KIND}")}
        with new_event_file(folder / ANSWER, KIND, restart=True) as writer:
            for tag, png in pictures.items():
                add_summaries(writer, [_image(tag, png)])
            for tag, text in texts.items():
                writer.add_text(tag, text, 0)
        methods = {curve.name for every in curves.values() for curve in every}
        others = 2 + len(methods) * (1 + len(BANDS))  # the answer, the columns, the means
        for name, columns in named(rows, most=max(MOST - others, 1)).items():
            with new_event_file(_below(folder, name), KIND, restart=True) as writer:
                start = session_start(columns.columns(), columns.group)
                add_summaries(writer, [start, session_end()])
                add_test_f1(writer, columns.test_f1)
        _write_curves(folder / MEANS, curves)
        _remove(earlier, folder)
    update_comparison(out)


def _write_curves(folder: Path, curves: Mapping[str, Sequence[Curve]]) -> None:
    """Write a run for the mean of each method, and one for each edge of its band."""
    methods = dict.fromkeys(curve.name for every in curves.values() for curve in every)
    for method in methods:
        for part, suffix in {"mean": "", **BANDS}.items():
            with new_event_file(_below(folder, method + suffix), KIND, restart=True) as writer:
                for tag, every in curves.items():
                    for curve in every:
                        if curve.name == method:
                            _add_scalars(writer, tag, curve.x, getattr(curve, part))


def _add_scalars(
    writer: "SummaryWriter", tag: str, places: Sequence[float], values: Sequence[float]
) -> None:
    """Write a curve."""
    for place, value in zip(places, values, strict=True):
        writer.add_scalar(tag, value, int(place))


def _image(tag: str, png: bytes) -> Any:
    """Wrap a PNG file in a summary. The file begins with its width and height, at byte 16."""
    from tensorboard.compat.proto.summary_pb2 import Summary

    width, height = (int.from_bytes(png[at : at + 4], "big") for at in (16, 20))
    image = Summary.Image(width=width, height=height, colorspace=4, encoded_image_string=png)
    return Summary(value=[Summary.Value(tag=tag, image=image)])


def _below(folder: Path, name: str) -> Path:
    """Join a folder and a name, in which ``..`` and empty parts stay below the folder."""
    return folder.joinpath(*(part if part.strip(".") else f"_{part}" for part in name.split("/")))


def _remove(files: set[Path], folder: Path) -> None:
    """Remove event files that were not replaced, and the folders that this leaves empty."""
    for file in files:
        file.unlink(missing_ok=True)
        for parent in file.parents:
            if parent == folder:
                break
            with contextlib.suppress(OSError):  # not empty
                parent.rmdir()
