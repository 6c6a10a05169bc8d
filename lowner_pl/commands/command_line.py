"""The command line: the options of Lightning's commands and ours, and how they are parsed."""

from typing import Any

import yaml
from jsonargparse import set_loader
from lightning.pytorch.cli import ArgsType, LightningArgumentParser, LightningCLI

from lowner_pl.callbacks import BestCheckpoint, LastCheckpoint
from lowner_pl.commands.configs import located
from lowner_pl.commands.options.config_check import check_words, load_with_references
from lowner_pl.commands.options.option_parser import OptionParser, top_options
from lowner_pl.commands.options.plain_parser import PROGRAM
from lowner_pl.commands.options.short_help import defaults_of, short_help
from lowner_pl.commands.options.typed import Typed
from lowner_pl.commands.run_config import RunConfigCallback, as_values
from lowner_pl.datamodules import SentenceDataModule
from lowner_pl.modules import BaseModule
from lowner_pl.runs.trainer.precision import RunTrainer

HELP_ALL = "--help-all"
MOST_SEED = 2**32 - 1  # of NumPy's generator
_LOADERS = {"model", "datamodule", "verbose", "weights_only", "return_predictions"}
COMMANDS = {
    "fit": _LOADERS | {"train_dataloaders", "val_dataloaders"},
    **dict.fromkeys(("validate", "test", "predict"), _LOADERS | {"dataloaders"}),
}
"""Lightning's commands, each with the arguments of Trainer that users do not set."""
# Trainer options of every experiment, unless its configuration says otherwise.
TRAINER_DEFAULTS = {
    "devices": 1,
    "precision": "32-true",  # the papers are silent; bf16-mixed halves memory on recent GPUs
    "log_every_n_steps": 1,  # a hundred sentences make only 7 steps per epoch
    "num_sanity_val_steps": 0,  # data are checked before training instead
    "deterministic": "warn",  # the same seed gives the same weights; warns where a GPU can't
}


class CommandLine(LightningCLI):
    """LightningCLI with our options, one link between data and model, and short messages.

    Args:
        words: The command line.
        typed: The command line as the user wrote it, for messages; by default ``words``.
        parsed: The command line that has parsed ``words`` before, if there is one. Its parser is
            used again.
    """

    def __init__(
        self, words: list[str], typed: Typed | None = None, parsed: "CommandLine | None" = None
    ) -> None:
        self.words = words
        self.typed = typed
        self.parsed = parsed
        set_loader("yaml", load_with_references, (yaml.YAMLError,))
        super().__init__(
            BaseModule,
            SentenceDataModule,
            save_config_callback=RunConfigCallback,
            trainer_class=RunTrainer,
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
        """Link the entity types of data and model; add options for run folders and checkpoints."""
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
            help="Whether `last.ckpt` stays after `fit` has finished and `test` has scored `best`.",
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

    def _prepare_subcommand_parser(
        self, klass: type, subcommand: str, **kwargs: Any
    ) -> LightningArgumentParser:
        """Make the parser of a command, with the option that only ``test`` has."""
        parser = super()._prepare_subcommand_parser(klass, subcommand, **kwargs)
        if subcommand == "test":
            parser.add_argument(
                "--report",
                type=bool,
                nargs="?",
                const=True,
                default=False,
                help="Write the entities that the tagger got wrong as a page: test_errors.html.",
            )
        return parser

    def subcommands(self) -> dict[str, set[str]]:  # type: ignore[override]
        """Return only the chosen command, because building a parser takes a while."""
        return {name: COMMANDS[name] for name in self.words if name in COMMANDS} or COMMANDS

    def setup_parser(
        self, add_subcommands: bool, main_kwargs: dict[str, Any], subparser_kwargs: dict[str, Any]
    ) -> None:
        """Make the parser, which takes a while, unless there is one."""
        if self.parsed is None:
            super().setup_parser(add_subcommands, main_kwargs, subparser_kwargs)
            return
        self.parser = self.parsed.parser
        self._subcommand_parsers = self.parsed._subcommand_parsers
        self._subcommand_method_arguments = self.parsed._subcommand_method_arguments

    def parse_arguments(self, parser: LightningArgumentParser, args: ArgsType) -> None:
        """Parse the command line, after checking the files that it names."""
        del args
        if self.parsed is not None:
            self.config = self.parsed.config.clone()
            return
        words = located(self.words)
        command = next((word for word in words if word in COMMANDS), "")
        parsers: dict[str, Any] = {"": parser, **self._subcommand_parsers}
        for name, one in parsers.items():
            one.prog = f"{PROGRAM} {name}".strip()
            one.typed = self.typed or Typed(words, name or command)
        if command:
            check_words(words, top_options(parsers[command]))
        if command and HELP_ALL in words:
            words = ["--help" if word == HELP_ALL else word for word in words]
        elif command and {"-h", "--help"} & {*words}:
            given = [word for word in words if word not in ("-h", "--help")]
            values = defaults_of(parser, given)
            parsers[command].short_help = short_help(PROGRAM, command, values)
        self.config = parser.parse_args(words)

    def _set_seed(self) -> None:
        """Seed the run, with a number that every random generator takes."""
        seed = self._get(self.config, "seed_everything")
        if not 0 <= int(seed) <= MOST_SEED:
            raise ValueError(
                f"`--seed_everything` is {str(seed)[:80]}, but it must be between 0 and "
                f"{MOST_SEED}. Choose a number in this range."
            )
        super()._set_seed()

    def _parse_ckpt_path(self) -> None:
        """Ignore the options stored in the checkpoint, which would override those of the user."""

    def _dump_config(self) -> None:
        """Note the configuration, which becomes the hyper-parameters of data and model.

        Lightning would validate it once more.
        """
        if not hasattr(self, "config_dump"):
            whole = as_values(self.parser, self.config, skip_link_targets=False)
            self.config_dump = whole[self.config.subcommand]


class Settings(CommandLine):
    """A command line that is parsed, to be run later or not at all."""

    @property
    def values(self) -> dict[str, Any]:
        """The whole configuration of the command as plain values, defaults included."""
        command = str(self.subcommand)
        return as_values(self._subcommand_parsers[command], self.config[command])

    def parse_again(self, words: list[str], typed: Typed | None = None) -> None:
        """Parse another command line of the same command; making a parser takes a while.

        Args:
            words: The command line.
            typed: The command line as the user wrote it, for messages; by default ``words``.
        """
        self.words, self.typed = words, typed
        self.parse_arguments(self.parser, None)

    def _set_seed(self) -> None:
        """Leave the random state alone."""

    def instantiate_classes(self) -> None:
        """Make nothing."""

    def _run_subcommand(self, subcommand: str) -> None:
        """Run nothing."""
