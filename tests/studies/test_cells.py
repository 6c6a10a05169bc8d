import shlex
from datetime import date
from pathlib import Path

import pytest

from lowner_pl.studies.cells import expand, only
from lowner_pl.studies.study_file.reading import read_study

from .small import AXES, CONFIGS, cells, study, written

SIZE = {"size": {"option": "data.train_size", "values": [100, 200]}}


def test_every_combination_is_a_cell(tmp_path: Path) -> None:
    names = [cell.name for cell in cells(tmp_path)]
    assert len(names) == len(set(names)) == 8
    assert names[0] == "language=sw,method=sner,seed=1"
    assert names[-1] == "language=en,method=maner,seed=2"


def test_configs_come_before_overlays_and_options_after_them(tmp_path: Path) -> None:
    cell = cells(tmp_path, options={"trainer.max_epochs": 30, "model.head": "crf"})[-1]
    configs = [Path(word.partition("=")[2]).name for word in cell.words if "--config" in word]
    assert configs == ["maner_wikiann.yaml", "embedded.yaml"]
    assert cell.words.index("--model.head=crf") > 1
    assert "--trainer.max_epochs=1" in cell.words  # the command line wins over the file
    assert "--data.language=en" in cell.words
    assert "--seed_everything=2" in cell.words
    assert cell.by_hand().count(shlex.join(cell.words)) == 2  # fit and test


def test_other_axes_are_in_label_and_variant(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    found = expand(study(tmp_path / "a", axes=SIZE | AXES), tmp_path)
    assert found[-1].label == "maner-n200"
    assert found[-1].options["variant"] == "n200"
    plain = cells(tmp_path)[0]
    assert plain.label == "sner"
    assert "variant" not in plain.options


def test_a_method_of_our_own_name_is_in_the_variant(tmp_path: Path) -> None:
    axes = {"method": {"tuned": {"config": str(CONFIGS / "sner_wikiann.yaml"), "label": "best"}}}
    (cell,) = expand(study(tmp_path, axes=axes), tmp_path)
    assert (cell.label, cell.options["variant"]) == ("best", "tuned")


def test_cells_of_augment_have_a_folder_of_their_own(tmp_path: Path) -> None:
    axes = {"method": {"melm": {"config": str(CONFIGS / "melm" / "melm_conll.yaml")}}}
    (cell,) = expand(read_study(written(tmp_path, command="augment", axes=axes | SIZE)), tmp_path)[
        :1
    ]
    assert cell.log_root == tmp_path / "melm-n100"
    assert "variant" not in cell.options
    assert cell.by_hand().startswith("python -m lowner_pl augment --config=")


def test_only_selects_values_and_several_of_an_axis_are_alternatives(tmp_path: Path) -> None:
    axes = study(tmp_path).axes
    found = only(cells(tmp_path), "language=sw,seed=1", axes)
    assert [cell.values["method"] for cell in found] == ["sner", "maner"]
    assert len(only(cells(tmp_path), "seed=1,seed=2,method=sner", axes)) == 4


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("langage=sw", "no axis 'langage'. Did you mean language?"),
        ("method=mane", "no value 'mane'. Did you mean maner?"),
        ("sw", "Write it as axis=value"),
        ("", "`--only` has ''. Write it as axis=value"),
    ],
)
def test_only_explains_mistakes(tmp_path: Path, wanted: str, message: str) -> None:
    with pytest.raises(ValueError, match="`--only`") as refused:
        only(cells(tmp_path), wanted, study(tmp_path).axes)
    assert message in str(refused.value)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("--data.language=yo", "is what the axis `language` varies"),
        ("--log_root=x", "can't be set for all cells"),
        ("--ckpt_path", "can't be set for all cells"),
    ],
)
def test_options_that_belong_to_single_cells_are_refused(
    tmp_path: Path, word: str, message: str
) -> None:
    with pytest.raises(ValueError, match=word.partition("=")[0]) as refused:
        expand(study(tmp_path), tmp_path, [word])
    assert message in str(refused.value)


def test_options_of_single_cells_are_refused_in_the_file_too(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"`options` sets `variant`, but the study sets it for"):
        expand(study(tmp_path, options={"variant": "mine"}), tmp_path)


def test_a_long_name_in_any_script_fits_into_a_file_system(tmp_path: Path) -> None:
    names = [letter * 40 for letter in "語文字"]
    config = {"config": str(CONFIGS / "sner_wikiann.yaml")}
    axes = {letter: {name: config} for letter, name in zip("abc", names, strict=True)}
    (cell,) = cells(tmp_path, axes=axes)
    assert len(cell.name.encode()) > 255
    assert len(cell.folder_name.encode()) <= 200
    (tmp_path / cell.folder_name).mkdir()


def test_a_date_is_written_as_text(tmp_path: Path) -> None:
    cell, *_ = cells(tmp_path, options={"data.name": date(2024, 11, 30)})
    assert '--data.name="2024-11-30"' in cell.words


def test_an_alternative_takes_the_place_of_options_for_other_values(tmp_path: Path) -> None:
    other = {"method": ["tuned"], "options": {"data.source.train_size": 100}}
    n100 = {"options": {"data.train_size": 100}, "when": [other]}
    sner = str(CONFIGS / "sner_wikiann.yaml")
    methods = {name: {"config": sner} for name in ("sner", "tuned")}
    plain, tuned = expand(
        study(tmp_path, axes={"method": methods, "size": {"n100": n100}}), tmp_path
    )
    assert plain.options == {"data.train_size": 100, "variant": "n100"}
    assert tuned.options == {"data.source.train_size": 100, "variant": "tuned-n100"}


def test_a_part_that_a_value_names_leaves_the_options_of_the_study(tmp_path: Path) -> None:
    # `--data=part` replaces all that begin with `--data.` before it.
    part = str(CONFIGS / "parts" / "data" / "conll.yaml")
    values = {"mine": {"options": {"data": part, "data.name": "mine"}}}
    axes = {"method": {"sner": {}}, "corpus": values}
    (cell,) = expand(study(tmp_path, axes=axes, options={"data.train_size": 20}), tmp_path)
    assert any(word.startswith("--data=") and word.endswith("conll.yaml") for word in cell.words)
    names = [word.partition("=")[0] for word in cell.words]
    assert names.index("--data") < names.index("--data.train_size") < len(names)
    assert names.index("--data") < names.index("--data.name")
