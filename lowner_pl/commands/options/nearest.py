"""Suggestions for mistyped names: options, classes, values, commands and config files."""

from collections.abc import Iterable
from difflib import SequenceMatcher, get_close_matches


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


def nearest_few(name: str, known: Iterable[str], most: int = 4) -> list[str]:
    """Find the known names that look most like another name, the nearest first.

    >>> nearest_few("accuracy", ["dev/loss", "dev/word_accuracy", "train/loss"], most=1)
    ['dev/word_accuracy']

    Args:
        name: The name.
        known: The names that exist. Of equally similar ones, shorter ones come first.
        most: How many to return at most.
    """

    def order(one: str) -> tuple[float, int, str]:
        return -SequenceMatcher(None, name.lower(), one.lower()).ratio(), len(one), one

    return sorted(known, key=order)[:most]


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
