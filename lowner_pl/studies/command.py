"""The command ``study``: read the file, find the cells that are left, run them, compare."""

import argparse
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from lowner_pl.commands.configs import FOLDER, locate
from lowner_pl.commands.options.nearest import did_you_mean, nearest
from lowner_pl.commands.options.plain_parser import PROGRAM, PlainParser
from lowner_pl.runs import stopping
from lowner_pl.runs.files import claimed
from lowner_pl.studies.cells import Cell, expand, only
from lowner_pl.studies.compared import note_comparison, still_holds
from lowner_pl.studies.engines.engine import Engine
from lowner_pl.studies.engines.local import LocalEngine
from lowner_pl.studies.records import Record, Records, Status
from lowner_pl.studies.schedule import Starts, run_all
from lowner_pl.studies.screen import Progress, Screen, duration
from lowner_pl.studies.study_file.reading import read_study
from lowner_pl.studies.study_file.spec import Study

OWN = ("config", "engine", "workers", "gpus_per_run", "dry_run", "only", "log_root", "redo")
ENGINES = ("local", "ray")


USAGE = f"{PROGRAM} study FILE [--config OVERLAY …] [options of the study] [options of all cells]"


@dataclass(frozen=True)
class Found:
    """A cell with what is known of it."""

    cell: Cell
    status: Status
    record: Record | None


def study(arguments: list[str]) -> None:
    """Run a study from the command line.

    Args:
        arguments: The study file, our own options, and options for all cells.

    Raises:
        ValueError: If the study or an option is wrong, or cells failed.
    """
    parser = _parser(arguments)
    if not arguments or arguments[0] in ("-h", "--help"):
        parser.print_help()
        return
    if arguments[0].startswith("-"):
        raise ValueError(
            f"The study file comes first: `{PROGRAM} study FILE {arguments[0][:80]} …`."
        )
    options, more = parser.parse_known_args(arguments[1:])
    _check_mistyped(more)
    if options.workers is not None and options.workers < 1:
        raise ValueError(f"`--workers` is {options.workers}, but it must be at least 1.")
    overlays = [locate(file) for file in options.config]
    embedded = [file for file in overlays if Path(file).resolve() == FOLDER / "embedded.yaml"]
    others = [file for file in overlays if file not in embedded]
    file = _file(arguments[0])
    spec = read_study(file, others, embedded=embedded[0] if embedded else None)
    root = Path(options.log_root) / spec.name
    records = Records(root)
    everything = expand(spec, root, more)
    _check_baseline(spec, everything)
    starts = Starts(everything)
    wanted = ",".join(options.only)
    cells = only(everything, wanted, spec.axes) if options.only else everything
    if options.dry_run:
        _list(spec, records, cells, _workers(options))
        return
    refusal = (
        f"Another process runs the study in '{root}'. Wait for it, or give another `--log_root`."
    )
    with claimed(root, refusal):
        stopping.advise("Repeat the command to go on; finished cells are skipped.")
        _run(spec, records, starts, everything, cells, options)


def _parser(words: Sequence[str]) -> PlainParser:
    """Make the parser of our own options."""
    parser = PlainParser(prog=f"{PROGRAM} study", usage=USAGE, words=words)
    add = parser.add_argument
    add("--config", action="append", default=[], metavar="FILE", help="laid over every cell")
    add("--engine", choices=ENGINES, default="local", help="what runs the cells")
    add("--workers", type=int, help="cells at once (default: one per GPU or core)")
    add("--gpus_per_run", type=float, help="share of a GPU per cell, such as 0.25")
    add("--dry_run", "--dry-run", action="store_true", help="list the cells, run nothing")
    only_help = "run a part of the study; may be given several times"
    add("--only", action="append", default=[], metavar="AXIS=VALUE,…", help=only_help)
    add("--log_root", default="lightning_logs", metavar="FOLDER", help="folder of all runs")
    add("--redo", action="store_true", help="run cells again that were done otherwise")
    return parser


def _run(
    spec: Study,
    records: Records,
    starts: Starts,
    everything: Sequence[Cell],
    cells: Sequence[Cell],
    options: argparse.Namespace,
) -> None:
    """Run the cells that are left, and say which failed."""
    found = [Found(cell, *records.status(cell)) for cell in cells]
    _refuse_changed(found, redo=options.redo, root=records.root)
    todo = [one.cell for one in found if one.status != "done"]
    done = [one.record for one in found if one.status == "done" and one.record is not None]
    _note_code(done)
    progress = Progress(cells, done, workers=1)  # of the engine, as soon as there is one
    if not todo:
        Screen(spec.title, progress).say(spec.title, f"{progress.summary()}.")
        _compare(spec, records, everything)
        return
    _check(spec, records, todo, reach_backbones=True)
    engine = _engine(options, len(todo), records.root)
    progress.workers = min(engine.workers, len(todo))
    if progress.workers > 1:
        print(f"Running {progress.workers} cells at once.", flush=True)
    try:
        with Screen(spec.title, progress) as screen:
            run_all(spec, records, starts, todo, screen, engine)
    finally:
        engine.stop()
    _compare(spec, records, everything)
    if failed := progress.failed:
        name, error = next(iter(failed.items()))
        log = next(records.folder(cell) for cell in todo if cell.name == name) / "output.log"
        raise ValueError(
            f"{len(failed)} of {len(cells)} cells failed, the first one {name}: {error} Its output "
            f"is in '{log}'. The same command tries failed cells again."
        )


def _check_baseline(spec: Study, cells: Sequence[Cell]) -> None:
    """Refuse a baseline that no cell has, before the first one runs.

    Raises:
        ValueError: If there is no such system.
    """
    if (name := spec.report.baseline) is None:
        return
    labels = dict.fromkeys(part for cell in cells for part in (cell.label, *cell.values.values()))
    if name not in labels and name not in {label.partition("-")[0] for label in labels}:
        hint = did_you_mean(name, labels) or f" Such as {', '.join([*labels][:8])}."
        raise ValueError(f"{spec.file}: no cell is of the baseline {name[:80]!r}.{hint}")


def _compare(spec: Study, records: Records, everything: Sequence[Cell]) -> None:
    """Compare all cells that are done, unless that was done already; say where the tables are."""
    from lowner_pl.results.output import where_written
    from lowner_pl.studies.outcome import compare_cells  # imports matplotlib and scipy

    if not still_holds(spec, records, everything):
        files = compare_cells(spec, records, everything)
        if not files:
            return
        note_comparison(spec, records, everything, files)
    print(where_written(records.root))


def _engine(options: argparse.Namespace, cells: int, root: Path) -> Engine:
    """Make the engine."""
    if options.engine != "ray" and options.gpus_per_run is not None:
        raise ValueError(
            "`--gpus_per_run` needs `--engine ray`. Workers of this machine take turns on its "
            "GPUs: choose how many there are with `--workers`."
        )
    if options.engine == "ray":
        from lowner_pl.studies.engines.ray_engine import RayEngine

        return RayEngine(options.workers, options.gpus_per_run)
    return LocalEngine(min(_workers(options), cells), root / "cells" / "workers.log")


def _list(spec: Study, records: Records, cells: Sequence[Cell], workers: int) -> None:
    """Print the cells with their states, estimated times and commands."""
    found = [Found(cell, *records.status(cell)) for cell in cells]
    done = [one.record for one in found if one.status == "done" and one.record is not None]
    progress = Progress(cells, done, workers)
    with TemporaryDirectory() as place:  # nothing is to be written to the folder of the study
        todo = [one.cell for one in found if one.status != "done"]
        _check(spec, Records(Path(place)), todo, reach_backbones=False)
    print(spec.title)
    for one in found:
        seconds = None if one.status == "done" else progress.estimate(one.cell)
        time = "" if seconds is None else f", about {duration(seconds)}"
        print(f"\n{one.cell.name}: {one.status}{time}\n  {one.cell.by_hand()}")
    left = progress.time_left()
    total = "unknown until a cell is done" if left is None else f"about {duration(left)}"
    print(f"\n{progress.summary()}. Time with {workers} workers: {total}.")


def _check(spec: Study, records: Records, todo: Sequence[Cell], *, reach_backbones: bool) -> None:
    """Parse the configurations of cells that are left, and find those that can't run.

    Raises:
        ValueError: If a cell can't be parsed, or two would write into one folder.
        FileNotFoundError: If data of a cell do not exist, or its backbone can't be found.
    """
    from lowner_pl.studies.checking import Checker

    def progress(number: int) -> None:
        if number:
            noun = "configuration" if number == 1 else "configurations"
            print(f"Checking {number} {noun}.", flush=True)

    missing = Checker(records, reach_backbones=reach_backbones).check(todo, spec.axes, progress)
    if missing:
        file, cell = next(iter(missing.items()))
        others = f" Others are missing too, {len(missing)} in all." if len(missing) > 1 else ""
        raise FileNotFoundError(
            f"{file} of the cell {cell.name} does not exist.{others} Correct the path, or leave "
            "such cells out with `--only`."
        )


def _refuse_changed(found: Sequence[Found], *, redo: bool, root: Path) -> None:
    """Refuse to run cells anew that are done otherwise, unless the user asks for it.

    Raises:
        ValueError: If there are such cells.
    """
    changed = [one for one in found if one.status == "changed"]
    if changed and not redo:
        raise ValueError(
            f"{len(changed)} finished cells in '{root}', such as {changed[0].cell.name}, were run "
            "with other options, data or another version of the package. Give another "
            "`--log_root`, or add `--redo` to run them again; their runs move to `superseded/`."
        )


def _note_code(done: Sequence[Record]) -> None:
    """Say how many cells were run with another source of the same version."""
    from lowner_pl.studies.running.inputs import code_hash

    other = sum(record.code != code_hash() for record in done)
    if other:
        print(
            f"{other} finished cells were run with other source files of this version of "
            "lowner_pl. They are kept."
        )


def _check_mistyped(words: Sequence[str]) -> None:
    """Refuse an option that looks like one of the study's own."""
    for word in words:
        name = word.removeprefix("--").partition("=")[0]
        if word.startswith("--") and "." not in name and (found := nearest(name, OWN)):
            raise ValueError(f"There is no option --{name[:80]}. Did you mean --{found}?")


def _file(name: str) -> Path:
    """Find a study file: a path, or the name of one that comes with the package."""
    if not Path(name).suffix and not Path(name).exists():
        name = f"studies/{name}.yaml"
    return Path(locate(name))


def _workers(options: argparse.Namespace) -> int:
    """Choose how many cells run at once."""
    if options.workers is not None:
        return int(options.workers)
    import torch  # takes a second, which a finished study does not need

    if gpus := torch.cuda.device_count():
        return gpus  # cells that share one may not fit into its memory
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
