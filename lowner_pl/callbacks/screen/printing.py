"""What the reports put on the screen: tables of scores, notes, and the command to type next."""

import contextlib
import logging
import os
import shlex
import shutil
import sys
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextvars import ContextVar
from io import TextIOWrapper
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from lowner_pl.callbacks.shared import COUNTS

if TYPE_CHECKING:
    from rich.console import Console

SHOWN_TYPES = 20
PREDICT = ("--data.predict_path", "new.txt")  # a sentence a line
TAGGING = ("f1", "precision", "recall", "entities")
HEADINGS = {"f1": "F1", "log_likelihood": "log-likelihood"}
PER_TOKEN = ("loss", "log_likelihood", "perplexity")
# What Lightning says of every run, and what the reports say themselves.
UNSAID = (
    "Seed set to",
    "GPU available:",
    "TPU available:",
    "HPU available:",
    "LOCAL_RANK:",
    "Restoring states from the checkpoint",
    "Restored all states from the checkpoint",
    "Loaded model weights from the checkpoint",
    "`Trainer.fit` stopped:",
    "Loading `train_dataloader` to estimate",
    "`Trainer(limit_",
    "`Trainer(overfit_batches",
    "You are using a CUDA device",
    "💡 Tip:",
    "Detected KeyboardInterrupt",
)
_python_warning = warnings.formatwarning
_ADVISES: ContextVar[bool] = ContextVar("advises", default=True)


class Scored(NamedTuple):
    """Scores that stand together in a table.

    Attributes:
        name: What was scored.
        scores: The scores by name.
        entities: Gold entities of each type, of which ``f1/<type>`` and so on are scores.
    """

    name: str
    scores: Mapping[str, float]
    entities: Mapping[str, int]


def hush() -> None:
    """Keep Lightning from saying what tells a person nothing, and warnings from showing code.

    What an output cannot write, such as a table's lines in a code page of Windows, becomes ``?``:
    no command fails at its end because of it.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")
    warnings.formatwarning = _warning
    for name in (
        "lightning.fabric.utilities.seed",
        "lightning.pytorch.accelerators.cuda",
        "lightning.pytorch.utilities.rank_zero",
    ):
        logging.getLogger(name).addFilter(_is_said)


def _warning(
    message: Warning | str, category: type[Warning], filename: str, *place: Any, **line: Any
) -> str:
    """Return a warning as the screen shows it: the project's are sentences for people."""
    if category is UserWarning and Path(__file__).parents[2] in Path(filename).parents:
        return f"warning: {message}\n"
    return _python_warning(message, category, filename, *place, **line)


def _is_said(record: logging.LogRecord) -> bool:
    """Tell whether a message of Lightning is about this run."""
    text = record.getMessage().lstrip()
    return not text.startswith(UNSAID) and "litlogger" not in text


def console() -> "Console":
    """Make a console that shows text as it is: rich would read ``[bold]`` and ``:smile:`` in it."""
    from rich.console import Console

    return Console(markup=False, emoji=False, highlight=False)


def say(*lines: str) -> None:
    """Print lines, which are not cut where the window ends."""
    out = console()
    for line in lines:
        out.print(line, soft_wrap=True)


def warn(message: str) -> None:
    """Print a warning on the error stream, as a sentence rather than a place in the code."""
    print(f"warning: {message}", file=sys.stderr, flush=True)


def entities_by_type(confusion: Sequence[Sequence[int]], types: Sequence[str]) -> dict[str, int]:
    """Count the gold entities of each type that is gold or predicted anywhere.

    Args:
        confusion: Entities by gold type (row) and predicted type (column), last: none.
        types: The entity types.
    """
    gold = [sum(row) for row in confusion]
    predicted = [sum(column) for column in zip(*confusion, strict=True)]
    rows = zip(types, gold, predicted, strict=False)
    return {type_: count for type_, count, found in rows if count or found}


def print_tagging(parts: Sequence[Scored]) -> None:
    """Print the scores of taggers in percent: of all entities, then of each type."""
    rows: list[tuple[str, Mapping[str, float]]] = []
    for part in parts:
        rows.append((part.name, part.scores))
        types = sorted(part.entities, key=lambda type_: -part.entities[type_])
        for type_ in types[:SHOWN_TYPES]:
            of_type = {key: part.scores[f"{key}/{type_}"] for key in TAGGING[:3]}
            rows.append((f"  {type_}", {**of_type, "entities": part.entities[type_]}))
        if len(types) > SHOWN_TYPES:
            rows.append((f"  {len(types) - SHOWN_TYPES} more types", {}))
    print_table(rows, TAGGING)


def print_table(rows: Sequence[tuple[str, Mapping[str, float]]], columns: Sequence[str]) -> None:
    """Print scores: percentages, but `PER_TOKEN` and counts as they are."""
    from rich import box
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", no_wrap=True, overflow="ellipsis")
    for column in columns:
        heading = HEADINGS.get(column, column.replace("_", " "))
        table.add_column(heading, justify="right", no_wrap=True)
    for name, values in rows:
        table.add_row(name, *(_cell(key, values.get(key)) for key in columns))
    console().print(table)


def print_end(folder: Path, *commands: str) -> None:
    """Print where the run is, and the commands to type next.

    Args:
        folder: The folder that the command reports to.
        commands: The commands with their options; see `configured`.
    """
    say(f"Run folder: {folder}")
    if not _ADVISES.get():
        return
    for number, command in enumerate(filter(None, commands)):
        say(f"{'      ' if number else 'Next: '}{_python()} -m lowner_pl {command}")


def configured(folder: Path, command: str, *options: str) -> str:
    """Write a command with the configuration of a run; nothing where the folder has none.

    Args:
        folder: The run folder.
        command: The command.
        options: More of its options.
    """
    config = folder / "config.yaml"
    if not config.is_file():
        return ""
    return shlex.join([command, "--config", str(config), *options])


@contextlib.contextmanager
def without_advice() -> Iterator[None]:
    """Name no next command meanwhile: the commands of a pipeline follow by themselves."""
    token = _ADVISES.set(False)
    try:
        yield
    finally:
        _ADVISES.reset(token)


def partial_note(scored: int, total: int, what: str, option: str) -> str | None:
    """Say that fewer sentences than there are were read; ``None`` where all were.

    Args:
        scored: How many were read.
        total: How many there are.
        what: What they are, such as ``dev``.
        option: The option of Trainer that limits them.
    """
    if scored >= total:
        return None
    return (
        f"These are not the scores of all {what} data: {scored:,} of {total:,} sentences were "
        f"scored (`--trainer.{option}`)."
    )


def limiting_option(trainer: Any, option: str) -> str:
    """Name the option that limits batches: `overfit_batches` stands for several."""
    return "overfit_batches" if trainer.overfit_batches else option


def _cell(key: str, value: float | None) -> str:
    """Write a score as text."""
    if value is None:
        return ""
    if key in COUNTS:
        return f"{value:,.0f}"
    return f"{value:.3f}" if key in PER_TOKEN else f"{100 * value:.2f}"


def _python() -> str:
    """Name the running Python as it can be typed here."""
    running = Path(sys.executable).absolute()
    found = shutil.which("python")
    if found and Path(found).absolute().parent == running.parent:
        return "python"
    here = Path.cwd()
    inside = running.is_relative_to(here)
    return shlex.quote(os.fspath(running.relative_to(here) if inside else running))
