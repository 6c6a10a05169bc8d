"""The command line as the user wrote it, which messages quote."""

from collections.abc import Iterable, Sequence
from contextlib import chdir
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from lowner_pl.commands.options.config_check import place_of
from lowner_pl.commands.options.nearest import nearest


@dataclass(frozen=True, slots=True)
class Typed:
    """A command line, for messages that name an option the way the user wrote it.

    Args:
        words: The words that the parser reads.
        command: The command, such as ``fit``.
        prefix: What the user wrote between ``--`` and some options, such as ``generator.``.
        prefixed: The options that the user wrote with the prefix.
        groups: The prefixes that an option of the command can have, such as ``tagger``.
        own: Options of the command that another parser reads.
        folder: The working directory, which jsonargparse changes while it reads a file.
    """

    words: Sequence[str] = ()
    command: str = ""
    prefix: str = ""
    prefixed: frozenset[str] = frozenset()
    groups: Sequence[str] = ()
    own: Sequence[str] = ()
    folder: Path = field(default_factory=Path.cwd)

    def option(self, path: str) -> str | None:
        """Find an option of the command line by its path, with or without ``init_args``."""
        for word in reversed(self.words):
            name = word.partition("=")[0].removesuffix("+")
            if name.startswith("--") and plain(name.removeprefix("--")) == plain(path):
                return name
        return None

    def value(self, path: str) -> str:
        """Find the value that the command line gives an option; empty if it gives none."""
        option = self.option(path)
        for word, following in pairwise([*self.words, ""]):
            name, equals, value = word.partition("=")
            if name == option:
                return value if equals else following
        return ""

    def without_value(self, option: str) -> str:
        """Find the option that lacks a value: the given one, or one of the options below it."""
        for word, following in pairwise([*self.words, "--"]):
            matches = word == option or word.startswith(f"{option}.")
            if matches and "=" not in word and following.startswith("--"):
                return word
        return option

    def parted(self, option: str, known: Iterable[str]) -> tuple[str, str]:
        """Part a prefix, correct or misspelt, from an option.

        Args:
            option: The option, as the parser read it.
            known: The options of the parser, with their dashes.

        Returns:
            The prefix as it should be, with a dot, or nothing; and the option without it.
        """
        if option in self.prefixed:
            return self.prefix, option
        head, _, rest = option.removeprefix("--").partition(".")
        first = [name.removeprefix("--").partition(".")[0] for name in known]
        group = nearest(head, [*first, *self.groups]) if rest else None
        return (f"{group}.", f"--{rest}") if group in self.groups else ("", option)

    def shown(self, option: str) -> str:
        """Add the prefix to an option that was written with it."""
        if self.prefix and option in self.prefixed:
            return f"--{self.prefix}{option.removeprefix('--')}"
        return option

    def configs(self) -> list[str]:
        """List the configuration files that the command line names, the last one first."""
        found: list[str] = []
        for word, following in pairwise([*self.words, ""]):
            option, equals, value = word.partition("=")
            if option.startswith("-") and option not in ("-c", "--config", "--data", "--model"):
                continue
            if option.startswith("-"):
                found.append(value if equals else following)
        return found[::-1]

    def place(self, path: str, value: str | None = None) -> str | None:
        """Find the file and line where a configuration sets an option; see `place_of`."""
        with chdir(self.folder):
            return place_of(self.configs(), plain(path).split("."), value)

    @property
    def help(self) -> str:
        """The command that lists all options."""
        return f"`python -m lowner_pl {self.command} {self._flag}`"

    @property
    def _flag(self) -> str:
        """The flag that lists all options."""
        return "--help-all" if self.command in ("fit", "validate", "test", "predict") else "--help"


def plain(path: str) -> str:
    """Leave out the parts of an option's path that users need not write."""
    return ".".join(part for part in path.split(".") if part not in ("init_args", "class_path"))
