"""A comparison and its runs as a small JSON file, to be kept when the folders are gone."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple, TypedDict

from lowner_pl import __version__
from lowner_pl.results.comparison import Comparison, Difference, Overall, Scores
from lowner_pl.results.groups import Row, group_runs
from lowner_pl.results.metric import Metric
from lowner_pl.results.tested.recorded_runs import FORMAT, load_record, runs_as_json
from lowner_pl.results.tested.tested_run import TestedRun
from lowner_pl.runs.files import write_json

Published = tuple[str, float, float | None]
"""What a score of a paper is about, the score, and ours if it was measured; both in percent."""


class About(TypedDict):
    """Where a comparison comes from.

    Attributes:
        title: What was compared.
        written: The date.
        version: The version of this package.
        backbones: The backbones.
        train_sentences: The numbers of training sentences.
        paper: Scores that a paper reports, with ours.
        reach: Number of sentences of the baseline whose score others are to reach, if learning
            curves were compared.
    """

    title: str
    written: str
    version: str
    backbones: list[str]
    train_sentences: list[int]
    paper: list[Published]
    reach: float | None


def about_runs(
    runs: Iterable[TestedRun],
    title: str,
    paper: Iterable[Published] = (),
    reach: float | None = None,
) -> About:
    """Collect where a comparison of runs comes from."""
    runs = list(runs)
    return {
        "title": title,
        "written": datetime.now(UTC).date().isoformat(),
        "version": __version__,
        "backbones": sorted({run.backbone for run in runs}),
        "train_sentences": sorted({n for run in runs if (n := run.train_sentences) is not None}),
        "paper": list(paper),
        "reach": reach,
    }


class Recorded(NamedTuple):
    """A comparison that was read from a file, and where it comes from."""

    comparison: Comparison
    about: About


def write_record(
    file: Path, comparison: Comparison, about: About, runs: Sequence[TestedRun]
) -> None:
    """Write a comparison and its runs to a JSON file, without the folders of the runs.

    Args:
        file: The file.
        comparison: The comparison.
        about: Where it comes from.
        runs: The compared runs. Copies of others are left out.
    """
    numbers = {row: number for number, row in enumerate(comparison.rows)}
    write_json(
        file,
        {
            "format": FORMAT,
            "about": about,
            "metric": comparison.metric.name,
            "by": comparison.by,
            "systems": list(comparison.systems),
            "resamples": comparison.resamples,
            "rows": [asdict(row) for row in comparison.rows],
            "scores": [
                {"row": numbers[row], "system": system, "by_seed": dict(scores.by_seed)}
                for (row, system), scores in comparison.scores.items()
            ],
            "differences": [
                {"row": numbers[row], "system": system, **asdict(difference)}
                for (row, system), difference in comparison.differences.items()
            ],
            "overall": {system: asdict(one) for system, one in comparison.overall.items()},
            "notes": [_without_folders(note, runs) for note in comparison.notes],
            "runs": runs_as_json(_counted(comparison, runs)),
        },
    )


def _counted(comparison: Comparison, runs: Iterable[TestedRun]) -> list[TestedRun]:
    """Keep the runs that a comparison counts: those with its score, and no copies of others."""
    with_score = [run for run in runs if comparison.metric.in_scores(run.scores)]
    cells = group_runs(with_score, by=comparison.by).cells
    return [run for by_seed in cells.values() for run in by_seed.values()]


def _without_folders(note: str, runs: Iterable[TestedRun]) -> str:
    """Name runs in a note by what they are, not by where they lie on this machine."""
    for run in runs:
        note = note.replace(str(run.folder), f"{run.corpus}/{run.method}/seed_{run.seed}")
    return note


def read_record(file: Path) -> Recorded:
    """Read a comparison from a JSON file.

    Raises:
        OSError: If the file can't be read.
        ValueError: If it is no record of a comparison, is cut short, or is of another version.
    """
    record = load_record(file)
    return Recorded(_comparison(record), record["about"])


def _comparison(record: dict[str, Any]) -> Comparison:
    """Make the comparison of a record."""
    rows = [
        Row(**{**row, "factors": tuple((name, value) for name, value in row["factors"])})
        for row in record["rows"]
    ]
    return Comparison(
        metric=Metric(record["metric"]),
        by=record["by"],
        baseline=record["systems"][0],
        systems=record["systems"],
        rows=rows,
        scores={
            (rows[cell["row"]], cell["system"]): _scores(cell["by_seed"])
            for cell in record["scores"]
        },
        differences={
            (rows[cell.pop("row")], cell.pop("system")): Difference(**cell)
            for cell in map(dict, record["differences"])
        },
        overall={system: _overall(one) for system, one in record["overall"].items()},
        resamples=record["resamples"],
        notes=record["notes"],
    )


def _scores(by_seed: dict[str, float]) -> Scores:
    """Make scores; the keys of JSON are text."""
    return Scores({int(seed): score for seed, score in by_seed.items()})


def _overall(values: dict[str, Any]) -> Overall:
    scores, difference = values["scores"], values["difference"]
    parts = {
        "scores": scores and _scores(scores["by_seed"]),
        "difference": difference and Difference(**difference),
    }
    return Overall(**{"test_sets": values["rows"], **values, **parts})  # it is new
