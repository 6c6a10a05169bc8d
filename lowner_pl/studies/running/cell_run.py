"""Running one cell in this process: training and test, or a pipeline, with a record of both."""

import errno
import gc
import time
import traceback
from pathlib import Path

import torch

from lowner_pl.callbacks import read_test_record, scores_by_set
from lowner_pl.commands.cli import run
from lowner_pl.commands.command_line import Settings
from lowner_pl.commands.failures import describe
from lowner_pl.commands.run_config import run_with
from lowner_pl.pipelines.pipeline import Pipeline
from lowner_pl.pipelines.simulation.options import simulation_options
from lowner_pl.pipelines.simulation.simulation import Simulation
from lowner_pl.runs import stopping
from lowner_pl.runs.files import write_text
from lowner_pl.studies.records import Record
from lowner_pl.studies.running.inputs import inputs_of
from lowner_pl.studies.running.job import Job, Outcome

_settings: dict[str, Settings] = {}
FULL = (errno.ENOSPC, errno.EDQUOT)


def run_job(job: Job) -> Outcome:
    """Run a cell, and record how it ended.

    Raises:
        KeyboardInterrupt: If the process is asked to stop; the record then says ``running``.
    """
    folder, begun = Path(job.folder), time.monotonic()
    record = job.new_record()
    try:
        if job.command == "augment":
            _augment(job, record, folder)
        elif job.command == "simulate":
            _simulate(job, record, folder)
        else:
            _fit_and_test(job, record, folder)
        record.state, record.error = "done", ""
        record.seconds = time.monotonic() - begun
        record.write(folder)
        (folder / "error.txt").unlink(missing_ok=True)
        return Outcome("done", record.scores, record.seconds)
    except (Exception, SystemExit) as error:  # a parser exits after it has printed its message
        if stopping.received():  # Lightning exits when it is interrupted
            raise KeyboardInterrupt from error
        return _failed(record, folder, error, time.monotonic() - begun)
    finally:
        _free()


def _fit_and_test(job: Job, record: Record, folder: Path) -> None:
    """Train and test a tagger; continue a run that was stopped."""
    earlier = Record.read(folder)
    settings = _parsed("fit", job)
    record.inputs = inputs_of(settings.values)
    last = _last_checkpoint(earlier, record, settings)
    record.write(folder)
    if last is None:
        cli = run(settings.words, settings)
    else:
        print(f"Going on from {last}.")
        cli = run([*settings.words, f"--ckpt_path={last}"])
    cli.run.lock()
    try:
        tested = _parsed("test", job)
        run(tested.words, tested)
    finally:
        cli.run.release()
    _take_scores(job, record, cli.run.checkpoint("best"))
    (cli.run.checkpoints / "last.ckpt").unlink(missing_ok=True)
    if not job.keeps_checkpoints:
        _remove(cli.run.checkpoints)


def _parsed(command: str, job: Job) -> Settings:
    """Parse a command of a cell with a parser that this process has made once."""
    words = [command, *job.words]
    if command in _settings:
        _settings[command].parse_again(words)
    else:
        _settings[command] = Settings(words)
    return _settings[command]


def _augment(job: Job, record: Record, folder: Path) -> None:
    """Run a pipeline, which continues by itself where it was stopped."""
    pipeline = Pipeline(Path(job.configs[0]), job.words[1:])
    record.inputs = inputs_of(pipeline.settings)
    record.write(folder)
    pipeline.run()
    trained = Path(pipeline.record.entries["train"]["checkpoint"])
    _take_scores(job, record, trained)
    if not job.keeps_checkpoints:
        for entry in pipeline.record.entries.values():
            if "checkpoint" in entry:
                _remove(Path(entry["checkpoint"]).parent)


def _simulate(job: Job, record: Record, folder: Path) -> None:
    """Run a simulation, which continues by itself where it was stopped."""
    earlier = Record.read(folder)
    simulation = Simulation(simulation_options(job.words))
    record.inputs = inputs_of(simulation.settings)
    anew = earlier is not None and not _goes_on(earlier, record)
    record.write(folder)
    simulation.run(anew=anew)
    *rounds, last = simulation.runs
    _take_scores(job, record, last / "checkpoints" / "best.ckpt")
    root = Path(job.folder).parents[1].resolve()
    record.earlier = [run.resolve().relative_to(root).as_posix() for run in rounds]
    if not job.keeps_checkpoints:
        _remove(last / "checkpoints")


def _last_checkpoint(earlier: Record | None, record: Record, settings: Settings) -> Path | None:
    """Find the last checkpoint of the cell's stopped run, if it was begun with the same data."""
    if earlier is None or not _goes_on(earlier, record):
        return None
    folder = run_with(settings.values)
    last = None if folder is None else folder / "checkpoints" / "last.ckpt"
    return last if last is not None and last.is_file() else None


def _goes_on(earlier: Record, record: Record) -> bool:
    """Tell whether a cell was stopped that had begun with the same options and data."""
    same = (earlier.digest, earlier.inputs) == (record.digest, record.inputs)
    return same and earlier.state != "done"


def _take_scores(job: Job, record: Record, checkpoint: Path) -> None:
    """Read the scores of the run's test, and note where its files are."""
    root, folder = Path(job.folder).parents[1].resolve(), checkpoint.resolve().parents[1]
    tested = read_test_record(folder / "test_metrics.json")
    assert tested is not None
    record.folder = folder.relative_to(root).as_posix()
    record.checkpoint = checkpoint.resolve().relative_to(root).as_posix()
    record.scores = {name: scores["f1"] for name, scores in scores_by_set(tested).items()}


def _failed(record: Record, folder: Path, error: BaseException, seconds: float) -> Outcome:
    """Record an error: one sentence in the record, the traceback beside it."""
    record.state, record.error, record.seconds = "failed", describe(error), seconds
    print(f"error: {record.error}")
    text = "".join(traceback.format_exception(error))
    is_full = _is_full(error)
    try:
        record.write(folder)
        write_text(folder / "error.txt", f"{record.error}\n\n{text}")
    except OSError as second:
        is_full = is_full or _is_full(second)
    return Outcome("failed", seconds=seconds, error=record.error, is_full=is_full)


def _is_full(error: BaseException) -> bool:
    """Tell whether a disk is full. Where torch hides the system's reason, our message says so."""
    return isinstance(error, OSError) and (error.errno in FULL or "Free some space" in str(error))


def _remove(checkpoints: Path) -> None:
    """Remove the checkpoints of a tested run."""
    for file in checkpoints.glob("*.ckpt"):
        file.unlink(missing_ok=True)


def _free() -> None:
    """Free the memory of a cell before the next one."""
    gc.collect()
    if torch.cuda.is_initialized():
        torch.cuda.empty_cache()
