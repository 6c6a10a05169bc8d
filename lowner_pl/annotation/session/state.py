"""The state of a session, which follows from its events alone."""

from collections.abc import Iterable, Sequence
from hashlib import blake2b

from lowner_pl.annotation.session.events import Decided, Event, Queued, Trained, Undone
from lowner_pl.corpus import Sentence


def identify(words: Sequence[str]) -> str:
    """Name a sentence by its words, whatever file it stands in."""
    return blake2b("\0".join(words).encode(), digest_size=8).hexdigest()


class State:
    """The decisions, those that were taken back, and the sentences that wait.

    Args:
        events: What has happened so far.

    Attributes:
        decided: The decision about each sentence, in their order.
        reopened: Decisions that were taken back, the latest last; its sentence is shown again.
        queue: Sentences that wait, the best first, each with the reason why it was chosen.
        history: The taggers that were trained.
        version: Number of decisions, and of times that one was taken back.
    """

    def __init__(self, events: Iterable[Event] = ()) -> None:
        self.decided: dict[str, Decided] = {}
        self.reopened: list[Decided] = []
        self.queue: dict[str, str] = {}
        self.history: list[Trained] = []
        self.version = 0
        for event in events:
            self.apply(event)

    def apply(self, event: Event) -> None:
        """Let an event happen."""
        match event:
            case Decided():
                self.decided[event.id] = event
                self.queue.pop(event.id, None)
                self.reopened = [one for one in self.reopened if one.id != event.id]
                self.version += 1
            case Undone():
                if event.id in self.decided:
                    self.reopened.append(self.decided.pop(event.id))
                self.version += 1
            case Queued():
                rows = zip(event.ids, event.reasons, strict=True)
                self.queue = {one: why for one, why in rows if one not in self.decided}
            case Trained():
                self.history.append(event)

    @property
    def last(self) -> Decided | None:
        """The latest decision that stands."""
        return next(reversed(self.decided.values()), None)

    @property
    def accepted(self) -> list[Sentence]:
        """The annotated sentences, in the order in which they were accepted."""
        rows = self.decided.values()
        return [Sentence(one.words, one.tags) for one in rows if one.action == "accept"]

    @property
    def skipped(self) -> list[Sentence]:
        """The sentences that were skipped, without tags."""
        return [Sentence(one.words) for one in self.decided.values() if one.action == "skip"]
