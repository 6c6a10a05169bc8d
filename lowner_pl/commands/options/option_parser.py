"""Lightning's parser, which reports a mistake in one sentence and exits with status 2."""

import argparse
import sys
from typing import IO, Any, NoReturn

from lightning.pytorch.cli import LightningArgumentParser

from lowner_pl.commands.options.option_errors import explain
from lowner_pl.commands.options.plain_parser import PROGRAM, option_names
from lowner_pl.commands.options.typed import Typed


class OptionParser(LightningArgumentParser):
    """Lightning's parser, which reports a mistake in one sentence and has a short ``--help``.

    Attributes:
        typed: The command line, for messages that name an option the way the user wrote it.
        short_help: The text that ``--help`` prints, or ``None`` to print all options.
    """

    typed = Typed()
    short_help: str | None = None

    def __init__(self, *positional: Any, prog: str = PROGRAM, **options: Any) -> None:
        super().__init__(*positional, prog=prog, allow_abbrev=False, **options)

    def error(self, message: str, ex: Exception | None = None) -> NoReturn:
        """Say what is wrong and exit with status 2; raise an error if ``exit_on_error`` is off."""
        if not self.exit_on_error:
            super().error(message, ex)
        parser = getattr(ex, "subcommand_parser", None) or self
        print(f"error: {explain(message, parser.typed, option_names(parser))}", file=sys.stderr)
        self.exit(2)

    def print_help(self, file: IO[str] | None = None) -> None:  # type: ignore[override]
        """Print the short help if there is one, otherwise all options."""
        if self.short_help is None:
            super().print_help(file)
        else:
            print(self.short_help, file=file)


def top_options(parser: argparse.ArgumentParser) -> list[str]:
    """List the options that a configuration may have at its top level, in the parser's order."""
    names = (action.dest.split(".")[0] for action in parser._actions)
    return [name for name in dict.fromkeys(names) if name not in ("help", "config", "print_config")]
