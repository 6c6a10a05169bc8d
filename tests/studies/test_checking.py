from collections.abc import Mapping
from pathlib import Path

import pytest

from lowner_pl.studies.cells import Cell, expand
from lowner_pl.studies.checking import Checker
from lowner_pl.studies.records import Records

from .small import AXES, CONFIGS, cells, study


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


def test_two_cells_with_one_run_folder_are_refused(tmp_path: Path) -> None:
    seeds = {"first": {"options": {"seed_everything": 1}}, "again": {"options": {}}}
    axes = {**AXES, "seed": seeds}
    found = cells(tmp_path, axes=axes, options={"seed_everything": 1})
    with pytest.raises(ValueError, match="would write into the same run folder") as refused:
        check(tmp_path, found, axes=axes)
    assert "seed=first" in str(refused.value)
    assert "seed=again" in str(refused.value)


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
