"""The CoNLL file of a session, which is written anew after each decision."""

import io
from collections.abc import Sequence
from pathlib import Path

from lowner_pl.annotation.session.events import Decided, Event, Undone
from lowner_pl.annotation.session.state import State
from lowner_pl.corpus import Sentence, write_conll
from lowner_pl.runs.files import write_text

_MARK = 3
"""Bytes of the byte order mark that may stand before the first sentence of a file."""


class Output:
    """The file with the annotated sentences. A file that somebody else wrote is never replaced.

    Args:
        path: The file.
        events: What the journal says. The file may be that of any earlier state, because a stop can
            come between the journal and the file.

    Raises:
        OSError: If it can't be read or written.
        ValueError: If it holds something else.
    """

    def __init__(self, path: Path, events: Sequence[Event]) -> None:
        self.path = path
        self._written: bytes | None = None
        found = _content(path)
        if found is not None and not _is_state(found, events):
            raise ValueError(
                f"'{path}' holds something else than `annotate` wrote, and is never replaced. "
                "Rename it and repeat the command, which writes the annotated sentences anew, or "
                "give another --out."
            )
        self._written = found
        accepted = State(events).accepted
        if accepted or found is not None:
            self.write(accepted)

    def write(self, accepted: Sequence[Sentence]) -> None:
        """Write the annotated sentences, whole or not at all.

        Raises:
            OSError: If that fails; the earlier file stays.
            ValueError: If another program has changed the file.
        """
        if _content(self.path) not in (None, self._written):
            raise ValueError(
                f"Another program has changed '{self.path}', so it is not replaced. Every decision "
                f"is in the journal beside it. Rename '{self.path}', and decide the next sentence "
                "or repeat the command."
            )
        text = as_conll(accepted)
        write_text(self.path, text)
        self._written = text.encode()


def as_conll(accepted: Sequence[Sentence]) -> str:
    """Write sentences as CoNLL.

    Raises:
        ValueError: If a word could not be read back.
    """
    text = io.StringIO()
    write_conll(text, accepted)
    return text.getvalue()


def _is_state(content: bytes, events: Sequence[Event]) -> bool:
    """Tell whether a file is what some state so far gives."""
    state, sizes, total = State(), dict[str, int](), 0
    if not content:
        return True
    for event in events:
        state.apply(event)
        if not isinstance(event, Decided | Undone):
            continue
        total -= sizes.pop(event.id, 0)
        if isinstance(event, Decided) and event.action == "accept":
            sizes[event.id] = len(as_conll([Sentence(event.words, event.tags)]).encode())
            total += sizes[event.id]
        near = abs(total - len(content)) <= _MARK
        if near and as_conll(state.accepted).encode() == content:
            return True
    return False


def _content(path: Path) -> bytes | None:
    """Read a file, or return ``None`` if there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
