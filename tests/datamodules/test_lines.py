import numpy as np

from lowner_pl.datamodules.lines import held_out


def test_all_copies_of_a_chosen_line_are_held_out() -> None:
    keys = np.array([1, 2, 3, 1, 2, 3, 4, 5, 1], dtype=np.uint64)
    for seed in range(20):
        held = held_out(keys, 2, seed)
        assert len(set(keys[held])) == 2
        assert not set(keys[held]) & set(keys[~held])
    choices = {tuple(held_out(keys, 2, seed)) for seed in range(20)}
    assert len(choices) > 3
