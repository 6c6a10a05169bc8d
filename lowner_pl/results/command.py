"""The command ``compare``: finished runs as one table, with intervals and tests."""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from lowner_pl.commands.options.nearest import did_you_mean
from lowner_pl.commands.options.plain_parser import PROGRAM, PlainParser
from lowner_pl.results.comparing import RESAMPLES, compare_runs
from lowner_pl.results.learning.curves import learning_curves
from lowner_pl.results.learning.tables import print_curves, write_curves
from lowner_pl.results.output import RECORD, where_written, write_comparison, write_tables
from lowner_pl.results.tables.terminal import print_comparison
from lowner_pl.results.tested.recorded_runs import is_record, read_runs
from lowner_pl.results.tested.runs import Found, survey
from lowner_pl.results.tested.tested_run import TestedRun

FEWEST = 100  # resamples of which a 95 % interval can be read


def compare(arguments: Sequence[str]) -> None:
    """Compare the runs below folders and in records with a baseline, and write tables and files.

    Args:
        arguments: The folders, records and options.

    Raises:
        FileNotFoundError: If there is no such folder or record.
        ValueError: If there is nothing to compare, or the runs can't be compared; or if only
            records are given, and no folder to write to.
        OSError: If a file can't be written.
    """
    options = _parser(arguments).parse_args(arguments)
    if options.resamples and options.resamples < FEWEST:
        raise ValueError(
            f"`--resamples` is {options.resamples}, but it must be at least {FEWEST}, or 0 for no "
            "intervals."
        )
    out = _out(options.out, options.folders)
    found = survey(options.folders)
    if not options.tables_only:
        _check_record(out / RECORD, options.folders, found.runs)
    for problem in found.problems:
        print(f"warning: {problem}", file=sys.stderr)
    if not found.runs:
        raise ValueError(_nothing(options.folders, found))
    runs = _selected(found.runs, options.test_set)
    comparison = compare_runs(
        runs,
        baseline=options.baseline,
        by=options.by,
        metric=options.metric,
        resamples=options.resamples,
        progress=_show_progress if sys.stderr.isatty() else None,
    )
    curves = None if options.reach is None else learning_curves(comparison, options.reach, runs)
    print_comparison(comparison)
    if curves is not None:
        print_curves(curves)
    if found.untested:
        print(f"note: {_untested(found)}")
    if options.tables_only:
        files = write_tables(comparison, out)
        if curves is not None:
            files += write_curves(curves, out)
        print(f"Written in {out}: {', '.join(file.name for file in files)}")
    else:
        write_comparison(
            comparison, out, runs, title=" ".join(options.title.split()), curves=curves
        )
        print(where_written(out))


def _parser(arguments: Sequence[str]) -> PlainParser:
    """Make the parser of the command."""
    parser = PlainParser(
        prog=f"{PROGRAM} compare",
        words=arguments,
        description="Compare tested runs with a baseline: means over seeds, 95 % intervals by "
        "paired bootstrap over test sentences, signed ranks over test sets.",
    )
    parser.add_argument(
        "folders",
        nargs="+",
        type=Path,
        metavar="FOLDER",
        help="folders of runs, such as lightning_logs, or records (comparison.json)",
    )
    parser.add_argument("--baseline", help="what to compare with, by default sner")
    parser.add_argument(
        "--by",
        default="method",
        help="what is compared: method (default), size, backbone, or an option: model.head",
    )
    parser.add_argument("--metric", default="f1", help="a score, such as recall or f1/PER")
    parser.add_argument(
        "--test_set", nargs="+", metavar="NAME", help="only these languages, test sets or corpora"
    )
    parser.add_argument(
        "--reach",
        type=float,
        metavar="N",
        help="also compare learning curves: their areas, and the sentences to reach what the "
        "baseline has with N",
    )
    parser.add_argument("--out", type=Path, help="where to write, by default the first FOLDER")
    parser.add_argument("--title", default="", help="heading of the page: what was compared")
    parser.add_argument(
        "--resamples",
        type=int,
        default=RESAMPLES,
        help=f"resamples of the test sentences, by default {RESAMPLES:,}; 0 for no intervals",
    )
    parser.add_argument(
        "--tables_only",
        action="store_true",
        help="draw no pictures, which take minutes for hundreds of test sets",
    )
    return parser


def _out(wanted: Path | None, given: Sequence[Path]) -> Path:
    """Find where to write: what is wanted, or the first folder that is given.

    Raises:
        ValueError: If there are only records, beside which nothing is written, since the new record
            could take the place of one of them.
    """
    folders = [wanted] if wanted else [place for place in given if not is_record(place)]
    if not folders:
        raise ValueError(
            f"'{given[0]}' is a record, and no folder says where to write. Give one with `--out`."
        )
    return folders[0]


def _check_record(file: Path, given: Sequence[Path], found: Sequence[TestedRun]) -> None:
    """Refuse to write over a record that is compared, or that alone has some of its runs.

    Raises:
        ValueError: If that would happen.
    """
    if not file.is_file():
        return
    if any(is_record(place) and place.samefile(file) for place in given):
        raise ValueError(f"'{file}' is compared, and would be written anew. Give another `--out`.")
    try:
        earlier = read_runs(file)
    except (OSError, ValueError):
        return  # it has no runs, or none that can be read
    there = {name for run in found for name in _names(run)}
    if lost := [run for run in earlier if there.isdisjoint(_names(run))]:
        raise ValueError(
            f"'{file}' would be written anew, and has {len(lost):,} of {len(earlier):,} runs that "
            f"are not compared now, such as '{lost[0].folder}'. Give that file too, with another "
            "`--out`; or delete it, if these runs should not count."
        )


def _names(run: TestedRun) -> set[tuple[object, ...]]:
    """Return what a run is: by its names, and by its scores, since a study gives other names."""
    scores = tuple(sorted(run.scores.items()))
    return {
        (run.corpus, run.method, run.seed, run.test_set, run.checkpoint),
        (run.sha256, run.seed, scores),
    }


def _selected(runs: Sequence[TestedRun], names: Iterable[str] | None) -> Sequence[TestedRun]:
    """Keep the runs on the named languages, test sets or corpora.

    Raises:
        ValueError: If a name is none of them.
    """
    if names is None:
        return runs
    known = {name for run in runs for name in (run.language, run.test_set, run.corpus)}
    for name in names:
        if name not in known:
            hint = did_you_mean(name, known) or f" Use one of {', '.join(sorted(known))[:200]}."
            raise ValueError(f"No run was tested on {name[:80]!r}.{hint}")
    return [run for run in runs if {run.language, run.test_set, run.corpus} & {*names}]


def _untested(found: Found) -> str:
    """Say how many runs have no test results."""
    first, number = found.untested[0], len(found.untested)
    if number == 1:
        return f"1 run has no test results and is left out: '{first}'. Run `test` on it."
    return (
        f"{number:,} runs have no test results and are left out, such as '{first}'. Run `test` on "
        "them."
    )


def _nothing(folders: Sequence[Path], found: Found) -> str:
    """Say why there is nothing to compare."""
    places = ", ".join(f"'{folder}'" for folder in folders)[:200]
    if found.untested:
        return (
            f"None of the {len(found.untested):,} runs below {places} has test results. Run `test` "
            f"on them, such as that in '{found.untested[0]}'."
        )
    records = [folder / RECORD for folder in folders if (folder / RECORD).is_file()]
    if records:
        return (
            f"There are no tested runs below {places}, but a record of some. Give '{records[0]}'."
        )
    if found.problems:
        return f"No results below {places} can be read: see the warnings."
    return f"There are no tested runs below {places}. Run `fit` and `test` first."


def _show_progress(done: int, rows: int) -> None:
    """Say how many test sets are done, in a line that is overwritten."""
    end = "\r" + " " * 60 + "\r" if done == rows else ""
    print(f"\rComparing: {done:,} of {rows:,} test sets{end}", end="", file=sys.stderr, flush=True)
