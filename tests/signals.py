"""Commands that receive a signal while they run."""

import faulthandler
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lowner_pl.__main__ import main

LIMIT = 60  # most seconds until the signal is sent


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

    def send(self, number: signal.Signals, when: Callable[[], object]) -> float:
        """Send a signal once ``when`` is true, and return the seconds until the process ends."""
        limit = time.monotonic() + LIMIT
        while not when():
            if not self.process.is_alive() or time.monotonic() > limit:
                self.process.kill()
                pytest.fail(self.log.read_text())
            time.sleep(0.002)
        begun = time.monotonic()
        os.kill(self.process.pid, number)
        self.process.join(30)
        return time.monotonic() - begun

    @property
    def last_line(self) -> str:
        """The last line of the output."""
        return self.log.read_text().splitlines()[-1]


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
