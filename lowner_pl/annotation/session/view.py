"""The state of a session, as the page shows it."""

from dataclasses import dataclass
from typing import Literal

Show = Literal["annotate", "wait", "done"]


@dataclass(frozen=True, slots=True)
class Part:
    """An entity of a sentence; positions count words.

    Args:
        start: Position of its first word, counting from 0.
        end: Position after its last word.
        type: Its type.
        confidence: The tagger's probability that it is right; ``None`` if a person marked it.
    """

    start: int
    end: int
    type: str
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class Current:
    """The sentence to decide.

    Args:
        id: Its name.
        words: Its words.
        gaps: Whether a space follows each word.
        entities: What to show: the tagger's guess, or an earlier decision that was taken back.
        guess: The tagger's guess.
        reason: Why it was chosen.
        reopened: Whether it is an earlier decision that was taken back.
    """

    id: str
    words: tuple[str, ...]
    gaps: tuple[bool, ...]
    entities: tuple[Part, ...]
    guess: tuple[Part, ...]
    reason: str
    reopened: bool


@dataclass(frozen=True, slots=True)
class Score:
    """A tagger that was trained.

    Args:
        sentences: Annotated sentences that it learned from, beside those of the run.
        f1: Its F1 on the dev data, from 0 to 1.
        used: Whether it made the guesses from then on.
    """

    sentences: int
    f1: float | None
    used: bool


@dataclass(frozen=True, slots=True)
class View:
    """The whole state.

    Args:
        version: Number of decisions, and of times that one was taken back.
        current: The sentence to decide, if there is one.
        waiting: Whether the next sentences are being chosen.
        types: The entity types.
        accepted: Number of sentences in the file.
        corrected: Those of them whose tags differ from the guess.
        skipped: Number of sentences that were skipped.
        left: Number of sentences that are undecided.
        near_duplicates: Whether those that are left resemble decided ones.
        can_undo: Whether there is a decision to take back.
        every: Annotated sentences between two trainings; 0 for none.
        training: The number of annotated sentences of the training that runs; ``None`` if none
            does.
        scores: The first tagger and those that were trained.
        problems: What went wrong, each in a sentence.
        file: The file with the annotated sentences.
        state: What the page is to show.
    """

    version: int
    current: Current | None
    waiting: bool
    types: tuple[str, ...]
    accepted: int
    corrected: int
    skipped: int
    left: int
    near_duplicates: bool
    can_undo: bool
    every: int
    training: int | None
    scores: tuple[Score, ...]
    problems: tuple[str, ...]
    file: str
    state: Show
