"""A progress bar on the error stream, for commands whose output may be a pipe."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def progress(noun: str, *, shown: bool = True) -> Iterator[Callable[[float, int], None]]:
    """Show a progress bar for the length of a ``with`` block, if the error stream is a terminal.

    Args:
        noun: What is counted, such as ``texts``.
        shown: Whether to show it at all.

    Yields:
        A function that takes the share that is done, from 0 to 1, and the number that is done.
    """
    if not (shown and sys.stderr.isatty()):
        yield lambda _share, _done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    columns = (
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn(f"{{task.fields[number]:,}} {noun}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("", total=1.0, number=0)
        yield lambda share, number: bar.update(task, completed=share, number=number)
