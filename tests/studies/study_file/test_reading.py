from pathlib import Path

import pytest

from lowner_pl.studies.study_file.reading import read_study

from ..small import CONFIGS, written


def read(tmp_path: Path, text: str) -> object:
    file = tmp_path / "mine.yaml"
    file.write_text(text, encoding="utf-8")
    return read_study(file)


def test_a_list_gives_one_option_and_a_mapping_names_configs(tmp_path: Path) -> None:
    study = read_study(written(tmp_path, title="A title"))
    method, language, seed = study.axes
    assert (study.name, study.title, study.command) == ("small", "A title", "fit")
    assert [choice.name for choice in method.choices] == ["sner", "maner"]
    assert [Path(file).name for file in method.choices[0].configs] == ["sner_wikiann.yaml"]
    assert language.choices[1].options == {"data.language": "en"}
    assert [choice.options["seed_everything"] for choice in seed.choices] == [1, 2]


def test_configs_are_found_beside_the_file_and_in_the_package(tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "own.yaml").write_text("seed_everything: 1\n", encoding="utf-8")
    axes = {"method": {"a": {"config": ["own.yaml", "sner_wikiann.yaml"]}}}
    study = read_study(written(tmp_path / "mine", axes=axes))
    own, packaged = study.axes[0].choices[0].configs
    assert Path(own).resolve() == tmp_path / "mine" / "own.yaml"
    assert Path(packaged).resolve() == CONFIGS / "sner_wikiann.yaml"


def test_the_section_embedded_replaces_keys_axes_and_the_overlay(tmp_path: Path) -> None:
    section = {
        "axes": {"language": {"option": "data.language", "values": ["sw"]}, "seed": None},
        "options": {"trainer.max_epochs": 2},
        "overlays": ["overlays/embedded_backbone.yaml"],
    }
    more = {"options": {"trainer.max_epochs": 30, "keep_last": False}, "embedded": section}
    file = written(tmp_path, **more)
    plain, embedded = read_study(file), read_study(file, ["x.yaml"], embedded="embedded.yaml")
    assert [len(axis.choices) for axis in plain.axes] == [2, 2, 2]
    assert [axis.name for axis in embedded.axes] == ["method", "language"]
    assert embedded.options == {"trainer.max_epochs": 2, "keep_last": False}
    assert [Path(name).name for name in embedded.overlays] == ["embedded_backbone.yaml", "x.yaml"]
    assert (plain.name, embedded.name) == ("small", "small-embedded")


SEED = "axes: {seed: {option: seed_everything, values: [1]}}\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("title: x\n", "a study needs `axes`"),
        (SEED + "axs: 1\n", "no key 'axs'. Did you mean axes?"),
        ("axes: {seed: {option: seed_everything, value: [1]}}\n", "Did you mean values?"),
        ("axes: {seed: {option: seed_everything, values: 3}}\n", "needs an `option` and a list"),
        ("axes: {seed: {option: s, values: [1, 1]}}\n", "has '1' twice"),
        ("axes: {seed: {option: s, values: ['a,b']}}\n", "without commas"),
        ("axes: {seed: {option: s, values: [a/b]}}\n", "without slashes"),
        ("axes:\n  l:\n    option: data.language\n    values: [sw, no]\n", "line 4: YAML reads no"),
        (
            "axes: {m: {a: {confg: x.yaml}}}\n",
            "`axes.m.a` has no key 'confg'. Did you mean config?",
        ),
        ("axes: {m: {a: {config: sner_wikian.yaml}}}\n", "Did you mean configs/sner_wikiann.yaml?"),
        (SEED + "command: train\n", "`command` is 'train'. Use fit"),
        (SEED + "checkpoints: all\n", "`checkpoints` is 'all'. Use best"),
        (SEED + "report: {base: sner}\n", "`report` has no key 'base'. Did you mean baseline?"),
        (SEED + "report: {by: backbon}\n", "`report.by` is 'backbon', but cells are compared by"),
        (SEED + "report: {by: metod}\n", "such as model.head. Did you mean method?"),
        (SEED + "report: {reach: all}\n", "`report.reach` is 'all', but it must be a number of"),
        (SEED + "report: {reach: 0}\n", "`report.reach` is '0', but it must be a number of"),
        (SEED + "paper: [{sed: one, f1: 1}]\n", "neither an axis nor a score. Did you mean seed?"),
        (SEED + "embedded: {axis: {}}\n", "`embedded` has no key 'axis'. Did you mean axes?"),
        (
            "axes: {seed: {a: {when: {sed: b}}}}\n",
            "names the axis 'sed', which the study does not have. Did you mean seed?",
        ),
        (
            "axes: {seed: {a: {when: {seed: b}}, bb: {}}}\n",
            "`axes.seed.a.when` names the value 'b', which the axis `seed` does not have. Did you",
        ),
        (SEED + "paper: [{seed: 2, f1: 1}]\n", "`paper` names the value '2', which the axis"),
        (SEED + "report: {grid: [seed, seed]}\n", "`report.grid` is \"['seed', 'seed']\". It must"),
        ("axes: [1]\n", "`axes` is '[1]', but it must consist of lines"),
    ],
)
def test_a_mistake_is_named_in_one_sentence(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError)) as refused:
        read(tmp_path, text)
    assert message in str(refused.value)
    assert "mine.yaml" in str(refused.value)
    assert "\n" not in str(refused.value)
