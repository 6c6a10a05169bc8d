"""Commands that receive a signal while they run."""

import faulthandler
import multiprocessing
import os
import signal
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lowner_pl.__main__ import main

LIMIT = 180  # most seconds until the signal is sent, and of the whole command without one


class Forked:
    """A command in a forked process, which does not import everything again.

    Args:
        words: Arguments of the command line.
        log: File for the output.
        prepare: Called in the new process before the command.
    """

    def __init__(
        self, words: list[str], log: Path, prepare: Callable[[], object] = lambda: None
    ) -> None:
        self.log = log
        context: Any = multiprocessing.get_context("fork")
        self.process = context.Process(target=_run, args=(words, log, prepare))
        self.process.start()

    def send(
        self, number: signal.Signals, when: Callable[[], object], *, after: float = 0.0
    ) -> float:
        """Send a signal once ``when`` is true, and return the seconds until the process ends.

        Args:
            number: The signal.
            when: Asked again and again.
            after: Seconds to wait before the signal is sent.
        """
        limit = time.monotonic() + LIMIT
        try:
            while not when():
                if not self.process.is_alive() or time.monotonic() > limit:
                    pytest.fail(self.log.read_text())
                time.sleep(0.002)
        except BaseException:
            self.process.kill()
            raise
        time.sleep(after)
        begun = time.monotonic()
        os.kill(self.process.pid, number)
        self.process.join(30)
        return time.monotonic() - begun

    def ended(self) -> int | None:
        """Wait for the end, and return the exit status; ``None`` if that takes too long."""
        self.process.join(LIMIT)
        status: int | None = self.process.exitcode
        self.process.kill()
        return status

    @property
    def last_line(self) -> str:
        """The last line of the output."""
        return self.log.read_text().splitlines()[-1]


def as_program() -> None:
    """Let a forked command look like ``python -m lowner_pl``, by which Lightning starts others.

    Only the tests turn warnings into errors.
    """
    sys.modules["__main__"] = sys.modules["lowner_pl.__main__"]
    warnings.resetwarnings()


def left_processes(session: int) -> bool:
    """Tell whether a process of a session is still running after up to two seconds."""
    limit = time.monotonic() + 2
    while time.monotonic() < limit:
        try:
            os.killpg(session, 0)
        except ProcessLookupError:
            return False
        time.sleep(0.02)
    return True


def _run(words: list[str], log: Path, prepare: Callable[[], object]) -> None:
    """Run a command in a new session."""
    os.setsid()
    output = log.open("w", buffering=1)
    os.dup2(output.fileno(), 2)
    sys.stdout = sys.stderr = output
    faulthandler.dump_traceback_later(LIMIT - 5, file=output)
    sys.argv = ["lowner_pl", *words]
    prepare()
    main()


def hidden(folder: Path) -> list[str]:
    """List the partial files below a folder."""
    return [file.name for file in folder.rglob(".*") if file.suffix != ".lock"]
