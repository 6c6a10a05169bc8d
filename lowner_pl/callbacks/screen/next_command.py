"""The end of a command's output: the run folder, and which commands can follow."""

import contextlib
import os
import shlex
import shutil
import sys
from collections.abc import Iterator
from contextvars import ContextVar
from pathlib import Path

from lowner_pl.callbacks.screen.printing import say

PREDICT = ("--data.predict_path", "new.txt")  # a file with one sentence per line
_ADVISES: ContextVar[bool] = ContextVar("advises", default=True)


def print_end(folder: Path, *commands: str) -> None:
    """Print the run folder and the commands that can follow.

    Args:
        folder: The folder that the command reports to.
        commands: The commands with their options; see `configured`. Empty ones are left out.
    """
    say(f"Run folder: {folder}")
    if not _ADVISES.get():
        return
    for number, command in enumerate(filter(None, commands)):
        say(f"{'      ' if number else 'Next: '}{_python()} -m lowner_pl {command}")


def typed(*words: str) -> str:
    """Write a command as the user can type it in this folder."""
    return f"{_python()} -m lowner_pl {shlex.join(words)}"


def configured(folder: Path, command: str, *options: str) -> str:
    """Write a command that uses the ``config.yaml`` of a run; empty if the run has none.

    Args:
        folder: The run folder.
        command: The command.
        options: Further options.
    """
    config = folder / "config.yaml"
    if not config.is_file():
        return ""
    return shlex.join([command, "--config", str(config), *options])


def advises() -> bool:
    """Tell whether next commands are printed; see `without_advice`."""
    return _ADVISES.get()


@contextlib.contextmanager
def without_advice() -> Iterator[None]:
    """Print no next commands inside a ``with`` block: a pipeline runs them by itself."""
    token = _ADVISES.set(False)
    try:
        yield
    finally:
        _ADVISES.reset(token)


def _python() -> str:
    """Name the running Python as the user can type it in this folder."""
    running = Path(sys.executable).absolute()
    found = shutil.which("python")
    if found and Path(found).absolute().parent == running.parent:
        return "python"
    here = Path.cwd()
    inside = running.is_relative_to(here)
    return shlex.quote(os.fspath(running.relative_to(here) if inside else running))
