"""The tested runs below folders and in records."""

import os
import warnings
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from lowner_pl.results.options import differing_options
from lowner_pl.results.tested.recorded_runs import is_record, read_runs
from lowner_pl.results.tested.tested_run import NAME, TestedRun, read_tested
from lowner_pl.runs.files import reason_of

if TYPE_CHECKING:
    import pandas

CHECKPOINTS = "checkpoints"
SKIPPED = ("superseded", "comparison", CHECKPOINTS)
NO_COLUMNS = ("scores", "options", "counts")
UNTRAINED = "none"
"""The checkpoint of a test without one: the model is untrained."""


class Found(NamedTuple):
    """What lies below some folders.

    Attributes:
        runs: The tested runs.
        problems: Files that were left out, and damaged configurations, one message each.
        untested: Run folders of taggers with a checkpoint and without test results.
    """

    runs: list[TestedRun]
    problems: list[str]
    untested: list[Path]


def find_runs(folders: Iterable[str | Path], *, every_checkpoint: bool = False) -> list[TestedRun]:
    """Find the tested runs below folders and in records, and warn of damaged files.

    Args:
        folders: Folders of runs, and files ``comparison.json``. Runs in ``superseded/`` are left
            out.
        every_checkpoint: Whether to list all tested checkpoints of a run, not just one: the best,
            else the last, else another.

    Raises:
        FileNotFoundError: If there is no such folder or file.
        ValueError: If a file is no record of a comparison, or a damaged one.
    """
    found = survey(folders, every_checkpoint=every_checkpoint)
    for problem in found.problems:
        warnings.warn(problem, stacklevel=2)
    return found.runs


def load_runs(*folders: str | Path, every_checkpoint: bool = False) -> "pandas.DataFrame":
    """Load the tested runs below folders, one row per run and test set.

    The columns are the attributes of `TestedRun`, its scores from 0 to 1, and the options that
    differ between the runs, such as ``model.optimizer.lr``.

    Args:
        folders: Folders of runs, such as ``lightning_logs``, and files ``comparison.json``.
        every_checkpoint: See `find_runs`.

    Raises:
        FileNotFoundError: If there is no such folder or file.
        ValueError: If a file is no record of a comparison, or a damaged one.
    """
    import pandas

    runs = find_runs(folders, every_checkpoint=every_checkpoint)
    differing = differing_options(run.options for run in runs)
    rows = []
    for run in runs:
        options = {name: run.options.get(name) for name in differing}
        own = {key: value for key, value in vars(run).items() if key not in NO_COLUMNS}
        own |= {"folder": str(run.folder), "tagged": str(run.tagged)}
        rows.append({**options, **run.scores, **own})
    scores = dict.fromkeys(name for run in runs for name in run.scores)
    names = [name for name in TestedRun.__dataclass_fields__ if name not in NO_COLUMNS]
    columns = dict.fromkeys((*names, *scores, *differing))
    return pandas.DataFrame(rows, columns=list(columns))


def survey(folders: Iterable[str | Path], *, every_checkpoint: bool = False) -> Found:
    """Find the tested runs below folders, and what had to be left out; see `find_runs`."""
    found = Found([], [], [])
    seen: set[Path] = set()
    for folder in map(Path, folders):
        if is_record(folder):
            if (resolved := folder.resolve()) not in seen:
                seen.add(resolved)
                found.runs.extend(read_runs(folder))
            continue
        if not folder.is_dir():
            raise FileNotFoundError(
                f"'{str(folder)[:255]}' does not exist. Give a folder of runs, such as "
                "lightning_logs, or a comparison.json."
            )
        for place, names, is_run in _places(folder, found.problems):
            if (resolved := place.resolve()) in seen:
                continue
            seen.add(resolved)
            if is_run and not names and not _is_language_model(place):
                found.untested.append(place)
            tested = list(_tested(place, names, found.problems))
            chosen = tested if every_checkpoint else _preferred(tested)
            found.runs.extend(chosen)
            broken = dict.fromkeys(run.options.problem for run in chosen)
            found.problems.extend(filter(None, broken))
    return found


def _places(folder: Path, problems: list[str]) -> Iterator[tuple[Path, list[str], bool]]:
    """Yield the folders below a folder that are runs or hold test results.

    Yields:
        The folder, the names of its test results, and whether it has checkpoints.
    """

    def unreadable(error: OSError) -> None:
        problems.append(f"'{error.filename}' can't be read: {reason_of(error)}.")

    for place, below, files in os.walk(folder, onerror=unreadable):
        is_run = CHECKPOINTS in below
        below[:] = sorted(name for name in below if name not in SKIPPED and name[0] != ".")
        names = [name for name in files if name.startswith(NAME) and name.endswith(".json")]
        if names or is_run:
            yield Path(place), sorted(names), is_run


def _is_language_model(run: Path) -> bool:
    """Tell from the dev scores of a run that no tagger was trained, as in a stage of `augment`."""
    try:
        with (run / "metrics.csv").open(encoding="utf-8") as file:
            columns = file.readline().strip().split(",")
    except (OSError, ValueError):
        return False
    return "dev/f1" not in columns and any(name.startswith("dev/") for name in columns)


def _tested(place: Path, names: Iterable[str], problems: list[str]) -> Iterator[TestedRun]:
    """Read the test results in a folder."""
    for name in names:
        try:
            yield from read_tested(place / name)
        except OSError as error:
            problems.append(f"'{place / name}' can't be read: {reason_of(error)}.")
        except ValueError as error:
            problems.append(str(error))


def _preferred(runs: Iterable[TestedRun]) -> list[TestedRun]:
    """Keep one checkpoint per test set: the best, else the last, else another."""
    order = {"best": 0, "last": 1}
    chosen: dict[tuple[str, str], TestedRun] = {}
    for run in sorted(runs, key=lambda run: order.get(run.checkpoint, len(order))):
        if run.checkpoint != UNTRAINED:
            chosen.setdefault((run.corpus, run.test_set), run)
    return list(chosen.values())
