"""The journal of a session: a line of JSON per event, on the disk before anybody is told."""

import json
import os
from pathlib import Path

from lowner_pl.annotation.session.events import Event, from_record, to_record
from lowner_pl.runs.files import unwritable

HEAD = {"journal": "lowner_pl annotate", "version": 1}


class Journal:
    """The journal beside an annotated file, from which a session is rebuilt.

    It is only ever appended to. If the machine stops while a line is written, that line, which
    nobody was told of, is dropped when the journal is opened again.

    Args:
        path: The file, which is created if it does not exist.

    Attributes:
        events: What has happened so far.
        dropped: Whether an incomplete last line was dropped.

    Raises:
        OSError: If it can't be read or written.
        ValueError: If it is no journal, or damaged elsewhere than at its end.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[Event] = []
        self.dropped = False
        self._read()

    def append(self, event: Event) -> None:
        """Write an event, and wait until it is on the disk.

        Raises:
            OSError: If that fails; the journal is as before.
        """
        self._write(to_record(event))
        self.events.append(event)

    def _read(self) -> None:
        """Read the events, and drop an incomplete last line."""
        found = self.path.read_bytes() if self.path.exists() else b""
        whole, _, rest = found.rpartition(b"\n")
        lines = whole.split(b"\n") if whole else []
        if rest:
            if not lines and not _text(HEAD).startswith(rest):
                raise ValueError(self._foreign())
            self.dropped = bool(lines)
            os.truncate(self.path, len(whole) + 1 if lines else 0)
        for number, line in enumerate(lines, 1):
            try:
                record = json.loads(line)
                if number == 1:
                    if record != HEAD:
                        raise ValueError(self._foreign())
                else:
                    self.events.append(from_record(record))
            except (ValueError, AttributeError, RecursionError) as error:
                if number == 1:
                    raise ValueError(self._foreign()) from None
                reason = " ".join(str(error).split()).rstrip(".")[:200]
                raise ValueError(
                    f"'{self.path}', line {number}, is damaged: {reason}. Restore the file from a "
                    "copy, or remove this line; nothing was changed."
                ) from None
        if not lines:
            self._write(HEAD)

    def _write(self, record: dict[str, object]) -> None:
        """Append a line, or leave the file as it is."""
        data = _text(record)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with self.path.open("ab", buffering=0) as file:
                size = file.tell()
                try:
                    while data:
                        data = data[file.write(data) :]
                    os.fsync(file.fileno())
                except OSError:
                    file.truncate(size)
                    raise
        except OSError as error:
            raise unwritable(self.path, error) from error

    def _foreign(self) -> str:
        return f"'{self.path}' is no journal of `annotate`. Give another --out."


def _text(record: dict[str, object]) -> bytes:
    """Write a record as a line."""
    return json.dumps(record, ensure_ascii=False).encode() + b"\n"
