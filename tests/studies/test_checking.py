from collections.abc import Mapping
from pathlib import Path

import pytest

from lowner_pl.modules import SNERLightningModule
from lowner_pl.studies.cells import Cell, expand
from lowner_pl.studies.checking import Checker
from lowner_pl.studies.records import Records
from lowner_pl.studies.running.inputs import missing_files
from lowner_pl.studies.study_file.reading import read_study

from .small import AXES, CONFIGS, cells, study, written


class Plain(SNERLightningModule):
    """A method of one's own without options."""

    def __init__(self, *, entity_types: tuple[str, ...]) -> None:
        super().__init__(entity_types=entity_types)


def check(tmp_path: Path, found: list[Cell], **more: object) -> int:
    """Check cells, and return how many configurations were parsed."""
    parsed: list[int] = []
    axes = study(tmp_path, **more).axes
    Checker(Records(tmp_path / "small-embedded")).check(found, axes, parsed.append)
    return parsed[0]


def test_values_of_lists_are_parsed_once_per_method_and_not_again(tmp_path: Path) -> None:
    found = cells(tmp_path)
    assert check(tmp_path, found) == 2 * (1 + 1 + 1)  # the first cell, en, seed 2
    assert check(tmp_path, found) == 0
    (tmp_path / "small-embedded" / "checked.json").write_text('{"parsed": {"cut')
    assert check(tmp_path, found) == 6


def test_an_option_that_a_method_does_not_have_is_found_before_anything_runs(
    tmp_path: Path,
) -> None:
    maner = {"config": str(CONFIGS / "maner_wikiann.yaml"), "options": {"model.markr": "mask"}}
    axes = {**AXES, "method": {**AXES["method"], "maner": maner}}  # type: ignore[dict-item]
    with pytest.raises(ValueError, match="language=sw,method=maner,seed=1") as refused:
        check(tmp_path, cells(tmp_path, axes=axes), axes=axes)
    assert "--model.markr" in str(refused.value)
    assert "Did you mean --model.marker?" in str(refused.value)


def test_a_value_that_the_option_does_not_take_is_found(tmp_path: Path) -> None:
    axes = {**AXES, "language": {"option": "data.language", "values": ["sw", "xx"]}}
    with pytest.raises(ValueError, match="language=xx") as refused:
        check(tmp_path, cells(tmp_path, axes=axes), axes=axes)
    assert "'xx'" in str(refused.value)


def test_a_method_without_options_is_taken(tmp_path: Path) -> None:
    config = tmp_path / "plain.yaml"
    config.write_text(
        f"model: {__name__}.Plain\ndata: {CONFIGS / 'parts' / 'data' / 'sample.yaml'}\n"
    )
    spec = read_study(written(tmp_path, axes={"method": {"plain": {"config": str(config)}}}))
    checker = Checker(Records(tmp_path / "small"), reach_backbones=True)
    parsed: list[int] = []
    assert checker.check(expand(spec, tmp_path / "small"), spec.axes, parsed.append) == {}
    assert parsed == [1]


def test_two_cells_with_one_run_folder_are_refused(tmp_path: Path) -> None:
    seeds = {"first": {"options": {"seed_everything": 1}}, "again": {"options": {}}}
    axes = {**AXES, "seed": seeds}
    found = cells(tmp_path, axes=axes, options={"seed_everything": 1})
    with pytest.raises(ValueError, match="would write into the same run folder") as refused:
        check(tmp_path, found, axes=axes)
    assert "seed=first" in str(refused.value)
    assert "seed=again" in str(refused.value)


def conll(folder: Path, *languages: str) -> dict[str, object]:
    part = {
        "data": str(CONFIGS / "parts" / "data" / "conll.yaml"),
        "data.dev_path": None,
        "data.test_path": None,
    }
    values = {
        language: {"options": part | {"data.train_path": str(folder / language / "train.conll")}}
        for language in languages
    }
    return {"method": {"sner": AXES["method"]["sner"]}, "language": values}  # type: ignore[index]


def test_missing_data_are_named_until_they_are_there(tmp_path: Path) -> None:
    axes = conll(tmp_path, "sw", "yo")
    found = cells(tmp_path, axes=axes)

    def missing() -> dict[str, str]:
        checker = Checker(Records(tmp_path / "small-embedded"))
        files = checker.check(found, study(tmp_path, axes=axes).axes, lambda _: None)
        return {file: cell.values["language"] for file, cell in files.items()}

    expected = {
        f"'{tmp_path}/{language}/train.conll' (data.train_path)": language
        for language in ("sw", "yo")
    }
    assert missing() == expected
    assert missing() == expected
    for language in ("sw", "yo"):
        (tmp_path / language).mkdir()
        (tmp_path / language / "train.conll").write_text("Amina\tB-PER\n")
    assert missing() == {}


def test_missing_data_are_named_with_their_option(tmp_path: Path) -> None:
    there = tmp_path / "there.conll"
    there.touch()
    source = {"class_path": "x.y", "init_args": {"root": f"{tmp_path}/gone", "language": "sw"}}
    data = {
        "class_path": "a.b",
        "init_args": {"sources": [source, {"train_path": str(there)}], "dev_path": None},
        "test_path": f"{tmp_path}/no.conll",
    }
    assert [*missing_files(data)] == [
        f"'{tmp_path}/gone' (data.sources.root)",
        f"'{tmp_path}/no.conll' (data.test_path)",
    ]


def test_the_stages_of_a_pipeline_are_parsed(tmp_path: Path) -> None:
    axes = {"method": {"melm": {"config": str(CONFIGS / "melm" / "melm_conll.yaml")}}}
    more = {"axes": axes, "command": "augment", "embedded": {"overlays": []}}
    (cell,) = cells_of_augment(tmp_path, more)
    assert Checker(Records(tmp_path)).parse(cell).corpus == "conll2003-en"
    wrong = more | {"options": {"generator.model.mask_rat": 0.3}}
    (cell,) = cells_of_augment(tmp_path, wrong)
    with pytest.raises(ValueError, match=r"Did you mean --generator\.model\.mask_rate"):
        Checker(Records(tmp_path)).parse(cell)


def cells_of_augment(tmp_path: Path, more: Mapping[str, object]) -> list[Cell]:
    return expand(study(tmp_path, **more), tmp_path)
