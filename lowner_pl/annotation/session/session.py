"""A session: what one person decides about one sentence after another."""

import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Protocol

from lowner_pl.annotation.session.events import Action, Decided, Event, Trained, Undone
from lowner_pl.annotation.session.items import Item
from lowner_pl.annotation.session.journal import Journal
from lowner_pl.annotation.session.next import ChooseNext, Waiting
from lowner_pl.annotation.session.output import Output, as_conll
from lowner_pl.annotation.session.shown import Shown
from lowner_pl.annotation.session.state import State
from lowner_pl.annotation.session.view import Score, Show, View
from lowner_pl.corpus import Entity, Sentence, tags_of
from lowner_pl.tagging import TextTagger


class StaleError(Exception):
    """A decision is about a state that is over, such as one from a second window."""


class Trainer(Protocol):
    """Trains taggers in the background."""

    every: int
    """Annotated sentences between two trainings."""
    start: str
    """The run folder that the session began with."""
    first: float | None
    """Dev F1 of the first tagger."""
    training: int | None
    """Number of annotated sentences of the training that runs."""

    def begin(self, sentences: Sequence[Sentence]) -> None:
        """Begin to train; `Session.trained` is told of the end."""


class Session:
    """One annotator's session. Its methods may be called from several threads.

    Args:
        tagger: Makes the guesses.
        items: The sentences to choose from, by their names; see `identify`.
        journal: The journal, open.
        output: The file with the annotated sentences.
        choose: Chooses the next sentences.
        types: The entity types that a person may mark.
        known: Annotated sentences of the tagger's training, to which new ones are compared.
        trainer: Trains on the annotated sentences; ``None`` for no training.
        failed: Told an unexpected error; returns a sentence about it.
    """

    def __init__(
        self,
        tagger: TextTagger,
        items: Mapping[str, Item],
        journal: Journal,
        output: Output,
        choose: ChooseNext,
        *,
        types: Sequence[str],
        known: Sequence[Sentence] = (),
        trainer: Trainer | None = None,
        failed: Callable[[Exception], str] = str,
    ) -> None:
        self.items = items
        self.trainer = trainer
        self._journal = journal
        self._output = output
        self._waiting = Waiting(items, choose, known)
        self._failed = failed
        self._lock = threading.RLock()
        self._state = State(journal.events)
        self._shown = Shown(tagger, items)
        self._choosing = False
        self._problems: dict[str, str] = {}
        decided = [*self._state.decided.values(), *self._state.reopened]
        marked = [tag[2:] for one in decided for tag in one.tags if tag != "O"]
        self.types = tuple(dict.fromkeys([*types, *marked]))

    @property
    def tagger(self) -> TextTagger:
        """The tagger that makes the guesses now."""
        return self._shown.tagger

    @property
    def state(self) -> State:
        """The state; not to be changed."""
        return self._state

    def view(self) -> View:
        """Describe the whole state."""
        with self._lock:
            state = self._state
            current = self._shown.current(self._state)
            left = sum(one not in state.decided for one in self.items)
            rows = state.decided.values()
            accepted = [one for one in rows if one.action == "accept"]
            trainer = self.trainer
            show: Show = "annotate" if current else "wait" if self._choosing else "done"
            return View(
                version=state.version,
                current=current,
                waiting=self._choosing,
                types=self.types,
                accepted=len(accepted),
                corrected=sum(one.tags != one.guess for one in accepted),
                skipped=len(state.decided) - len(accepted),
                left=left,
                near_duplicates=self._waiting.only_near_duplicates and left > 0,
                can_undo=state.last is not None,
                every=trainer.every if trainer else 0,
                training=trainer.training if trainer else None,
                scores=self._scores(),
                problems=tuple(self._problems.values()),
                file=str(self._output.path),
                state=show,
            )

    def decide(
        self, id: str, version: int, action: Action, entities: Sequence[Entity] = ()
    ) -> View:
        """Accept the current sentence with some entities, or skip it.

        Args:
            id: The sentence.
            version: The version of the state in which it was shown.
            action: What to do.
            entities: Its entities in words; those of a skipped sentence are not kept.

        Raises:
            OSError: If the journal can't be written; nothing has changed.
            StaleError: If the sentence is not the current one, or another decision came between.
            ValueError: If the entities don't fit the sentence, or a word can't be written.
        """
        with self._lock:
            current = self._shown.current(self._state)
            if current is None or (id, version) != (current.id, self._state.version):
                raise StaleError(
                    "This sentence was decided elsewhere in the meantime, such as in another "
                    "window. Nothing was changed; the page now shows the sentence that is next."
                )
            if unknown := {one.type for one in entities} - {*self.types}:
                raise ValueError(
                    f"There is no entity type {min(unknown)[:80]!r}, only {', '.join(self.types)}. "
                    "Add it with --types."
                )
            size = len(current.words)
            tags = tags_of(entities if action == "accept" else (), size)
            guess = tags_of((Entity(one.start, one.end, one.type) for one in current.guess), size)
            if action == "accept":
                as_conll([Sentence(current.words, tags)])  # fails now if it can't be written
            self._happen(Decided(id, action, current.words, tags, guess, _now()))
            self._write()
            self._go_on()
            return self.view()

    def undo(self, version: int) -> View:
        """Take back the latest decision, whose sentence is shown again as it was decided.

        Args:
            version: The version of the state in which this was asked for.

        Raises:
            OSError: If the journal can't be written; nothing has changed.
            StaleError: If something was decided in the meantime, or there is nothing to take back.
        """
        with self._lock:
            last = self._state.last
            if version != self._state.version:
                raise StaleError(
                    "Something was decided elsewhere in the meantime, such as in another window. "
                    "Nothing was undone; the page now shows the state."
                )
            if last is None:
                raise StaleError("There is no decision to undo.")
            self._happen(Undone(last.id, _now()))
            self._write()
            return self.view()

    def choose_now(self) -> None:
        """Choose the next sentences in this thread, if few wait."""
        with self._lock:
            if self._choosing or not self._waiting.are_few(self._state):
                return
            self._choosing = True
        self._refill()

    def use(self, tagger: TextTagger) -> None:
        """Let another tagger make the guesses and choose; the sentence that is shown stays."""
        with self._lock:
            self._shown.use(tagger, self._state)
            self.types = tuple(dict.fromkeys([*self.types, *tagger.entity_types]))
            if not self._choosing:
                self._choosing = True
                self._in_background(self._refill)

    def trained(self, event: Trained, tagger: TextTagger | None) -> None:
        """Take note of the end of a training.

        Args:
            event: How it ended.
            tagger: The new tagger, if it is used from now on.

        Raises:
            OSError: If the journal can't be written; nothing has changed.
        """
        with self._lock:
            try:
                self._happen(event)
            except OSError as error:
                self._say("training", f"The new tagger is not used. {error}")
                raise
            self._say("training", event.problem)
            if tagger is not None:
                self.use(tagger)

    def train_if_due(self) -> None:
        """Begin to train if enough sentences were annotated since the last training."""
        with self._lock:
            accepted = self._state.accepted
            trainer = self.trainer
            if trainer is None or trainer.training is not None:
                return
            before = max((one.sentences for one in self._own_history()), default=0)
            if len(accepted) - before >= trainer.every:
                trainer.begin(accepted)

    def _happen(self, event: Event) -> None:
        """Write an event to the journal, and then let it happen."""
        self._journal.append(event)
        self._state.apply(event)

    def _write(self) -> None:
        """Write the file. If that fails, the decision is kept, and the page says why."""
        try:
            self._output.write(self._state.accepted)
        except (OSError, ValueError) as error:
            self._say("file", str(error))
        else:
            self._say("file", "")

    def _say(self, topic: str, problem: str) -> None:
        """Show a problem, or that it is over."""
        self._problems.pop(topic, None)
        if problem:
            self._problems[topic] = problem

    def _go_on(self) -> None:
        """Choose and train in the background, if it is time to."""
        self.train_if_due()
        if self._waiting.are_few(self._state) and not self._choosing:
            self._choosing = True
            self._in_background(self._refill)

    def _refill(self) -> None:
        """Choose the next sentences; the current one stays the first."""
        tagger = self.tagger
        try:
            with self._lock:
                pool = self._waiting.pool(self._state, self._shown.current(self._state))
            chosen = self._waiting.choose(tagger, pool)
            guesses = self._shown.tag(chosen, tagger)
        except Exception as error:  # a page must not wait for ever
            with self._lock:
                self._say("choosing", f"No sentences could be chosen: {self._failed(error)}")
                self._end_of_choice(tagger, {})
        else:
            with self._lock:
                self._say("choosing", "")
                self._waiting.only_near_duplicates = bool(pool.ids) and not chosen
                if self.tagger is tagger:
                    self._shown.keep(guesses)
                if chosen:
                    self._let_wait(chosen)
                self._end_of_choice(tagger, chosen)

    def _end_of_choice(self, tagger: TextTagger, chosen: dict[str, str]) -> None:
        """Choose again if a better tagger came meanwhile, or if all that was chosen was decided."""
        decided = bool(chosen) and self._waiting.is_empty(self._state)
        self._choosing = self.tagger is not tagger or (
            decided and self._waiting.are_few(self._state)
        )
        if self._choosing:
            self._in_background(self._refill)

    def _let_wait(self, chosen: dict[str, str]) -> None:
        """Let sentences wait, also if the journal can't be written: they can be chosen anew."""
        event = self._waiting.queued(chosen, self._state, self._shown.current(self._state))
        self._state.apply(event)
        try:
            self._journal.append(event)
        except OSError as error:
            self._say("choosing", f"The choice of the next sentences is not saved. {error}")

    def _scores(self) -> tuple[Score, ...]:
        """List the taggers so far."""
        if self.trainer is None:
            return ()
        first = Score(0, self.trainer.first, used=True)
        rows = self._own_history()
        done = [Score(one.sentences, one.f1, one.used) for one in rows if not one.problem]
        return (first, *done)

    def _own_history(self) -> list[Trained]:
        """List the trainings that began with the same run."""
        start = self.trainer.start if self.trainer else None
        return [one for one in self._state.history if one.start == start]

    def _in_background(self, work: Callable[[], None]) -> None:
        """Work in another thread, which does not keep the process alive."""
        threading.Thread(target=work, daemon=True, name="choosing").start()


def _now() -> str:
    """Return the time in ISO 8601."""
    return datetime.now(UTC).isoformat(timespec="seconds")
