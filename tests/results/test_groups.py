"""Runs are put into the cells of a table by what they differ in."""

from pathlib import Path
from typing import Any

import pytest

from lowner_pl.results.groups import Groups, group_runs
from lowner_pl.results.tested.runs import find_runs

from .records import ONE, write_run

OTHER = (("B-PER", "B-PER"),)


def grouped(root: Path, by: str = "method") -> Groups:
    return group_runs(find_runs([root]), by=by)


def table(groups: Groups) -> dict[tuple[str, str], list[int]]:
    """Return the seeds of each row and system."""
    return {(row.name, system): sorted(seeds) for (row, system), seeds in groups.cells.items()}


def lr(value: float, **more: Any) -> dict[str, Any]:
    return {"model": {"init_args": {"optimizer": {"init_args": {"lr": value}}, **more}}}


def test_methods_on_languages_with_seeds(tmp_path: Path) -> None:
    for seed in (1, 2):
        for language, tests in {"sw": ONE, "yo": OTHER}.items():
            for method in ("sner", "maner"):
                options = lr(0.001 if method == "sner" else 0.002) | {"data": {"seed": seed}}
                write_run(
                    *(tmp_path, method, seed),
                    corpus=f"toy-{language}",
                    language=language,
                    tests={language: tests},
                    options=options,
                )
    groups = grouped(tmp_path)
    assert table(groups) == {
        (language, method): [1, 2] for language in ("sw", "yo") for method in ("maner", "sner")
    }
    assert [row.sentences for row in groups.rows] == [3, 1]
    assert groups.systems == ["maner", "sner"]
    assert not groups.notes


def test_a_size_is_a_row_and_no_part_of_the_method(tmp_path: Path) -> None:
    for size in (1000, 200):
        for method in ("sner", "maner"):
            write_run(tmp_path, method, variant=f"n{size}", train_size=size)
    assert list(table(grouped(tmp_path))) == [
        ("sw n=200", "maner"),
        ("sw n=200", "sner"),
        ("sw n=1000", "maner"),
        ("sw n=1000", "sner"),
    ]
    by_size = grouped(tmp_path, "size")
    assert by_size.systems == ["200", "1000"]
    assert [row.name for row in by_size.rows] == ["sw method=maner", "sw method=sner"]


def test_the_size_of_the_data_module_inside_another_counts(tmp_path: Path) -> None:
    for size in (50, 80):
        data = {"class_path": "A", "init_args": {"source": {"init_args": {"train_size": size}}}}
        write_run(tmp_path, variant=f"n{size}", train_size=None, options={"data": data})
    assert list(table(grouped(tmp_path))) == [("sw n=50", "sner"), ("sw n=80", "sner")]


def test_options_that_differ_beside_the_seed_make_two_systems(tmp_path: Path) -> None:
    for folder, rate in {"a": 0.001, "b": 0.01}.items():
        for seed in (1, 2):
            more = {"start": f"x/seed_{seed}/best.ckpt", "eval_batch_size": seed, "seed": seed}
            write_run(tmp_path / folder, seed=seed, options=lr(rate, **more))
    write_run(tmp_path, "maner", options=lr(0.1))
    assert table(grouped(tmp_path)) == {
        ("sw", "maner"): [1],
        ("sw", "sner lr=0.001"): [1, 2],
        ("sw", "sner lr=0.01"): [1, 2],
    }


def test_an_option_that_older_versions_lack_makes_no_other_system(tmp_path: Path) -> None:
    write_run(tmp_path, options=lr(0.1))
    write_run(tmp_path, seed=2, options=lr(0.1, recompute=False))
    assert table(grouped(tmp_path)) == {("sw", "sner"): [1, 2]}
    write_run(tmp_path / "a", seed=3, options=lr(0.1, recompute=None))
    assert [*table(grouped(tmp_path))] == [
        ("sw", "sner recompute=False"),
        ("sw", "sner recompute=none"),
        ("sw", "sner recompute=unknown"),
    ]


def test_one_telling_option_is_enough(tmp_path: Path) -> None:
    for folder, rate in {"a": 0.001, "b": 0.01}.items():
        write_run(tmp_path / folder, options=lr(rate, warmup=rate, head=folder))
    assert len(grouped(tmp_path).systems[0].split()) == 2


def test_any_option_can_be_compared(tmp_path: Path) -> None:
    for head in ("crf", "softmax"):
        write_run(tmp_path, variant=head, options={"model": {"init_args": {"head": head}}})
    assert table(grouped(tmp_path, "model.head")) == {("sw", "crf"): [1], ("sw", "softmax"): [1]}


def test_an_augmented_corpus_has_the_row_of_its_test_set(tmp_path: Path) -> None:
    write_run(tmp_path)
    write_run(tmp_path, variant="melm", corpus="toy-sw+augmented")
    groups = grouped(tmp_path)
    assert list(table(groups)) == [("sw", "sner"), ("sw", "sner-melm")]
    assert groups.rows[0].corpus == "toy-sw"


def test_two_test_sets_of_a_language_are_told_apart_by_their_corpora(tmp_path: Path) -> None:
    write_run(tmp_path)
    write_run(tmp_path, corpus="masakhaner-sw", tests={"sw": OTHER})
    assert [row.name for row in grouped(tmp_path).rows] == ["masakhaner-sw", "toy-sw"]


def test_a_copy_of_a_run_is_left_out_and_named(tmp_path: Path) -> None:
    first, second = (write_run(tmp_path / name) for name in ("a", "b"))
    groups = grouped(tmp_path)
    assert table(groups) == {("sw", "sner"): [1]}
    assert groups.notes == (f"'{second}' repeats '{first}' (seed 1) and is left out.",)
    for name in ("c", "d"):
        write_run(tmp_path / name)
    (note,) = grouped(tmp_path).notes
    assert note.endswith(" and is left out. So are 2 more runs.")


def test_other_outer_folders_make_no_other_method(tmp_path: Path) -> None:
    def data(folder: str) -> dict[str, object]:
        paths = {split: f"{folder}/toy/{split}.conll" for split in ("train", "test")}
        options = {f"{split}_path": path for split, path in paths.items()}
        return {"data": {"init_args": options | {"root": folder}}}

    write_run(tmp_path / "a", seed=1, options=data("/home/a"))
    write_run(tmp_path / "b", seed=2, options=data("/mnt/b/corpora"))
    assert table(grouped(tmp_path)) == {("sw", "sner"): [1, 2]}
    write_run(tmp_path / "c", seed=3, options=data("/home/a/more"))
    silver = {"data": {"init_args": {"train_path": "/home/a/silver/train.conll"}}}
    write_run(tmp_path / "d", seed=4, options=silver)
    assert table(grouped(tmp_path)) == {
        ("sw", "sner train_path=toy/train.conll"): [1, 2, 3],
        ("sw", "sner train_path=silver/train.conll"): [4],
    }


def test_two_runs_of_one_seed_with_other_scores_are_no_copies(tmp_path: Path) -> None:
    first = write_run(tmp_path / "a")
    second = write_run(tmp_path / "b", tests={"sw": [(gold, gold) for gold, _ in ONE]})
    assert grouped(tmp_path).notes == (
        f"'{second}' is left out: it has method, options and seed (1) of '{first}', but other "
        "scores. The one that is found first counts; give the other one first, or leave one out.",
    )


def test_test_sets_of_one_name_that_differ_are_refused(tmp_path: Path) -> None:
    one = write_run(tmp_path)
    other = write_run(tmp_path, seed=2, tests={"sw": OTHER})
    with pytest.raises(
        ValueError, match="were tested on different sentences or gold tags"
    ) as error:
        grouped(tmp_path)
    assert str(one) in str(error.value)
    assert str(other) in str(error.value)


def test_an_unknown_factor_is_refused(tmp_path: Path) -> None:
    write_run(tmp_path, options=lr(1, head="crf"))
    with pytest.raises(ValueError, match=r"compared by 'model.haed'. Did you mean model.head\?"):
        grouped(tmp_path, "model.haed")
    with pytest.raises(
        ValueError, match=r"compared by 'zz'\. Use method, size, backbone or an opt"
    ):
        grouped(tmp_path, "zz")
