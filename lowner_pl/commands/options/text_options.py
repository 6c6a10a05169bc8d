"""Options that the commands on raw text share: how texts are read and split, and what tags them."""

import argparse
from typing import get_args

from lowner_pl.runs.ranges import check_range
from lowner_pl.tagging.inputs import KINDS
from lowner_pl.tagging.splitting.splitter import Split


def add_reading(parser: argparse.ArgumentParser, files: str) -> None:
    """Add ``--column``, ``--read`` and ``--encoding``.

    Args:
        parser: The parser of a command.
        files: What ``--read`` is about, such as "all files".
    """
    parser.add_argument(
        "--column", default="text", help="the field or column of the text, by default text"
    )
    parser.add_argument("--read", choices=KINDS, help=f"format of {files}, whatever the name")
    parser.add_argument("--encoding", default="utf-8", help="of the files, by default utf-8")


def add_splitting(parser: argparse.ArgumentParser) -> None:
    """Add ``--split``."""
    parser.add_argument(
        "--split",
        choices=get_args(Split),
        default="unicode",
        help="unicode (the default): find sentences and words; none: each text is one sentence; "
        "whitespace: words are separated by white space and sentences by line ends",
    )


def add_device(parser: argparse.ArgumentParser) -> None:
    """Add ``--device``."""
    parser.add_argument("--device", help="such as cpu or cuda:1; by default a GPU if there is one")


def add_lengths(parser: argparse.ArgumentParser) -> None:
    """Add ``--min_words`` and ``--max_words``, which `check_lengths` checks."""
    parser.add_argument(
        "--min_words",
        type=int,
        default=3,
        metavar="N",
        help="leave out shorter sentences, by default those below 3 words",
    )
    parser.add_argument(
        "--max_words",
        type=int,
        default=100,
        metavar="N",
        help="leave out longer sentences, by default those above 100 words",
    )


def check_lengths(options: argparse.Namespace) -> None:
    """Check the options of `add_lengths`.

    Raises:
        ValueError: If a limit is below 1, or they exclude every sentence.
    """
    check_range("--min_words", options.min_words, 1)
    check_range("--max_words", options.max_words, options.min_words)
