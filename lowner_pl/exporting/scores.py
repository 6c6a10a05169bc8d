"""The test scores of a run, with intervals, for its model card."""

from pathlib import Path
from typing import Any, NamedTuple

from lowner_pl.callbacks.results.testing_record import NAME, read_test_record
from lowner_pl.statistics.bootstrap import interval, resampled_scores
from lowner_pl.statistics.tagged_counts import read_counts


class SetScores(NamedTuple):
    """The scores on a test set, from 0 to 1.

    Attributes:
        corpus: Name of the corpus.
        name: Name of the test set, usually its language.
        sentences: Number of its sentences that were scored.
        scores: The scores by name: ``f1``, ``precision``, ``f1/PER``, ``calibration_error`` and so
            on.
        f1_interval: 95 % interval of F1 by a bootstrap over the sentences; ``None`` if the tagged
            test set is not there.
    """

    corpus: str
    name: str
    sentences: int
    scores: dict[str, float]
    f1_interval: tuple[float, float] | None


def scores_of(run: Path | None, which: str, step: int | None) -> list[SetScores]:
    """Read the test scores of a checkpoint; empty if it has not been tested.

    Args:
        run: The run folder.
        which: Name of the checkpoint, ``best`` or ``last``.
        step: Updates before the checkpoint. A test of other weights is passed over.
    """
    if run is None or which not in ("best", "last"):
        return []
    suffix = "" if which == "best" else f"_{which}"
    record = read_test_record(run / f"{NAME}{suffix}.json")
    if record is None or (record.get("checkpoint") or {}).get("step") != step:
        return []
    several = len(record["test_sets"]) > 1
    return [_scores(run, record, part, several, suffix) for part in record["test_sets"]]


def _scores(
    run: Path, record: dict[str, Any], part: dict[str, Any], several: bool, suffix: str
) -> SetScores:
    """Read the scores on one test set."""
    name = str(part["name"])
    tagged = run / f"test_tagged{f'_{name}' if several else ''}{suffix}.conll"
    return SetScores(
        corpus=str(record["corpus"]),
        name=name,
        sentences=int(part["sentences_scored"]),
        scores=dict(part["scores"]),
        f1_interval=_interval(tagged, int(part["sentences_scored"])),
    )


def _interval(tagged: Path, sentences: int) -> tuple[float, float] | None:
    """Compute the interval of F1 from a tagged test set, if it is there and whole."""
    try:
        counts = read_counts(tagged)
    except ValueError:
        return None
    if len(counts) != sentences or not sentences:
        return None
    found = interval(resampled_scores([counts])[0])
    return found.low, found.high
