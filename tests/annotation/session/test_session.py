"""Decisions, and what is left of them after a stop at any moment."""

import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from lowner_pl.annotation.session import Journal, Output, Session, StaleError
from lowner_pl.annotation.session.events import Trained, Undone
from lowner_pl.corpus import Entity, Sentence, read_conll
from lowner_pl.tagging import TaggedEntity, TextTagger

from ...tagging.capitals import capitals
from .toy import IDS, TEXTS, items, journal_of, session

ANNA = [Entity(0, 1, "PER"), Entity(2, 3, "LOC")]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """The file of a session that has not begun."""
    return tmp_path / "mine.conll"


def decide(one: Session, action: Any = "accept", entities: Sequence[Entity] | None = None) -> None:
    """Decide the current sentence, by default with the tagger's entities."""
    view = one.view()
    assert view.current is not None
    guess = [Entity(part.start, part.end, part.type) for part in view.current.entities]
    one.decide(view.current.id, view.version, action, guess if entities is None else entities)


def shown(one: Session) -> str | None:
    """Return the words of the current sentence."""
    current = one.view().current
    return None if current is None else " ".join(current.words)


def rows(out: Path) -> list[tuple[str, ...]]:
    """Return the tags of the annotated sentences."""
    return [sentence.tags or () for sentence in read_conll(out)] if out.read_bytes() else []


def test_a_decision_is_in_the_file_at_once(out: Path) -> None:
    one = session(out)
    assert shown(one) == TEXTS[0]
    decide(one, entities=ANNA)
    decide(one, "skip")
    decide(one)
    assert rows(out) == [("B-PER", "O", "B-LOC"), ("O", "O", "B-PER", "I-PER")]
    view = one.view()
    assert (view.accepted, view.corrected, view.skipped, view.left) == (2, 1, 1, 2)
    assert read_conll(out)[1] == Sentence(tuple(TEXTS[2].split()), ("O", "O", "B-PER", "I-PER"))


def test_every_decision_can_be_undone_and_made_anew(out: Path) -> None:
    one = session(out)
    decide(one, entities=ANNA)
    decide(one, "skip")
    one.undo(2)
    assert shown(one) == TEXTS[1]
    one.undo(3)
    view = one.view()
    assert view.current is not None
    assert view.current.reopened
    assert [(part.start, part.type) for part in view.current.entities] == [(0, "PER"), (2, "LOC")]
    assert [(part.start, part.type) for part in view.current.guess] == [(0, "PER"), (2, "PER")]
    assert rows(out) == []
    assert not view.can_undo
    with pytest.raises(StaleError, match="no decision to undo"):
        one.undo(4)
    decide(one, entities=[])
    assert shown(one) == TEXTS[1]  # the one that was undone first
    decide(one)
    assert shown(one) == TEXTS[2]
    assert rows(out) == [("O", "O", "O"), ("O", "O", "O")]


def test_what_is_about_another_state_changes_nothing(out: Path) -> None:
    one = session(out)
    decide(one)
    before = journal_of(out).read_bytes()
    for id, version in ((IDS[0], 0), (IDS[0], 1), (IDS[1], 0), (IDS[2], 1)):
        with pytest.raises(StaleError, match="in another window"):
            one.decide(id, version, "accept", [])
    with pytest.raises(StaleError, match="Nothing was undone"):
        one.undo(0)
    assert journal_of(out).read_bytes() == before
    assert shown(one) == TEXTS[1]


@pytest.mark.parametrize(
    ("entities", "message"),
    [
        ([Entity(0, 4, "PER")], "ends after the sentence"),
        ([Entity(0, 2, "PER"), Entity(1, 3, "LOC")], "overlaps"),
        ([Entity(0, 1, "DATE")], "no entity type 'DATE', only PER, LOC"),
    ],
)
def test_entities_that_do_not_fit_are_refused(
    entities: list[Entity], message: str, out: Path
) -> None:
    one = session(out)
    with pytest.raises(ValueError, match=message):
        one.decide(IDS[0], 0, "accept", entities)
    assert one.view().version == 0
    assert not out.exists()


def test_a_stop_at_any_byte_loses_no_confirmed_decision(out: Path, tmp_path: Path) -> None:
    one = session(out)
    decide(one, entities=ANNA)
    decide(one, "skip")
    one.undo(2)
    decide(one)
    whole, conll = journal_of(out).read_bytes(), out.read_bytes()
    ends = [at + 1 for at, byte in enumerate(whole) if byte == ord("\n")]
    states = [Journal(journal_of(copied(tmp_path, whole[:end], None))).events for end in ends]
    assert [len(events) for events in states] == [0, 1, 2, 3, 4, 5]
    near = {end + by for end in ends for by in (-40, -1, 0, 1)}
    for size in sorted({0, 1} | {at for at in near if at <= len(whole)}):
        there = copied(tmp_path, whole[:size], conll if size == len(whole) else None)
        again = session(there)
        confirmed = sum(end <= size for end in ends)
        events = states[confirmed - 1] if confirmed else []
        version = sum(type(event).__name__ in ("Decided", "Undone") for event in events)
        assert again.view().version == version
        assert Journal(journal_of(there)).events[: len(events)] == events
    assert rows(there) == rows(out)
    assert shown(again) == TEXTS[2]


def copied(folder: Path, journal: bytes, conll: bytes | None) -> Path:
    """Write the files of a session that was stopped, and return the name of its output."""
    out = folder / "copy.conll"
    journal_of(out).write_bytes(journal)
    if conll is None:
        out.unlink(missing_ok=True)
    else:
        out.write_bytes(conll)
    return out


def test_a_session_goes_on_where_it_was_also_with_other_text(out: Path) -> None:
    one = session(out)
    decide(one, entities=ANNA)
    decide(one, "skip")
    again = session(out, ("something new here", *TEXTS[2:]))
    assert shown(again) == TEXTS[2]  # it was waiting
    assert again.view().left == 4
    again.undo(2)
    again.undo(3)
    assert shown(again) == TEXTS[0]  # although its text is gone
    decide(again)
    assert rows(out) == [("B-PER", "O", "B-LOC")]


def test_a_file_that_is_behind_the_journal_is_written_anew(out: Path) -> None:
    one = session(out)
    decide(one, entities=ANNA)
    behind = out.read_bytes()
    decide(one)
    decide(one)
    ahead = out.read_bytes()
    out.write_bytes(behind)
    session(out)
    assert out.read_bytes() == ahead
    out.unlink()
    session(out)
    assert out.read_bytes() == ahead


def test_what_somebody_else_wrote_is_never_replaced(out: Path) -> None:
    one = session(out)
    decide(one, entities=ANNA)
    out.write_text("Zoe\tB-PER\n\n")
    decide(one)
    (problem,) = one.view().problems
    assert "Another program has changed" in problem
    assert out.read_text() == "Zoe\tB-PER\n\n"
    with pytest.raises(ValueError, match=r"holds something else than `annotate` wrote.*Rename it"):
        session(out)
    out.rename(out.with_name("theirs.conll"))
    decide(one)
    assert one.view().problems == ()
    assert len(rows(out)) == 3


def test_a_file_is_no_journal_or_a_damaged_one(out: Path) -> None:
    journal = journal_of(out)
    for text in ("my notes", "my notes\n", "[]\n", "1\n{}\n", '{"journal": "other"}\n'):
        journal.write_text(text)
        with pytest.raises(ValueError, match="is no journal of `annotate`"):
            Journal(journal)
        assert journal.read_text() == text
    journal.unlink()
    one = session(out)
    decide(one)
    whole = journal.read_text().splitlines(keepends=True)
    for wrong in ("\n", "{\n", '{"event": "eaten"}\n', '{"event": "undone"}\n', "[1]\n"):
        journal.write_text("".join([*whole[:2], wrong, *whole[2:]]))
        with pytest.raises(ValueError, match=r"line 3, is damaged: .* nothing was changed"):
            Journal(journal)
    bad = whole[2].replace('"tags": ["B-PER"', '"tags": ["PER"')
    assert bad != whole[2]
    journal.write_text("".join([*whole[:2], bad]))
    with pytest.raises(ValueError, match="line 3, is damaged: 'PER' is not an IOB2 tag"):
        Journal(journal)


@pytest.mark.usefixtures("full_disk")
def test_a_decision_that_can_not_be_saved_is_not_made(out: Path) -> None:
    texts = [" ".join(f"word{at}" for at in range(400)), *TEXTS]
    one = session(out, texts)
    decide(one)
    with pytest.raises(OSError, match=r"mine\.conll\.journal' can't be written"):
        undo_and_decide(one)
    version, size = one.view().version, journal_of(out).stat().st_size
    assert journal_of(out).read_bytes().endswith(b"}\n")
    assert size <= 100_000
    assert session(out, texts).view().version == version


def undo_and_decide(one: Session) -> None:
    """Undo the last decision and make it anew, a hundred times."""
    for _ in range(100):
        one.undo(one.view().version)
        decide(one)


def test_the_next_sentences_are_chosen_in_time_and_the_shown_one_stays(out: Path) -> None:
    texts = [f"sentence {number} here" for number in range(30)]
    known: list[int] = []

    def ten(
        _: TextTagger, sentences: Sequence[Sentence], decided: Sequence[Sentence], number: int
    ) -> list[tuple[int, str]]:
        known.append(len(decided))
        places = range(len(sentences))
        return [(place, f"choice {number}") for place in reversed(places)][:10]

    one = session(out, texts, choose=ten)
    seen = []
    while (text := shown(one)) is not None:
        seen.append(text)
        decide(one)
        wait(one)
    assert sorted(seen) == sorted(texts)
    assert one.view().state == "done"
    assert known[:2] == [0, 2]  # one decided and one shown


def wait(one: Session) -> None:
    """Wait until the next sentences are chosen."""
    limit = time.monotonic() + 20
    while one.view().waiting:
        assert time.monotonic() < limit
        time.sleep(0.001)


def test_a_choice_that_fails_is_said_and_near_duplicates_are_the_end(out: Path) -> None:
    def fail(*_: object) -> list[tuple[int, str]]:
        raise ValueError("The scores are not finite.")

    assert session(out, choose=fail).view().problems == (
        "No sentences could be chosen: The scores are not finite.",
    )
    view = session(out, choose=lambda *_: []).view()
    assert (view.state, view.near_duplicates, view.left) == ("done", True, 5)


def test_another_tagger_guesses_from_the_next_sentence_on(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(rows: Sequence[object]) -> list[list[object]]:
        return [[] for _ in rows]

    one = session(out)
    other = capitals()
    other.entity_types = ("ORG",)
    monkeypatch.setattr(other, "tag_words", nothing)
    before = one.view().current
    one.use(other)
    wait(one)
    assert one.view().current == before
    assert one.types == ("PER", "LOC", "ORG")
    decide(one)
    decide(one)
    current = one.view().current
    assert current is not None
    assert current.guess == ()


def test_sentences_are_tagged_together_before_they_are_shown(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tagger = capitals()
    tagged: list[int] = []
    tag_words = tagger.tag_words

    def noted(rows: Sequence[Sequence[str]]) -> list[list[TaggedEntity]]:
        tagged.append(len(rows))
        return tag_words(rows)

    monkeypatch.setattr(tagger, "tag_words", noted)
    one = session(out, tagger=tagger, choose=lambda *_: [(at, "it is next") for at in range(5)])
    while shown(one) is not None:
        decide(one)
    assert tagged == [5]


def test_a_tagger_that_comes_during_a_choice_chooses_anew(out: Path) -> None:
    better = capitals()
    taggers: list[TextTagger] = []

    def choose(
        tagger: TextTagger, sentences: Sequence[Sentence], _: Sequence[Sentence], _number: int
    ) -> list[tuple[int, str]]:
        taggers.append(tagger)
        if len(taggers) == 1:
            one.use(better)
        return [(place, f"choice {len(taggers)}") for place in range(len(sentences))]

    one = Session(
        capitals(), items(), Journal(journal_of(out)), Output(out, []), choose, types=["PER"]
    )
    one.choose_now()
    wait(one)
    assert taggers[1] is better
    assert len(taggers) == 2
    assert one.view().waiting is False
    assert set(one.state.queue.values()) == {"choice 1", "choice 2"}  # the shown one stays


def test_sentences_that_were_all_decided_during_a_choice_are_chosen_anew(out: Path) -> None:
    def choose(
        _: TextTagger, sentences: Sequence[Sentence], _decided: Sequence[Sentence], _number: int
    ) -> list[tuple[int, str]]:
        if len(sentences) == 3:  # the first is decided, the second shown; the third waits
            decide(one)
            decide(one)
        places = range(3 if len(sentences) == 5 else 1)
        return [(place, "it is next") for place in places]

    one = session(out, choose=choose)
    seen = []
    while (text := shown(one)) is not None:
        seen.append(text)
        decide(one)
        wait(one)
    assert one.view().left == 0


class DecidesAll:
    """A lock after each of whose releases by the thread that chooses, all that waits is decided."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.session: Session | None = None

    def __enter__(self) -> None:
        self.lock.acquire()

    def __exit__(self, *_: object) -> None:
        self.lock.release()
        one = self.session
        if one is not None and threading.current_thread().name == "choosing":
            self.session = None  # only what happens in this moment decides
            while shown(one) is not None:
                decide(one)
            self.session = one


def test_all_may_be_decided_at_any_moment_of_a_choice(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = session(out, choose=lambda *_: [(0, "it is next")])
    lock = DecidesAll()
    monkeypatch.setattr(one, "_lock", lock)
    lock.session = one
    decide(one)
    limit = time.monotonic() + 20
    while one.view().left and time.monotonic() < limit:
        time.sleep(0.001)
    assert one.view().left == 0


@pytest.mark.usefixtures("full_disk")
def test_sentences_wait_also_if_their_choice_can_not_be_saved(out: Path) -> None:
    view = session(out, choose=lambda *_: [(0, "a reason " * 20_000)]).view()
    assert view.current is not None
    assert view.problems[0].startswith("The choice of the next sentences is not saved.")


class Trainer:
    """Notes with how many sentences a training begins."""

    every = 2
    start = "run"
    first = 0.5

    def __init__(self) -> None:
        self.training: int | None = None
        self.begun: list[int] = []

    def begin(self, sentences: Sequence[Sentence]) -> None:
        self.training = len(sentences)
        self.begun.append(len(sentences))


def ended(sentences: int) -> Trained:
    """Make the end of a training."""
    return Trained(sentences, 0.4, False, "new run", "run", "", "")


def test_a_training_begins_when_it_is_due_also_after_a_stop(out: Path) -> None:
    trainer = Trainer()
    one = session(out, trainer=trainer)
    one.train_if_due()
    assert trainer.begun == []
    for _ in range(4):
        decide(one)
    assert trainer.begun == [2]
    one.trained(ended(2), None)
    assert trainer.begun == [2]  # it has not been freed yet
    trainer.training = None
    one.train_if_due()
    assert trainer.begun == [2, 4]
    again = Trainer()  # the second training was stopped
    session(out, trainer=again).train_if_due()
    assert again.begun == [4]


def test_the_end_of_a_training_that_can_not_be_noted_is_said(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError("'mine.conll.journal' can't be written: No space left on device.")

    one = session(out, trainer=Trainer())
    with monkeypatch.context() as patched:
        patched.setattr(Journal, "append", full)
        with pytest.raises(OSError, match="No space left"):
            one.trained(ended(2), capitals())
    (problem,) = one.view().problems
    assert problem.startswith("The new tagger is not used. 'mine.conll.journal' can't be written")
    one.trained(ended(2), None)
    assert one.view().problems == ()


def test_undoing_something_that_was_never_decided_changes_nothing(out: Path) -> None:
    Journal(journal_of(out)).append(Undone("nothing", ""))
    assert shown(session(out)) == TEXTS[0]


def test_a_word_that_conll_can_not_hold_can_be_skipped_only(out: Path) -> None:
    one = session(out, ["-DOCSTART- left", TEXTS[0]])
    with pytest.raises(ValueError, match="marks the start of a document"):
        decide(one)
    decide(one, "skip")
    decide(one)
    assert len(rows(out)) == 1
    Output(out, Journal(journal_of(out)).events)
