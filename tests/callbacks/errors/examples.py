"""A small test set with one error of each kind, worked out by hand."""

from lowner_pl.callbacks.errors.tally import ErrorTally
from lowner_pl.corpus import Entity, Sentence, TrainingEntities, tags_of

Spans = list[tuple[int, int, str]]


def tagged(words: str, gold: Spans, predicted: Spans) -> tuple[Sentence, tuple[str, ...]]:
    """Make a sentence with its predicted tags."""
    split = tuple(words.split())
    wanted, found = (
        tags_of([Entity(*span) for span in spans], len(split)) for spans in (gold, predicted)
    )
    return Sentence(split, wanted, "sw"), found


TESTED = [
    # The person has another border, the place is correct.
    tagged(
        "Juma Ali yuko Dar es Salaam",
        [(0, 2, "PER"), (3, 6, "LOC")],
        [(0, 1, "PER"), (3, 6, "LOC")],
    ),
    # Simba is taken for a person, Yanga is correct, Azam is spurious.
    tagged(
        "Simba na Yanga na Azam",
        [(0, 1, "ORG"), (2, 3, "ORG")],
        [(0, 1, "PER"), (2, 3, "ORG"), (4, 5, "ORG")],
    ),
    # The bank is taken for a place with another border.
    tagged("Benki Kuu ya Tanzania", [(0, 4, "ORG")], [(3, 4, "LOC")]),
    # Asha is missed.
    tagged("Asha alisema", [(0, 1, "PER")], []),
]
"""6 gold and 6 predicted entities, of which 2 are correct."""
LOSSES = [6.0, 10.0, 1.0, 3.0]
"""Per word: 1, 2, 0.25 and 1.5."""
TRAINING = TrainingEntities(
    [
        Sentence(("Asha", "na", "Simba"), ("B-PER", "O", "B-ORG")),
        Sentence(("Juma", "Ali"), ("B-LOC", "I-LOC")),
    ]
)
"""Asha and Simba are seen, Juma Ali only as a place; all others are new."""


def tally(training: TrainingEntities | None = TRAINING, **options: int) -> ErrorTally:
    """Count the errors of the test set."""
    counted = ErrorTally(**options)
    rows = zip(TESTED, LOSSES, strict=True)
    for number, ((sentence, tags), loss) in enumerate(rows):
        counted.add(number, sentence, tags, loss, training)
    return counted
