"""The command line interface, which runs each command in its run folder."""

import sys
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.utilities.rank_zero import rank_zero_only
from lightning.pytorch import Trainer

from lowner_pl.callbacks import hush, progress_shown
from lowner_pl.commands.command_line import CommandLine
from lowner_pl.commands.run_start import check_can_begin, checkpoint_of
from lowner_pl.commands.run_trainer import (
    as_list,
    prepare_checkpoints,
    run_callbacks,
    run_loggers,
)
from lowner_pl.commands.trainer_callbacks import check_classes
from lowner_pl.runs import stopping
from lowner_pl.runs.checkpoints import AtomicCheckpointIO, restored_from
from lowner_pl.runs.claim import RunClaim
from lowner_pl.runs.disk import check_writable, checkpoint_bytes, explained
from lowner_pl.runs.folder import RunFolder
from lowner_pl.runs.logs.loggers import hush_writer
from lowner_pl.runs.paths import check_folder_name
from lowner_pl.runs.trainer.options import check_trainer_options, made_by_lightning
from lowner_pl.tagging.run_data import cause_of_ours

# Third-party warnings that a user can do nothing about.
QUIET = (
    "Checkpoint directory .* exists and is not empty",  # expected when a run is resumed in place
    "`ModelCheckpoint.monitor=.* could not find the monitored key",  # `UnscoredReport` says so
    "The dirpath has changed from",  # expected when a checkpoint of another run is loaded
    ".isinstance.treespec, LeafSpec.. is deprecated",  # Lightning uses it
)


class NERCLI(CommandLine):
    """A command line that makes data, model and trainer, and runs the command in its run folder."""

    claim: RunClaim | None = None
    """The claim of ``fit`` on its run folder."""

    def before_instantiate_classes(self) -> None:
        """Refuse callbacks that would not work, before Lightning tries to make them."""
        check_classes(self._get(self.config, "trainer")["callbacks"])

    def instantiate_classes(self) -> None:
        """Make data, model and trainer; raise our own errors without jsonargparse's wrapper."""
        try:
            super().instantiate_classes()
        except ValueError as error:
            if (ours := cause_of_ours(error)) is None:
                raise
            raise ours from None
        self.datamodule.predict_split = self.model.predict_split
        self.model.variant = self._get(self.config, "variant")

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Make a Trainer that works in the run folder."""
        command, model, data = str(self.subcommand), self.model, self.datamodule
        config = self._get(self.config_init, "trainer")
        self.run = self._run_folder()
        data.log_root = self.run.root
        model.check_batches(data)
        which = self._get(self.config, "ckpt_path")
        if which is None and command != "fit" and not config["fast_dev_run"]:
            which = "best"
        self.checkpoint = checkpoint_of(which, command, model, self.run)
        check_trainer_options(config, model, command=command)
        shown, options = progress_shown(config)
        plugins = [*as_list(config["plugins"]), AtomicCheckpointIO()]
        make = partial(super().instantiate_trainer, plugins=plugins, **{**kwargs, **options})
        if config["fast_dev_run"]:  # writes no files
            self.trainer_defaults = {"callbacks": shown}
            return made_by_lightning(make)
        check_writable(self.run.reports(self.checkpoint))
        resumed = None
        if command == "fit":
            resumed = check_can_begin(model, data, self.run, self.checkpoint)
        best, last = (self._get(self.config_init, f"{w}_checkpoint") for w in ("best", "last"))
        prepare_checkpoints(best, last, config["callbacks"], model, self.run)
        errors = bool(self._get(self.config, "report", default=False))
        callbacks = run_callbacks(command, model, self.run, self.checkpoint, shown, errors=errors)
        self.trainer_defaults = {"callbacks": callbacks}
        loggers = run_loggers(command, model, self.run, resumed, config["logger"])
        # Without a logger, Lightning asks this folder where `config.yaml` belongs.
        make = partial(make, logger=loggers, default_root_dir=str(self.run.path))
        trainer = made_by_lightning(make)
        if command == "fit" and _is_first_process():
            self.claim = RunClaim(self.run)
            needed = checkpoint_bytes(
                model.saved_weights().values(), model.trained_weights(), model.optimizer
            )
            self.claim.begin(resumed_step=resumed, needed=needed)
        return trainer

    def _run_folder(self) -> RunFolder:
        """Find the folder of this corpus, method and seed."""
        variant = self._get(self.config, "variant")
        if variant is not None:
            check_folder_name("--variant", variant)
        method = f"{self.model.method}-{variant}" if variant else self.model.method
        root = Path(self._get(self.config, "log_root"))
        return RunFolder(root, self.datamodule.name, method, self.model.seed)

    def _run_subcommand(self, subcommand: str) -> None:
        """Run the command, and release the run folder whatever happens."""
        try:
            with restored_from(self.checkpoint or ""):
                super()._run_subcommand(subcommand)
            self._note_end(subcommand)
        except BaseException as error:
            if self.claim is not None:
                stopping.advise(self.claim.give_up())
            if isinstance(error, OSError):
                raise explained(error, self.run.path) from error
            raise
        finally:
            self.run.release()

    def _note_end(self, subcommand: str) -> None:
        """Remove ``last.ckpt`` after the test of ``best``, if training ended with `keep_last` off.

        A run that was stopped inside an epoch does not count as ended.
        """
        if self.trainer.fast_dev_run or not _is_first_process():  # type: ignore[attr-defined]
            return
        ended = self.trainer.fit_loop.epoch_loop.batch_progress.is_last_batch
        if subcommand == "fit" and ended and not self._get(self.config, "keep_last"):
            self.run.last_can_go.touch()
        if subcommand == "test" and self.checkpoint == self.run.checkpoints / "best.ckpt":
            self.run.remove_last()

    def _prepare_subcommand_kwargs(self, subcommand: str) -> dict[str, Any]:
        """Set the arguments for Trainer, so that it loads our checkpoint without running code."""
        kwargs = super()._prepare_subcommand_kwargs(subcommand)
        kwargs["ckpt_path"] = self.checkpoint and str(self.checkpoint)
        kwargs["weights_only"] = True
        if subcommand in ("validate", "test"):
            kwargs["verbose"] = False
        if subcommand == "predict":
            kwargs["return_predictions"] = False
        return kwargs


def run(words: list[str] | None = None, parsed: CommandLine | None = None) -> NERCLI:
    """Run a command line, and return the CLI that ran it.

    Args:
        words: The command line, by default that of the process.
        parsed: The command line that has parsed ``words`` before, if there is one.
    """
    # Round numbers below 1e-38 to zero. Peaked attention produces them, and processors calculate a
    # hundred times slower with them: a training step on a long sentence took a third longer.
    torch.set_flush_denormal(True)
    hush_writer()
    for message in QUIET:
        warnings.filterwarnings("ignore", message=message)
    hush()
    return NERCLI(sys.argv[1:] if words is None else words, parsed=parsed)


def _is_first_process() -> bool:
    """Tell whether this is the only process, or the first of those on several devices."""
    return getattr(rank_zero_only, "rank", 0) == 0
