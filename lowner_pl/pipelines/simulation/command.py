"""The command ``simulate``."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from lowner_pl.pipelines.simulation.options import simulation_options
from lowner_pl.pipelines.simulation.record import Round
from lowner_pl.pipelines.simulation.simulation import Simulation
from lowner_pl.statistics.learning import area


def simulate(arguments: list[str]) -> None:
    """Simulate annotation from the command line.

    Args:
        arguments: Our own options, and those of ``fit``.

    Raises:
        OSError: If a file can't be read or written.
        ValueError: If an option, the data or the files of an earlier part are no good.
    """
    simulation = Simulation(simulation_options(arguments))
    rounds = simulation.run().rounds[: len(simulation.sizes)]
    _print(rounds)
    sizes, scores = [one.size for one in rounds], [one.f1 for one in rounds]
    print(
        f"Mean F1 from {sizes[0]:,} to {sizes[-1]:,} sentences: {100 * area(sizes, scores):.2f}\n"
        f"Simulation: {simulation.folder}"
    )


def _print(rounds: Sequence[Round]) -> None:
    """Print the scores of the rounds."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    for heading in ("sentences", "words", "test F1"):
        table.add_column(heading, justify="right", no_wrap=True)
    for one in rounds:
        table.add_row(f"{one.size:,}", f"{one.words:,}", f"{100 * one.f1:.2f}")
    Console(markup=False, emoji=False, highlight=False).print(table)
