"""The progress of a study: one live table in a terminal, otherwise a line per cell."""

import time
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Self

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from lowner_pl.studies.cells import Cell
    from lowner_pl.studies.records import Record
    from lowner_pl.studies.running.job import Job, Outcome

MOST_LANGUAGES = 6  # columns of scores
MOST_RUNNING = 8  # lines


class Progress:
    """The numbers of a running study.

    Args:
        cells: The cells that were selected.
        done: The records of those that are done.
        failed: Number of cells that failed before and are not tried again.
        workers: How many cells run at once.
    """

    def __init__(self, cells: Sequence["Cell"], done: Iterable["Record"], workers: int) -> None:
        self.cells = {cell.name: cell for cell in cells}
        self.workers = workers
        self.scores: dict[str, Mapping[str, float]] = {}
        self.seconds: dict[str, float] = {}
        self.running: dict[str, float] = {}
        self.failed: dict[str, str] = {}
        for record in done:
            self.scores[record.cell] = record.scores
            self.seconds[record.cell] = record.seconds

    def begin(self, job: "Job") -> None:
        """Note that a cell runs."""
        self.running[job.cell] = time.monotonic()

    def lose(self, job: "Job") -> None:
        """Note that a cell waits again."""
        self.running.pop(job.cell, None)

    def end(self, job: "Job", outcome: "Outcome") -> None:
        """Note how a cell ended."""
        self.running.pop(job.cell, None)
        if outcome.state == "done":
            self.scores[job.cell] = outcome.scores
            self.seconds[job.cell] = outcome.seconds
        else:
            self.failed[job.cell] = outcome.error

    def estimate(self, cell: "Cell") -> float | None:
        """Estimate the seconds of a cell: the mean of those with its label, or of all."""
        same = [s for name, s in self.seconds.items() if self.cells[name].label == cell.label]
        known = same or [*self.seconds.values()]
        return sum(known) / len(known) if known else None

    def time_left(self) -> float | None:
        """Estimate the seconds until all cells are done."""
        by_label: dict[str, float | None] = {}
        total, now = 0.0, time.monotonic()
        for name, cell in self.cells.items():
            if name in self.scores or name in self.failed:
                continue
            if cell.label not in by_label:
                by_label[cell.label] = self.estimate(cell)
            if (seconds := by_label[cell.label]) is None:
                return None
            total += max(0.0, seconds - (now - self.running.get(name, now)))
        return total / max(1, self.workers)

    def summary(self) -> str:
        """Say in one line how far the study is."""
        left = len(self.cells) - len(self.scores) - len(self.failed) - len(self.running)
        parts = [f"{len(self.scores)} of {len(self.cells)} cells done"]
        parts += [f"{len(self.running)} running"] if self.running else []
        parts += [f"{len(self.failed)} failed"] if self.failed else []
        parts += [f"{left} waiting"] if left else []
        seconds = self.time_left()
        if (self.running or left) and seconds is not None:
            parts.append(f"about {duration(seconds)} left")
        return ", ".join(parts)

    def table(self) -> Table:
        """Make the table: cells by state, and mean F1 by language, for each method."""
        labels = list(dict.fromkeys(cell.label for cell in self.cells.values()))
        languages = list(dict.fromkeys(c.values.get("language", "") for c in self.cells.values()))
        languages = languages if 1 < len(languages) <= MOST_LANGUAGES else []
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
        table.add_column("", no_wrap=True, overflow="ellipsis")
        for heading in ("done", "running", "failed", *languages, "mean F1"):
            table.add_column(heading, justify="right", no_wrap=True)
        names: dict[str, list[str]] = {label: [] for label in labels}
        for name, cell in self.cells.items():
            names[cell.label].append(name)
        for label, own in names.items():
            counts = [sum(name in part for name in own) for part in (self.running, self.failed)]
            done = sum(name in self.scores for name in own)
            of_language = (
                self._f1(name for name in own if self.cells[name].values["language"] == language)
                for language in languages
            )
            shown = [f"{done}/{len(own)}", *(str(count or "") for count in counts)]
            table.add_row(label, *shown, *of_language, self._f1(own))
        return table

    def _f1(self, names: Iterable[str]) -> str:
        """Format the mean F1 of cells, in percent."""
        found = [mean(self.scores[name]) for name in names if self.scores.get(name)]
        return f"{100 * sum(found) / len(found):.2f}" if found else ""


class Screen:
    """The live table, or lines where the output is no terminal.

    Args:
        title: The study in one line.
        progress: The numbers.
    """

    def __init__(self, title: str, progress: Progress) -> None:
        self.title = title
        self.progress = progress
        self.console = Console(markup=False, emoji=False, highlight=False)
        is_live = self.console.is_terminal and not self.console.is_dumb_terminal
        self._live = Live(console=self.console, auto_refresh=False) if is_live else None

    def __enter__(self) -> Self:
        if self._live is None:
            self.say(self.title, f"{self.progress.summary()}.")
        else:
            self._live.start()
            self.refresh()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self.refresh()
            self._live.stop()

    def refresh(self) -> None:
        """Draw the table."""
        if self._live is None:
            return
        now, progress = time.monotonic(), self.progress
        running = [f"  {name}, {duration(now - t)}" for name, t in progress.running.items()]
        lines = [f"{progress.summary()}.", *running[:MOST_RUNNING]]
        texts = [Text(line, no_wrap=True, overflow="ellipsis") for line in lines]
        self._live.update(Group(Text(self.title), progress.table(), *texts), refresh=True)

    def begun(self, job: "Job") -> None:
        """Show that a cell runs."""
        self.progress.begin(job)
        self.refresh()

    def lost(self, job: "Job") -> None:
        """Show that a cell waits again."""
        self.progress.lose(job)
        self.say(f"{job.cell}: its process ended, so it is run once more.")
        self.refresh()

    def ended(self, job: "Job", outcome: "Outcome") -> None:
        """Show how a cell ended."""
        progress = self.progress
        progress.end(job, outcome)
        number = f"[{len(progress.scores) + len(progress.failed)}/{len(progress.cells)}]"
        if outcome.state != "done":
            self.say(f"{number} {job.cell}: failed. {outcome.error}")
        elif self._live is None:
            f1 = f"F1 {100 * mean(outcome.scores):.2f}"
            self.say(f"{number} {job.cell}: {f1} ({duration(outcome.seconds)})")
        self.refresh()

    def say(self, *lines: str) -> None:
        """Print lines, above the table."""
        for line in lines:
            self.console.print(line, soft_wrap=True)


def mean(scores: Mapping[str, float]) -> float:
    """Compute the mean of the test sets' scores."""
    return sum(scores.values()) / len(scores) if scores else 0.0


def duration(seconds: float) -> str:
    """Write a duration with one or two units.

    >>> duration(34.2), duration(200), duration(8000), duration(200000)
    ('34 s', '3 min', '2 h 13 min', '2 d 8 h')
    """
    minutes, hours = round(seconds / 60), round(seconds / 3600)
    if seconds < 100:
        return f"{seconds:.0f} s"
    if minutes < 100:
        return f"{minutes} min"
    return (
        f"{minutes // 60} h {minutes % 60} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"
    )
