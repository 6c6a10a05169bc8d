"""Our callbacks and loggers for the Trainer of a command."""

from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

from lightning.pytorch import Callback
from lightning.pytorch.callbacks import ModelCheckpoint
from lightning.pytorch.loggers import Logger

from lowner_pl.callbacks import (
    CorpusReport,
    ErrorReport,
    FitReport,
    GenerationWriter,
    PredictionWriter,
    RunFolderGuard,
    ScoreReport,
    StopSignals,
    TensorBoardReport,
    TestReport,
    UnscoredReport,
)
from lowner_pl.commands.trainer_callbacks import check_kept, check_monitors
from lowner_pl.modules import BaseModule
from lowner_pl.runs.folder import RunFolder
from lowner_pl.runs.logs.loggers import NoLogger

_Item = TypeVar("_Item")


def run_callbacks(
    command: str,
    model: BaseModule,
    run: RunFolder,
    checkpoint: Path | None,
    shown: Sequence[Callback],
    *,
    errors: bool = False,
) -> list[Callback]:
    """Make the callbacks that guard the run folder and write the reports of this kind of method.

    Args:
        command: The command.
        model: The method.
        run: The run folder.
        checkpoint: The checkpoint that is loaded, if any.
        shown: The callbacks that show progress.
        errors: Whether a test writes the page of a tagger's errors.

    Raises:
        ValueError: If it should, but the method is no tagger.
    """
    folder = run.reports(checkpoint)
    callbacks: list[Callback] = [StopSignals(), RunFolderGuard(run.path), *shown]
    if errors and model.kind != "tagger":
        raise ValueError(
            f"`--report` writes a page of the entities that a tagger got wrong, but "
            f"{type(model).__name__} does not tag. Leave it out."
        )
    match model.kind:
        case "tagger":
            events, row = run.test_events(checkpoint)
            name = f"{run.name}/{run.version}"
            callbacks += [ErrorReport(folder)] if errors else []
            callbacks += [FitReport(folder), TestReport(folder), PredictionWriter(folder)]
            callbacks += [TensorBoardReport(run.root, name, events, row)]
        case "generator":
            callbacks += [ScoreReport(folder), GenerationWriter(folder)]
        case "language_model":
            callbacks += [ScoreReport(folder)]
    if command == "fit":
        callbacks += [CorpusReport(run.path), UnscoredReport(run.path)]
    return callbacks


def run_loggers(
    command: str,
    model: BaseModule,
    run: RunFolder,
    resumed: int | None,
    configured: Logger | list[Logger] | bool | None,
) -> list[Logger]:
    """Make our loggers, followed by those of the configuration.

    Args:
        command: The command.
        model: The method.
        run: The run folder.
        resumed: The step that is resumed in place, if any.
        configured: The option ``trainer.logger``; none are made for ``false``.
    """
    if configured is False:
        return []
    loggers: list[Logger] = [NoLogger()]
    if command == "fit":
        loggers = run.training_loggers(resumed, of_tagger=model.kind == "tagger")
    if configured is None or isinstance(configured, bool):
        return loggers
    return loggers + (configured if isinstance(configured, list) else [configured])


def prepare_checkpoints(
    best: ModelCheckpoint,
    last: ModelCheckpoint,
    configured: Callback | list[Callback] | None,
    model: BaseModule,
    run: RunFolder,
) -> None:
    """Let the checkpoint callbacks write into the run folder, and check what callbacks monitor.

    Args:
        best: Keeps ``best.ckpt``.
        last: Keeps ``last.ckpt``.
        configured: The option ``trainer.callbacks``.
        model: The method.
        run: The run folder.

    Raises:
        ValueError: If the options of a callback don't work.
    """
    check_kept(best, last)
    best.dirpath = last.dirpath = str(run.checkpoints)
    if best.monitor is None:
        best.monitor = f"dev/{model.headline}"
    check_monitors([best, *as_list(configured)], model)


def as_list(value: _Item | list[_Item] | None) -> list[_Item]:
    """Make a list of an option that may be a list, one item or ``None``."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
