"""argparse's parser, which reports a mistake in one sentence and exits with status 2."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from lowner_pl.commands.options.nearest import nearest

PROGRAM = "python -m lowner_pl"


class PlainParser(argparse.ArgumentParser):
    """argparse's parser, which reports a mistake in one sentence.

    Args:
        words: The command line, for messages.
        options: Arguments of `argparse.ArgumentParser`.
    """

    def __init__(self, *, words: Sequence[str] = (), **options: Any) -> None:
        super().__init__(allow_abbrev=False, **options)
        self.words = words

    def parse_own(self, words: Sequence[str]) -> tuple[argparse.Namespace, list[str]]:
        """Parse the options of this parser among those of a run.

        Args:
            words: The command line. An option of a run takes the next word as its value.

        Returns:
            The options of this parser, and all others, each option of a run with its value:
            ``--name=value``.
        """
        own = option_names(self)
        words = _with_values(words, own)
        # argparse would take an option of a run for a value if there is a space in it.
        of_run = [word for word in words if _is_of_run(word, own)]
        options, rest = self.parse_known_args([word for word in words if word not in of_run])
        return options, rest + of_run

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and exit with status 2."""
        from lowner_pl.commands.options.option_errors import explain  # imports torch
        from lowner_pl.commands.options.typed import Typed

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


def _is_of_run(word: str, own: Sequence[str]) -> bool:
    """Tell whether a word is an option of a run with its value."""
    return word.startswith("--") and "=" in word and word.partition("=")[0] not in own


def _with_values(words: Sequence[str], own: Sequence[str]) -> list[str]:
    """Join options of a run and their values with `=`."""
    joined: list[str] = []
    of_run = False
    for word in words:
        if of_run and not word.startswith("--"):
            joined[-1] += f"={word}"
            of_run = False
        else:
            joined.append(word)
            of_run = word.startswith("--") and "=" not in word and word not in own
    return joined


def _mistyped(words: Iterable[str], known: Sequence[str]) -> str | None:
    """Find an option that a parser does not have, but that is similar to one that it has."""
    options = (word.partition("=")[0] for word in words if word.startswith("--"))
    unknown = (one for one in options if one not in known)
    return next((one for one in unknown if nearest(one, known)), None)


def option_names(parser: argparse.ArgumentParser) -> list[str]:
    """List the options of a parser with their dashes."""
    return [option for action in parser._actions for option in action.option_strings]
