"""What happens in a session, as records of its journal."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal

from lowner_pl.corpus import Sentence

Action = Literal["accept", "skip"]


@dataclass(frozen=True, slots=True)
class Decided:
    """A sentence was accepted with tags, or skipped.

    Args:
        id: The sentence; see `identify`.
        action: What was done.
        words: Its words.
        tags: The annotator's tags, one per word; all ``O`` if it was skipped.
        guess: The tagger's tags.
        time: When, in ISO 8601.

    Raises:
        ValueError: If words and tags don't fit each other.
    """

    id: str
    action: Action
    words: tuple[str, ...]
    tags: tuple[str, ...]
    guess: tuple[str, ...]
    time: str

    def __post_init__(self) -> None:
        Sentence(self.words, self.guess)
        Sentence(self.words, self.tags)
        if self.action not in ("accept", "skip"):
            raise ValueError(f"There is no action {str(self.action)[:80]!r}.")


@dataclass(frozen=True, slots=True)
class Undone:
    """The last decision was taken back.

    Args:
        id: Its sentence.
        time: When, in ISO 8601.
    """

    id: str
    time: str


@dataclass(frozen=True, slots=True)
class Queued:
    """Sentences were chosen; they replace those that were waiting.

    Args:
        ids: The sentences, the best first.
        reasons: Why each was chosen.
    """

    ids: tuple[str, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Trained:
    """A tagger was trained on the annotated sentences too, or that failed.

    Args:
        sentences: Number of annotated sentences.
        f1: Its F1 on the dev data, from 0 to 1; ``None`` if there is none.
        used: Whether it makes the guesses from now on.
        run: Its run folder.
        start: The run folder that the session began with.
        problem: Why it failed, or nothing.
        time: When, in ISO 8601.
    """

    sentences: int
    f1: float | None
    used: bool
    run: str
    start: str
    problem: str
    time: str


Event = Decided | Undone | Queued | Trained
_KINDS: dict[str, type[Event]] = {
    "decided": Decided,
    "undone": Undone,
    "queued": Queued,
    "trained": Trained,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def to_record(event: Event) -> dict[str, Any]:
    """Convert an event to a JSON object."""
    return {"event": _NAMES[type(event)], **asdict(event)}


def from_record(record: Mapping[str, Any]) -> Event:
    """Convert a JSON object to an event.

    Raises:
        ValueError: If it is none.
    """
    fields: dict[str, Any] = {
        key: tuple(value) if isinstance(value, list) else value for key, value in record.items()
    }
    kind = _KINDS.get(str(fields.pop("event", None)))
    if kind is None:
        raise ValueError("it is no event of a session")
    try:
        return kind(**fields)
    except TypeError as error:
        raise ValueError(f"it has the wrong fields: {error}") from error
