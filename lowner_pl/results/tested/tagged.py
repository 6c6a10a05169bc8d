"""Counts of entities in each sentence of a tested run."""

from lowner_pl.results.tested.tested_run import TestedRun
from lowner_pl.statistics.tagged_counts import AGAIN, Counts, micro_f1, read_counts

TOLERANCE = 2e-6  # scores are recorded with 6 decimals


def sentence_counts(run: TestedRun, type_: str | None = None) -> Counts:
    """Count the correct, predicted and gold entities of each sentence, as the test scores them.

    Args:
        run: A tested tagger.
        type_: Count only entities of this type.

    Returns:
        The counts in the order of the test set. Shape ``(sentences, 3)``.

    Raises:
        ValueError: If the tagged file is missing or damaged, or belongs to another test than the
            recorded scores.
    """
    counts = read_counts(run.tagged, type_)
    f1 = micro_f1(counts.sum(0))
    recorded = run.scores.get(f"f1/{type_}" if type_ else "f1", f1)
    if len(counts) != run.sentences or abs(f1 - recorded) > TOLERANCE:
        raise ValueError(
            f"'{run.tagged}' has {len(counts):,} sentences and F1 {100 * f1:.2f}, but the recorded "
            f"test has {run.sentences:,} and {100 * recorded:.2f}. {AGAIN}"
        )
    return counts
