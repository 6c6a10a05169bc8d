"""Which lines of the package the tests run, for ``coverage report``.

Before Python 3.12, coverage.py traces every line of every package, which doubles the time of the
tests. SlipCover adds a call to each line of ours when it is imported, which costs a few percent.

``pytest -p tests.line_hits`` leaves a file ``.coverage.*`` for each process, which ``coverage
combine`` merges.
"""

from collections.abc import Iterable
from multiprocessing import util
from pathlib import Path

import pytest
from coverage import CoverageData
from slipcover import FileMatcher, ImportManager, Slipcover

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "lowner_pl"
NEVER = 2**31 - 1


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> None:
    """Begin before anything imports the package."""
    early_config.pluginmanager.register(LineHits())


class LineHits:
    """The lines that this process has run since it began or was forked."""

    def __init__(self) -> None:
        # Calls that have done their work stay: to find and restore the functions takes longer.
        self.lines = Slipcover(d_miss_threshold=NEVER)
        ImportManager(self.lines, FileMatcher(sources=[PACKAGE])).__enter__()
        util.register_after_fork(self, LineHits.begin_fork)

    def begin_fork(self) -> None:
        """Let a process that a test has forked write its own lines when it ends."""
        self.lines.newly_seen.clear()
        util.Finalize(None, self.write, exitpriority=0)

    def pytest_sessionfinish(self) -> None:
        """Write the lines, and the names of all files: what no test imports counts, too."""
        self.write(PACKAGE.rglob("*.py"))

    def write(self, files: Iterable[Path] = ()) -> None:
        """Write the lines, and the names of more files."""
        data = CoverageData(str(ROOT / ".coverage"), suffix=True)
        data.add_lines(self.lines.newly_seen)
        data.touch_files([str(file) for file in files])
        data.close()
