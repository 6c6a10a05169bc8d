"""The command line: LightningCLI with one link, run folders, and honest resuming."""

import sys
import warnings
from functools import partial
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.utilities.rank_zero import rank_zero_only
from lightning.pytorch import LightningModule, Trainer
from lightning.pytorch.cli import (
    ArgsType,
    LightningArgumentParser,
    LightningCLI,
    SaveConfigCallback,
)

from lowner_pl.callbacks import (
    BestCheckpoint,
    CorpusReport,
    FitReport,
    GenerationWriter,
    LastCheckpoint,
    PredictionWriter,
    RunFolderGuard,
    ScoreReport,
    StopSignals,
    TensorBoardReport,
    TestReport,
    UnscoredReport,
    hush,
    progress_shown,
)
from lowner_pl.commands.config_check import check_words
from lowner_pl.commands.configs import located
from lowner_pl.commands.failures import cause_of_ours
from lowner_pl.commands.option_errors import Typed
from lowner_pl.commands.option_parser import PROGRAM, OptionParser, top_options
from lowner_pl.commands.short_help import defaults_of, short_help
from lowner_pl.commands.trainer_callbacks import check_classes, check_kept, check_monitors
from lowner_pl.datamodules import SentenceDataModule
from lowner_pl.modules import (
    BaseModule,
    GeneratingModule,
    MELMLightningModule,
    NERModule,
)
from lowner_pl.runs import stopping
from lowner_pl.runs.checkpoints import AtomicCheckpointIO, read_checkpoint, restored_from
from lowner_pl.runs.claim import RunClaim
from lowner_pl.runs.disk import check_writable, checkpoint_bytes, explained
from lowner_pl.runs.files import write_text
from lowner_pl.runs.folder import RunFolder
from lowner_pl.runs.loggers import NoLogger, hush_writer
from lowner_pl.runs.paths import check_folder_name
from lowner_pl.runs.trainer_options import check_trainer_options, made_by_lightning

HELP_ALL = "--help-all"
_LOADERS = {"model", "datamodule", "verbose", "weights_only", "return_predictions"}
COMMANDS = {
    "fit": _LOADERS | {"train_dataloaders", "val_dataloaders"},
    **dict.fromkeys(("validate", "test", "predict"), _LOADERS | {"dataloaders"}),
}
"""Lightning's commands, each with the arguments of Trainer that users do not set."""
UNTRAINED = "none"
"""The ``--ckpt_path`` that takes the backbone as it comes."""
# Trainer options of every experiment, unless its configuration says otherwise.
TRAINER_DEFAULTS = {
    "devices": 1,
    "precision": "32-true",  # the papers are silent; bf16-mixed halves memory on recent GPUs
    "log_every_n_steps": 1,  # a hundred sentences are 7 steps an epoch
    "num_sanity_val_steps": 0,  # data are checked before training instead
    "deterministic": "warn",  # same seed and machine, same weights; warns where a GPU can't
}
# Third-party warnings that a user can do nothing about.
QUIET = (
    "Checkpoint directory .* exists and is not empty",  # it does, when a run is resumed in place
    "`ModelCheckpoint.monitor=.* could not find the monitored key",  # without dev scores; we say so
    "The dirpath has changed from",  # it does, when a checkpoint of another run is loaded
    ".isinstance.treespec, LeafSpec.. is deprecated",  # Lightning calling torch
)


class RunConfigCallback(SaveConfigCallback):
    """Writes the ``config.yaml`` that repeats the run: of ``fit`` only, without the resuming."""

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Wait: a checkpoint that is about to be refused must leave the folder as it was."""

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Write the file when training begins, whole or not at all."""
        del pl_module
        config = self.config.clone()
        config["ckpt_path"] = None
        folder = trainer.log_dir  # Lightning broadcasts it, so every device must ask for it
        if trainer.is_global_zero:
            assert folder is not None
            text = self.parser.dump(config, skip_none=False)
            write_text(Path(folder) / self.config_filename, text)


class NERCLI(LightningCLI):
    """LightningCLI that hands the entity types of the data to the model and knows run folders."""

    claim: RunClaim | None = None
    """The claim of ``fit`` on its run folder."""

    def __init__(self, words: list[str]) -> None:
        self.words = words
        super().__init__(
            BaseModule,
            SentenceDataModule,
            save_config_callback=RunConfigCallback,
            parser_class=OptionParser,
            parser_kwargs={"prog": PROGRAM},
            subclass_mode_model=True,
            subclass_mode_data=True,
            auto_configure_optimizers=False,
            seed_everything_default=0,
            trainer_defaults=TRAINER_DEFAULTS,
            args=words,
        )

    def add_arguments_to_parser(self, parser: LightningArgumentParser) -> None:
        """Link the one value both sides need; add where runs land and what is kept of them."""
        parser.link_arguments(
            "data.entity_types", "model.init_args.entity_types", apply_on="instantiate"
        )
        parser.add_argument(
            "--log_root", type=str, default="lightning_logs", help="Folder of all runs."
        )
        parser.add_argument(
            "--variant",
            type=str | None,
            default=None,
            help="Appended to the method in the run folder, to keep runs that differ in an option.",
        )
        parser.add_argument(
            "--keep_last",
            type=bool,
            default=True,
            help="Whether `last.ckpt` stays once `fit` came to its end and `test` scored `best`.",
        )
        for which, kind in (("best", BestCheckpoint), ("last", LastCheckpoint)):
            parser.add_lightning_class_args(kind, f"{which}_checkpoint")
            parser.set_defaults(
                {
                    f"{which}_checkpoint.filename": which,
                    f"{which}_checkpoint.auto_insert_metric_name": False,
                    f"{which}_checkpoint.enable_version_counter": False,
                }
            )
        parser.set_defaults(
            {
                "best_checkpoint.monitor": None,  # the method's headline score
                "best_checkpoint.save_weights_only": True,
                "last_checkpoint.save_on_train_epoch_end": True,
            }
        )

    def subcommands(self) -> dict[str, set[str]]:  # type: ignore[override]
        """Name the chosen command alone, because a parser takes a while to build."""
        return {name: COMMANDS[name] for name in self.words if name in COMMANDS} or COMMANDS

    def parse_arguments(self, parser: LightningArgumentParser, args: ArgsType) -> None:
        """Parse the command line, after checking the files that it names."""
        del args
        words = located(self.words)
        command = next((word for word in words if word in COMMANDS), "")
        parsers: dict[str, Any] = {"": parser, **self._subcommand_parsers}
        for name, one in parsers.items():
            one.prog = f"{PROGRAM} {name}".strip()
            one.typed = Typed(words, name or command)
        if command:
            check_words(words, top_options(parsers[command]))
        if command and HELP_ALL in words:
            words = ["--help" if word == HELP_ALL else word for word in words]
        elif command and {"-h", "--help"} & {*words}:
            given = [word for word in words if word not in ("-h", "--help")]
            values = defaults_of(parser, given)
            parsers[command].short_help = short_help(PROGRAM, command, values)
        self.config = parser.parse_args(words)

    def _parse_ckpt_path(self) -> None:
        """Leave the configuration alone: what the user types wins over a checkpoint's options."""

    def before_instantiate_classes(self) -> None:
        """Refuse callbacks that would not work; some cannot even be made from a configuration."""
        check_classes(self._get(self.config, "trainer")["callbacks"])

    def instantiate_classes(self) -> None:
        """Make data, model and trainer; what they refuse is raised as they say it."""
        try:
            super().instantiate_classes()
        except ValueError as error:
            if (ours := cause_of_ours(error)) is None:
                raise
            raise ours from None
        self.datamodule.predict_split = self.model.predict_split
        self.model.variant = self._get(self.config, "variant")

    def instantiate_trainer(self, **kwargs: Any) -> Trainer:
        """Return a Trainer that works in the run folder."""
        config = self._get(self.config_init, "trainer")
        self.run = self._run_folder()
        self.datamodule.log_root = self.run.root
        self.model.check_batches(self.datamodule)
        self.checkpoint = self._checkpoint()
        check_trainer_options(config, self.model, command=str(self.subcommand))
        shown, options = progress_shown(config)
        plugins = config["plugins"] or []
        plugins = [*(plugins if isinstance(plugins, list) else [plugins]), AtomicCheckpointIO()]
        make = partial(super().instantiate_trainer, plugins=plugins, **{**kwargs, **options})
        if config["fast_dev_run"]:  # leaves no trace
            self.trainer_defaults = {"callbacks": shown}
            return made_by_lightning(make)
        check_writable(self.run.reports(self.checkpoint))
        resumed = self._resumed_step() if self.subcommand == "fit" else None
        best, last = (self._get(self.config_init, f"{w}_checkpoint") for w in ("best", "last"))
        check_kept(best, last)
        best.dirpath = last.dirpath = str(self.run.checkpoints)
        if best.monitor is None:
            best.monitor = f"dev/{self.model.headline}"
        typed = config["callbacks"] or []
        check_monitors([best, *(typed if isinstance(typed, list) else [typed])], self.model)
        loggers = self._loggers(resumed)
        callbacks: list[Any] = [StopSignals(), RunFolderGuard(self.run.path), *shown]
        reports: tuple[Any, ...] = (ScoreReport,)
        if isinstance(self.model, NERModule):
            reports = (FitReport, TestReport, PredictionWriter)
        elif isinstance(self.model, GeneratingModule):
            reports = (ScoreReport, GenerationWriter)
        folder = self.run.reports(self.checkpoint)
        callbacks += [report(folder) for report in reports]
        if isinstance(self.model, NERModule):
            events, row = self.run.test_events(self.checkpoint)
            name = f"{self.run.name}/{self.run.version}"
            callbacks.append(TensorBoardReport(self.run.root, name, events, row))
        if self.subcommand == "fit":
            callbacks += [CorpusReport(), UnscoredReport(self.run.path)]
        self.trainer_defaults = {"callbacks": callbacks}
        # Without a logger, Lightning asks this folder where `config.yaml` belongs.
        make = partial(make, logger=loggers, default_root_dir=str(self.run.path))
        trainer = made_by_lightning(make)
        if self.subcommand == "fit" and _is_first_process():
            self.claim = RunClaim(self.run)
            needed = checkpoint_bytes(self.model, self.model.optimizer)
            self.claim.begin(resumed_step=resumed, needed=needed)
        return trainer

    def _loggers(self, resumed: int | None) -> list[Any]:
        """Return our loggers, and those of the configuration behind them; for `false`, none."""
        extra = self._get(self.config_init, "trainer")["logger"]
        if extra is False:
            return []
        if self.subcommand == "fit":
            of_tagger = isinstance(self.model, NERModule)
            loggers: list[Any] = self.run.training_loggers(resumed, of_tagger=of_tagger)
        else:
            loggers = [NoLogger()]
        if extra in (None, True):
            return loggers
        return loggers + (extra if isinstance(extra, list) else [extra])

    def _run_folder(self) -> RunFolder:
        """Return the folder that data, method and seed name."""
        variant = self._get(self.config, "variant")
        if variant is not None:
            check_folder_name("--variant", variant)
        method = f"{self.model.method}-{variant}" if variant else self.model.method
        root = Path(self._get(self.config, "log_root"))
        return RunFolder(root, self.datamodule.name, method, self.model.seed)

    def _checkpoint(self) -> Path | None:
        """Return the checkpoint file to load; tests and predictions default to the best one.

        Raises:
            ValueError: If there is to be none and the method needs one, or the method predicts
                nothing.
        """
        if self.subcommand == "predict" and not isinstance(
            self.model, NERModule | GeneratingModule
        ):
            raise ValueError(
                "`predict` needs a method that tags or generates, was: "
                f"{type(self.model).__name__}. Use `test` for its scores, or `export-backbone` and "
                "train a tagger on the backbone."
            )
        which = self._get(self.config, "ckpt_path")
        if which == UNTRAINED:
            if not isinstance(self.model, MELMLightningModule) or self.subcommand == "fit":
                raise ValueError(
                    f"`--ckpt_path {UNTRAINED}` is for what works untrained, generating with MELM, "
                    f"was: `{self.subcommand}` with {type(self.model).__name__}. Leave it out."
                )
            return None
        untried = self._get(self.config_init, "trainer")["fast_dev_run"]
        if which is None and self.subcommand != "fit" and not untried:
            which = "best"
        return None if which is None else self.run.checkpoint(which)

    def _resumed_step(self) -> int | None:
        """Make sure that training can begin; return the step that is resumed in place, if any.

        What is wrong with the data, the optimiser's options or the checkpoint stops here, the run
        folder untouched.
        """
        self.datamodule.setup("fit")
        self.model.check_data(self.datamodule)
        self.model.check_optimizer()
        if self.checkpoint is None:
            self.model.check_start()
            return None
        checkpoint = read_checkpoint(self.checkpoint)
        if "optimizer_states" not in checkpoint:
            raise ValueError(
                "Training can only go on from a checkpoint with the optimiser's state, was: "
                f"'{self.checkpoint}' with weights alone, as `best` has. Use `--ckpt_path last`."
            )
        with restored_from(self.checkpoint):
            self.model.on_load_checkpoint(checkpoint)
        return int(checkpoint["global_step"]) if self.run.holds(self.checkpoint) else None

    def _run_subcommand(self, subcommand: str) -> None:
        """Run the command, and give the run folder back whatever happens."""
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
        """Remove ``last.ckpt`` if it was not to be kept, training has ended and ``best`` is tested.

        A run that was stopped inside an epoch has not ended.
        """
        if self.trainer.fast_dev_run or not _is_first_process():  # type: ignore[attr-defined]
            return
        ended = self.trainer.fit_loop.epoch_loop.batch_progress.is_last_batch
        if subcommand == "fit" and ended and not self._get(self.config, "keep_last"):
            self.run.last_can_go.touch()
        if subcommand == "test" and self.checkpoint == self.run.checkpoints / "best.ckpt":
            self.run.remove_last()

    def _prepare_subcommand_kwargs(self, subcommand: str) -> dict[str, Any]:
        """Return the arguments for Trainer: the resolved checkpoint, loaded without code."""
        kwargs = super()._prepare_subcommand_kwargs(subcommand)
        kwargs["ckpt_path"] = self.checkpoint and str(self.checkpoint)
        kwargs["weights_only"] = True
        if subcommand in ("validate", "test"):
            kwargs["verbose"] = False
        if subcommand == "predict":
            kwargs["return_predictions"] = False
        return kwargs


def run(words: list[str] | None = None) -> NERCLI:
    """Run a command line (default: that of the process) and return the CLI that ran it."""
    # Peaked attention makes numbers below 1e-38, with which processors calculate a hundred times
    # slower: a training step of a long sentence took a third longer. They become zero.
    torch.set_flush_denormal(True)
    hush_writer()
    for message in QUIET:
        warnings.filterwarnings("ignore", message=message)
    hush()
    return NERCLI(sys.argv[1:] if words is None else words)


def _is_first_process() -> bool:
    """Return whether this process stands for the run, of those of several devices."""
    return getattr(rank_zero_only, "rank", 0) == 0
