"""Suggestions for mistyped names: options, classes, values, commands and config files."""

from collections.abc import Iterable
from difflib import get_close_matches


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Find the known name that looks most like a mistyped one, ignoring case.

    >>> nearest("train_sise", ["dev_size", "train_size"])
    'train_size'
    >>> nearest("snerlightningmodul", ["SNERLightningModule", "MANERLightningModule"])
    'SNERLightningModule'
    >>> nearest("zzz", ["dev_size"])

    Args:
        name: The name as it was typed.
        known: The names that exist.

    Returns:
        The most similar name, or ``None`` if none is similar.
    """
    by_lower_case = {one.lower(): one for one in known}
    found = get_close_matches(name.lower(), by_lower_case, n=1, cutoff=0.6)
    return by_lower_case[found[0]] if found else None


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Ask for the nearest known name, as the end of a message; empty if none is similar.

    >>> "There is no method 'manner'." + did_you_mean("manner", ["maner", "sner"])
    "There is no method 'manner'. Did you mean maner?"

    Args:
        name: The name as it was typed.
        known: The names that exist.
    """
    found = nearest(name, known)
    return "" if found is None else f" Did you mean {found}?"
