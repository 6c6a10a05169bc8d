"""What a reader must know about a comparison, in sentences below its table."""

from collections.abc import Mapping, Sequence
from itertools import product

from lowner_pl.results.comparison import Comparison
from lowner_pl.results.groups import Row
from lowner_pl.results.tested.tested_run import TestedRun
from lowner_pl.statistics.significance import fewest_test_sets

NAMED = 8  # rows or systems that a sentence lists


def reading_notes(
    comparison: Comparison, left_out: Sequence[TestedRun], equal: Mapping[str, Sequence[Row]]
) -> list[str]:
    """Say what a comparison can't tell, one sentence each.

    Args:
        comparison: The comparison.
        left_out: Runs without the score, or with one that is no finite number.
        equal: For each system, the rows where it has the baseline's counts in every sentence.
    """
    name = comparison.metric.name
    notes = [
        f"'{run.folder}' has the {name} {run.scores[name]}, which no mean can contain, and is left "
        "out. If its training diverged, train it again with a smaller `--model.optimizer.lr`."
        for run in left_out
        if name in run.scores
    ]
    if without := [run for run in left_out if name not in run.scores]:
        notes.append(
            f"{_runs(len(without))} no score {name} and {_are(len(without))} "
            f"left out, such as '{without[0].folder}'."
        )
    notes += _nothing_found(comparison)
    notes += _missing(comparison)
    notes += _single_seeds(comparison)
    notes += _other_seeds(comparison)
    notes += [
        f"{system} and {comparison.baseline} have the same counts of entities in every sentence of "
        f"{_listed([row.name for row in rows])}, as if one tagger had been tested twice. If they "
        "should differ there, compare their `config.yaml`. If not, as with the same training "
        "sentences, nothing is wrong."
        for system, rows in equal.items()
    ]
    if comparison.compared and comparison.metric.counted is None:
        notes.append(
            f"{comparison.metric.name} does not follow from counts of entities in sentences, so "
            "its differences have no intervals."
        )
    rows = max(
        (comparison.overall[s].test_sets for s in comparison.compared if s in comparison.overall),
        default=0,
    )
    many = len(comparison.compared)
    needed = fewest_test_sets(many) if many else 0
    if 1 < rows < needed:
        corrected = f", corrected for {many} comparisons," if many > 1 else ""
        notes.append(
            f"Signed ranks of {rows} test sets{corrected} can't give p < 0.05; at least {needed} "
            "can."
        )
    return notes


def _nothing_found(comparison: Comparison) -> list[str]:
    """Say which taggers found no entity, or none that is right, with at least one seed."""
    if comparison.metric.counted != ("f1", None):
        return []
    found = []
    for system, row in product(comparison.systems, comparison.rows):
        scores = comparison.scores.get((row, system))
        if scores and (zero := sum(score == 0 for score in scores.by_seed.values())):
            share = "" if zero == scores.seeds else f" ({zero} of {scores.seeds} seeds)"
            found.append((system, f"{row.name}{share}"))
    if not found:
        return []
    rows = {system: [name for one, name in found if one == system] for system, _ in found}
    where = _listed([f"{system} on {_listed(names)}" for system, names in rows.items()])
    return [
        f"F1 is 0 for {where}: no entity was found, or none that is right. Training may have been "
        "too short (`--trainer.max_epochs`)."
    ]


def _missing(comparison: Comparison) -> list[str]:
    """Say which rows a system or the baseline lacks."""
    notes = []
    for system in comparison.systems:
        rows = [row.name for row in comparison.rows if (row, system) not in comparison.scores]
        if rows:
            whose = "every" if system == comparison.baseline else "its"
            notes.append(
                f"{system} was not tested on {_listed(rows)}, which {whose} overall difference "
                "therefore leaves out."
            )
    return notes


def _single_seeds(comparison: Comparison) -> list[str]:
    """Say where one seed is too few to know anything about the noise of training."""
    covered = (
        ""
        if not comparison.compared
        else (": intervals and p-values cover only the choice of test sentences")
    )
    consequence = (
        f"one seed, which is too few to say anything about the noise of training{covered}. Train "
        "with more seeds (`--seed_everything`)."
    )
    single = [cell for cell, scores in comparison.scores.items() if scores.seeds == 1]
    if not single:
        return []
    if len(single) == len(comparison.scores):
        return [f"Each {comparison.by} ran with {consequence}"]
    systems = dict.fromkeys(system for _, system in single)
    rows = {s: _listed([row.name for row, one in single if one == s]) for s in systems}
    where = [f"{system} on {names}" for system, names in rows.items()]
    return [f"{_listed(where)} ran with {consequence}"]


def _other_seeds(comparison: Comparison) -> list[str]:
    """Say where a system and the baseline were not trained with the same seeds."""
    rows: dict[str, list[str]] = {}
    for row, system in comparison.differences:
        own, reference = (
            comparison.scores[row, one].by_seed for one in (system, comparison.baseline)
        )
        if own.keys() != reference.keys():
            rows.setdefault(system, []).append(row.name)
    if not rows:
        return []
    where = _listed([f"{system} on {_listed(names)}" for system, names in rows.items()])
    were = "was" if len(rows) == 1 else "were"
    return [
        f"{where} {were} not trained with the same seeds as {comparison.baseline}, so part of the "
        "difference may come from the seeds. Train with the seeds that are missing."
    ]


def _listed(names: Sequence[str]) -> str:
    """List names, the first few if there are many."""
    more = len(names) - NAMED
    if more > 0:
        return f"{', '.join(names[:NAMED])} and {more} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _runs(number: int) -> str:
    return f"{number} run has" if number == 1 else f"{number:,} runs have"


def _are(number: int) -> str:
    return "is" if number == 1 else "are"
