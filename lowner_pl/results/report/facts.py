"""Captions of pictures: the corpora, languages, seeds and sentences of a comparison."""

from collections.abc import Iterable, Sequence

from lowner_pl.results.comparison import Comparison
from lowner_pl.results.groups import Row
from lowner_pl.results.tested.tested_run import TestedRun
from lowner_pl.runs.logs.picture_style import Caption

NAMED = 3  # corpora


def caption_of(
    comparison: Comparison,
    runs: Iterable[TestedRun],
    band: str,
    rows: Sequence[Row] | None = None,
) -> Caption:
    """Collect what was measured.

    Args:
        comparison: The comparison.
        runs: Its runs.
        band: What bars, bands and dots stand for.
        rows: The rows of the picture; all by default.
    """
    shown = [*(comparison.rows if rows is None else rows)]
    tests = {row.sha256 for row in shown}
    trained = {run.train_sentences for run in runs if run.sha256 in tests}
    return Caption(
        corpus=corpora(shown),
        languages=len({row.language for row in shown}),
        seeds={scores.seeds for (row, _), scores in comparison.scores.items() if row in shown},
        band=band,
        train_sentences={number for number in trained if number is not None},
        test_sentences={row.sentences for row in shown},
    )


def names_of(comparison: Comparison) -> list[str]:
    """List the names that may occur in sentences about a comparison."""
    rows = (name for row in comparison.rows for name in (row.name, row.language, row.corpus))
    return [*dict.fromkeys((*comparison.systems, *rows))]


def corpora(rows: Iterable[Row]) -> str:
    """Name the corpora, without the language that their names end in.

    Args:
        rows: The rows.
    """
    names = dict.fromkeys(row.corpus.removesuffix(f"-{row.language}") for row in rows)
    more = len(names) - NAMED
    return " + ".join([*names][:NAMED]) + (f" + {more} more" if more > 0 else "")
