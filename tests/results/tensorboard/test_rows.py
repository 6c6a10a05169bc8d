"""Names and groups of rows."""

import pytest

from lowner_pl.results.tensorboard.rows import BoardRow, named


def row(language: str, method: str, seed: str, f1: float, size: int = 100) -> BoardRow:
    return BoardRow(language, method, seed, size, f1, f1 + 0.1, {"lr": 0.1, "p": f1})


def test_runs_are_named_by_language_method_and_seed_and_grouped_over_seeds() -> None:
    names = named([row("sw", "maner", "1", 0.5), row("sw", "maner", "2", 0.7)])
    assert list(names) == ["sw/maner/1", "sw/maner/2"]
    assert {one.group for one in names.values()} == {"sw/maner"}
    assert {one.seed for one in names.values()} == {"mean of 2"}
    assert [one.test_f1 for one in names.values()] == [0.5, 0.7]
    assert [one.dev_f1 for one in names.values()] == pytest.approx([0.7, 0.7])  # the mean


def test_the_size_is_in_the_name_if_it_differs() -> None:
    names = named([row("sw", "maner", "1", 0.5), row("sw", "maner", "1", 0.7, size=200)])
    assert list(names) == ["sw/maner/n100/1", "sw/maner/n200/1"]
    assert [one.columns()["train_size"] for one in names.values()] == [100, 200]


def test_two_runs_of_one_seed_are_both_shown() -> None:
    names = named([row("sw", "maner", "1", 0.5), row("sw", "maner", "1", 0.7)])
    assert list(names) == ["sw/maner/1", "sw/maner/1 (2)"]


def test_a_single_run_keeps_its_seed_and_its_group() -> None:
    single = BoardRow("sw", "maner", "7", None, 0.5, None, {}, group="sample-sw/maner/seed_7")
    assert named([single]) == {"sw/maner/7": single}
    assert single.columns() == {"language": "sw", "method": "maner", "seed": "7"}


def test_too_many_runs_become_means_over_seeds_and_then_over_languages() -> None:
    # Per language: maner .5 and .7, sner .1 and .3.
    rows = [
        row(language, method, seed, f1)
        for language in ("en", "sw")
        for method, scores in (("maner", (0.5, 0.7)), ("sner", (0.1, 0.3)))
        for seed, f1 in zip("12", scores, strict=True)
    ]
    means = named(rows, most=4)
    assert list(means) == ["en/maner", "en/sner", "sw/maner", "sw/sner"]
    assert [one.test_f1 for one in means.values()] == pytest.approx([0.6, 0.2, 0.6, 0.2])
    assert means["en/maner"].columns() == pytest.approx(
        {"lr": 0.1, "language": "en", "method": "maner", "seed": "mean of 2", "train_size": 100}
        | {"tuning_f1": 0.7}
    )
    methods = named(rows, most=3)
    assert list(methods) == ["all/maner", "all/sner"]
    assert [one.test_f1 for one in methods.values()] == pytest.approx([0.6, 0.2])
    assert {one.language for one in methods.values()} == {"2 languages"}
    assert [one.seed for one in methods.values()] == ["mean of 2", "mean of 2"]
