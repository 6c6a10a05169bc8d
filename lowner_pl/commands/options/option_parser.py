"""Command line parsers that report a mistake in one sentence and exit with status 2."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import IO, Any, NoReturn

from lightning.pytorch.cli import LightningArgumentParser

from lowner_pl.commands.options.nearest import nearest
from lowner_pl.commands.options.option_errors import explain
from lowner_pl.commands.options.typed import Typed

PROGRAM = "python -m lowner_pl"


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


class PlainParser(argparse.ArgumentParser):
    """argparse's parser, which reports a mistake in one sentence.

    Args:
        words: The command line, for messages.
        options: Arguments of `argparse.ArgumentParser`.
    """

    def __init__(self, *, words: Sequence[str] = (), **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)
        self.words = words

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and exit with status 2."""
        typed = Typed(self.words, self.prog.removeprefix(PROGRAM).strip())
        parser: argparse.ArgumentParser = self
        for action in self._actions:  # the options of the command, not those of the program
            for name, chosen in action.choices.items() if isinstance(action.choices, dict) else ():
                if name in self.words:
                    typed, parser = Typed(self.words, name), chosen
        known = option_names(parser)
        if "are required: " in message and (word := _mistyped(self.words, known)):
            message = f"unrecognized arguments: {word}"  # argparse looks for missing ones first
        print(f"error: {explain(message, typed, known)}", file=sys.stderr)
        self.exit(2)


def _mistyped(words: Iterable[str], known: Sequence[str]) -> str | None:
    """Find an option that a parser does not have, but that is similar to one that it has."""
    options = (word.partition("=")[0] for word in words if word.startswith("--"))
    unknown = (one for one in options if one not in known)
    return next((one for one in unknown if nearest(one, known)), None)


def option_names(parser: argparse.ArgumentParser) -> list[str]:
    """List the options of a parser with their dashes."""
    return [option for action in parser._actions for option in action.option_strings]


def top_options(parser: argparse.ArgumentParser) -> list[str]:
    """List the options that a configuration may have at its top level, in the parser's order."""
    names = (action.dest.split(".")[0] for action in parser._actions)
    return [name for name in dict.fromkeys(names) if name not in ("help", "config", "print_config")]
