"""The seed of a run, and seeds derived from it."""

import hashlib
import os


def run_seed(chosen: int | None = None) -> int:
    """Return ``chosen``, else the seed of the run (``seed_everything``), else 0 outside a run."""
    return int(os.environ.get("PL_GLOBAL_SEED", "0")) if chosen is None else chosen


def derived_seed(*numbers: int) -> int:
    """Compute a 56-bit seed from numbers, such as the seed of the run and a step.

    The same numbers give the same seed on every machine. Other numbers give an unrelated seed.
    """
    digest = hashlib.blake2b(repr(numbers).encode(), digest_size=7).digest()
    return int.from_bytes(digest, "big")
