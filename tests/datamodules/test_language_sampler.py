from collections import Counter

from lowner_pl.datamodules.language_sampler import LanguageSampler, language_counts


def test_languages_are_drawn_in_proportion_to_size_to_the_exponent() -> None:
    # Sizes 100 and 25: 1 gives 80 : 20; ½ gives 10 : 5, that is 60 : 30; 0 gives halves.
    assert language_counts([100, 25], total=100, exponent=1.0) == [80, 20]
    assert language_counts([100, 25], total=90, exponent=0.5) == [60, 30]
    assert language_counts([100, 25], total=100, exponent=0.0) == [50, 50]


def test_counts_add_up_despite_rounding() -> None:
    assert sum(language_counts([7, 11, 13, 1], total=101, exponent=0.3)) == 101


def test_every_line_is_drawn_once_before_any_is_drawn_again() -> None:
    sampler = LanguageSampler(sizes=[5, 7], counts=[2, 4], seed=3)
    drawn: list[int] = []
    for number in range(35):
        sampler.set_epoch(number)
        drawn += list(sampler)
        first = [line for line in drawn if line < 5]
        counts = Counter(first)
        assert max(counts.values()) - min(counts[line] for line in range(5)) <= 1
    # 35 epochs are 70 lines of 5, and 140 of 7.
    assert Counter(drawn) == {**dict.fromkeys(range(5), 14), **dict.fromkeys(range(5, 12), 20)}


def test_two_devices_draw_different_lines() -> None:
    parts = [
        LanguageSampler(sizes=[5, 7], counts=[5, 6], seed=3, world_size=2, rank=rank)
        for rank in range(2)
    ]
    one, other = (list(part) for part in parts)
    assert len(one) == len(other) == len(parts[0]) == 5
    assert not set(one) & set(other)
