"""The options of ``simulate`` beside those of ``fit``."""

import re
from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

from lowner_pl.commands.options.plain_parser import PROGRAM, PlainParser
from lowner_pl.commands.options.text_options import add_lengths, check_lengths
from lowner_pl.pipelines.simulation.choices import SIMULATED, Simulated

SIZES = (20, 40, 60, 100, 150, 200, 300)
OWN = ("--strategy", "--sizes", "--min_words", "--max_words")


class SimulationOptions(NamedTuple):
    """What a simulation is told.

    Attributes:
        strategy: How sentences are chosen.
        sizes: Numbers of annotated sentences at which a tagger is trained and tested.
        min_words: Shorter sentences are left out of the pool.
        max_words: Longer sentences are left out of the pool.
        fit: The options of ``fit``.
    """

    strategy: Simulated
    sizes: tuple[int, ...]
    min_words: int
    max_words: int
    fit: list[str]


def simulation_options(arguments: Sequence[str]) -> SimulationOptions:
    """Tell the options of ``simulate`` from those of ``fit``.

    Args:
        arguments: The command line without the command.

    Raises:
        ValueError: If an option of ``simulate`` is out of range.
    """
    options, fit = _parser(arguments).parse_own(arguments)
    check_lengths(options)
    return SimulationOptions(
        options.strategy, _sizes(options.sizes), options.min_words, options.max_words, fit
    )


def _parser(arguments: Sequence[str]) -> PlainParser:
    """Make the parser of our own options."""
    parser = PlainParser(
        prog=f"{PROGRAM} simulate",
        usage=f"{PROGRAM} simulate --config FILE … [--strategy NAME] [--sizes N …] "
        "[options of fit]",
        words=arguments,
        description="Let a labelled corpus play the annotator: train on a few sentences, choose "
        "the next ones, train again, and test each tagger.",
        epilog=f"All options of fit can be given, too: {PROGRAM} fit --help lists them.",
    )
    parser.add_argument(
        "--strategy",
        choices=SIMULATED,
        default="uncertainty",
        help="how sentences are chosen, as with `suggest`, by default uncertainty; entropy is "
        "uncertainty with `--measure entropy`",
    )
    shown = " ".join(map(str, SIZES))
    parser.add_argument(
        "--sizes",
        nargs="+",
        default=[shown],
        metavar="N",
        help=f"numbers of annotated sentences to train and test with, by default {shown}",
    )
    add_lengths(parser)
    return parser


def _sizes(words: Sequence[str]) -> tuple[int, ...]:
    """Read the sizes, also from a list as study files write it.

    >>> _sizes(["20", "40"]), _sizes(["[20, 40]"])
    ((20, 40), (20, 40))

    Raises:
        ValueError: If they are no rising numbers, or fewer than two.
    """
    text = " ".join(words)
    parts = re.split(r"[\s,]+", text.strip().removeprefix("[").removesuffix("]").strip())
    if not all(re.fullmatch(r"[0-9]{1,9}", part) for part in parts):
        raise ValueError(
            f"--sizes is {text[:80]!r}, but it must be numbers of sentences, such as 20 40 100."
        )
    sizes = tuple(map(int, parts))
    if len(sizes) < 2 or sizes[0] < 1 or any(one >= two for one, two in pairwise(sizes)):
        raise ValueError(
            f"--sizes is {text[:80]!r}, but the numbers must be at least two, begin with 1 or more "
            "and rise, such as 20 40 100."
        )
    return sizes
