"""Counts of entities in each sentence of a tested run."""

from collections.abc import Mapping

import numpy as np

from lowner_pl.results.tested.tested_run import TestedRun
from lowner_pl.statistics.tagged_counts import AGAIN, Counts, micro_scores, read_counts, read_types

TOLERANCE = 2e-6  # scores are recorded with 6 decimals


def sentence_counts(run: TestedRun, type_: str | None = None) -> Counts:
    """Count the correct, predicted and gold entities of each sentence, as the test scores them.

    Args:
        run: A tested tagger, with its tagged file or from a record.
        type_: Count only entities of this type.

    Returns:
        The counts in the order of the test set. Shape ``(sentences, 3)``.

    Raises:
        ValueError: If the tagged file is missing or damaged, or belongs to another test than the
            recorded scores; or if a record was written without it.
    """
    if run.counts is None and run.tagged == run.folder:
        raise ValueError(
            f"'{run.folder}' has no counts of entities, since its tagged test set was missing when "
            "the record was written. Test it again, and write the record anew."
        )
    counts = read_counts(run.tagged, type_) if run.counts is None else _summed(run, type_)
    for name, score in micro_scores(counts.sum(0)).items():
        recorded = run.scores.get(f"{name}/{type_}" if type_ else name, score)
        title = "F1" if name == "f1" else name
        if len(counts) != run.sentences or abs(score - recorded) > TOLERANCE:
            raise ValueError(
                f"'{run.tagged}' has {len(counts):,} sentences and {title} {100 * score:.2f}, but "
                f"the recorded test has {run.sentences:,} and {100 * recorded:.2f}. {AGAIN}"
            )
    return counts


def counts_by_type(run: TestedRun) -> Mapping[str, Counts]:
    """Count the entities of each sentence by type; see `sentence_counts`.

    Raises:
        ValueError: As `sentence_counts` does.
    """
    if run.counts is not None:
        return run.counts
    sentence_counts(run)  # refuses the file of another test
    return {type_: read_counts(run.tagged, type_) for type_ in read_types(run.tagged)}


def _summed(run: TestedRun, type_: str | None) -> Counts:
    """Return the recorded counts of one type, or of all."""
    of_types = run.counts or {}
    chosen = [counts for name, counts in of_types.items() if type_ in (None, name)]
    return sum(chosen, np.zeros((run.sentences, 3), dtype=np.int64))
