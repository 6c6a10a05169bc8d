"""TensorBoard event files on disk: find, read, replace, hide and repair them."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lowner_pl.runs.logs.event_writer import EventWriter

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

EVENTS = "tfevents"  # TensorBoard reads every file with this in its name
HIDDEN = "superseded"  # replaces `EVENTS` in file names of runs to hide


def event_files(folder: Path, *, kind: str = "") -> list[Path]:
    """List the event files of a folder, oldest first.

    Args:
        folder: The folder.
        kind: The command that wrote them; empty for ``fit``.
    """
    files = sorted(folder.glob(f"*{EVENTS}*")) if folder.is_dir() else []
    return [file for file in files if file.suffix == f".{kind}" or (not kind and _is_of_fit(file))]


def _is_of_fit(file: Path) -> bool:
    """Tell whether ``fit`` wrote a file: its name ends in a number, not in another command."""
    return file.suffix[1:].isdigit()


def read_events(file: Path, containing: bytes = b"") -> Iterator[Any]:
    """Read an event file, up to a record that a killed process left incomplete.

    Args:
        file: The file.
        containing: Read only events that contain these bytes. This is faster for long files with
            few events of interest.
    """
    from tensorboard.compat.proto.event_pb2 import Event

    for _, record in _records(file.read_bytes()):
        if containing in record:
            yield Event.FromString(record)


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield each complete record of an event file and its position.

    A record is its length (8 bytes), a checksum (4 bytes), the content and a checksum (4 bytes).
    """
    begin = 0
    while begin + 12 <= len(data):
        begin, end = begin + 12, begin + 12 + int.from_bytes(data[begin : begin + 8], "little")
        if end + 4 > len(data):
            return
        yield begin, data[begin:end]
        begin = end + 4


def rename_tag(file: Path, old: str, new: str) -> None:
    """Rename a tag in an event file, in place, since another process may still append to it.

    Args:
        file: The file.
        old: The tag.
        new: A tag of the same length.
    """
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    data = file.read_bytes()
    if old.encode() not in data:
        return
    with file.open("r+b") as out:
        for begin, record in _records(data):
            event = Event.FromString(record) if old.encode() in record else Event()
            renamed = [value for value in event.summary.value if value.tag == old]
            for value in renamed:
                value.tag = new
            if renamed and len(new_record := event.SerializeToString()) == len(record):
                out.seek(begin)
                out.write(new_record + masked_crc32c(new_record).to_bytes(4, "little"))


@contextmanager
def new_event_file(folder: Path, kind: str, *, restart: bool = False) -> Iterator[EventWriter]:
    """Open a writer for the one event file of a command; it replaces the earlier one.

    Args:
        folder: Folder of the file.
        kind: The command, which becomes the suffix of the file.
        restart: Whether an open TensorBoard is to forget what it has read in the folder.
    """
    earlier = event_files(folder, kind=kind)
    writer = EventWriter(folder, f".{kind}", restart=restart)
    try:
        yield writer
    finally:
        writer.close()
    for file in earlier:
        file.unlink(missing_ok=True)


def add_summaries(writer: "EventWriter | SummaryWriter", summaries: Sequence[Any]) -> None:
    """Write summaries for which ``SummaryWriter`` has no method of its own."""
    out = writer if isinstance(writer, EventWriter) else file_writer(writer)
    for summary in summaries:
        out.add_summary(summary)


def file_writer(writer: "SummaryWriter") -> Any:
    """Return the writer of raw events inside a ``SummaryWriter``."""
    return writer._get_file_writer()


def new_place(run: Path) -> Path:
    """Choose a folder for the event files of a new run, named after the time.

    TensorBoard remembers what it has read in a folder as long as the folder exists. A second run
    that wrote to the same folder would show the numbers of the first, so the name tells hundredths
    of a second apart.
    """
    return run / f"{datetime.now():%m%d-%H%M%S-%f}"[: len("mmdd-hhmmss-00")]


def place_of(run: Path) -> Path:
    """Find the folder of a run's event files, which is the run folder itself in old versions."""
    places = [file.parent for file in run.glob(f"[0-9]*-[0-9]*/*{EVENTS}*")]
    return max(places, key=os.path.getmtime, default=run)


def hide(run: Path) -> None:
    """Rename the event files below a folder, so that TensorBoard no longer reads them."""
    for file in [*run.rglob(f"*{EVENTS}*")]:
        file.rename(file.with_name(file.name.replace(EVENTS, HIDDEN)))


def show(run: Path) -> None:
    """Undo `hide`."""
    for file in [*run.rglob(f"*{HIDDEN}*")]:
        file.rename(file.with_name(file.name.replace(HIDDEN, EVENTS)))
