"""The seed of a run, and seeds derived from it."""

import pytest

from lowner_pl.runs.seeds import derived_seed, run_seed


def test_the_run_seed_is_the_chosen_one_else_seed_everything(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PL_GLOBAL_SEED", "7")
    assert run_seed() == 7
    assert run_seed(3) == 3
    assert run_seed(0) == 0
    monkeypatch.delenv("PL_GLOBAL_SEED")
    assert run_seed() == 0


def test_derived_seeds_are_the_same_on_every_machine() -> None:
    # `printf '(12345, 0, 3)' | b2sum --length 56` prints 4e63126acd9b6d.
    assert derived_seed(12345, 0, 3) == 0x4E63126ACD9B6D


def test_different_numbers_give_different_seeds() -> None:
    seeds = {derived_seed(*numbers) for numbers in ((1,), (1, 0), (0, 1), (10,), (1, 1))}
    assert len(seeds) == 5
