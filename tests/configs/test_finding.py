"""Packaged configs are found by name, listed and copied."""

from pathlib import Path

import pytest

from lowner_pl.__main__ import run_command
from lowner_pl.commands.cli import run
from lowner_pl.commands.command_line import Settings
from lowner_pl.commands.configs import FOLDER, advice, locate, located, names
from lowner_pl.commands.options.config_check import check_config, read_config

from ..running import CONFIGS, small_backbone
from .files import QUICK

OLD_NAMES = [
    "adapt_language",
    "daga",
    "daga_conll",
    "embedded_augmented",
    "embedded_meta",
    "embedded_meta_base",
    "embedded_mixed",
    "labelwise_conll",
    "melm_1_gold",
    "melm_2_finetune",
    "melm_3_generate",
    "melm_4_filter",
    "melm_5_train",
    "melm_conll",
    "melm_mixed",
    "melm_multi_conll",
    "melm_multi_tagger",
    "melm_plain",
    "melm_plain_conll",
    "meta_base_conll",
    "meta_conll",
    "meta_no_both",
    "meta_no_mask",
    "meta_no_max",
    "meta_target_conll",
    "mix_ess_conll",
    "mix_random_conll",
    "mlm_entity_conll",
    "mulda_conll",
    "mulda_multi_conll",
    "pretrain_embedded",
    "trainer",
    "trainer_daga",
    "trainer_melm",
    "trainer_melm_finetune",
    "trainer_meta",
    "trainer_meta_target",
    "trainer_mulda",
    "data/sample",
    "data/cross_lingual_100",
    "model/maner",
    "model/daga",
]


@pytest.mark.parametrize("name", ["maner_wikiann.yaml", "configs/melm/melm_conll.yaml"])
def test_a_packaged_config_is_found_by_name(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert locate(name) == str(FOLDER / name.removeprefix("configs/"))


def test_a_file_in_the_working_directory_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sner_wikiann.yaml").write_text("seed_everything: 1")
    words = ["fit", "--config=sner_wikiann.yaml", "--config", "embedded.yaml", "--data=mine.yaml"]
    expected = [*words[:3], str(FOLDER / "embedded.yaml"), words[4]]
    assert located(words) == expected


def test_fit_runs_in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    words = ["--config=maner_wikiann.yaml", "--config=embedded.yaml"]
    cli = run(["fit", *words, "--model.backbone", small_backbone(), *QUICK])
    assert cli.datamodule.name == "sample-sw"


@pytest.mark.parametrize("name", OLD_NAMES)
def test_an_old_name_says_its_new_one(name: str) -> None:
    text = advice(f"configs/{name}.yaml")
    assert "Did you mean" not in text
    named = [word.rstrip(".") for word in text.split() if word.startswith("configs/")]
    assert all((CONFIGS.parent / word).is_file() for word in named)
    assert named or "trainer: {max_epochs:" in text


def test_a_config_may_name_packaged_parts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("mine").mkdir()
    Path("mine/mine.yaml").write_text("model: parts/model/maner.yaml\ndata: data.yaml")
    Path("mine/data.yaml").write_text(
        "class_path: AugmentedDataModule\n"
        "init_args: {source: configs/parts/data/sample.yaml, files: [more.conll]}"
    )
    settings = Settings(["fit", "--config=mine/mine.yaml"]).values
    assert settings["model"]["init_args"]["marker"] == "mask"
    assert settings["data"]["init_args"]["source"]["class_path"].endswith(".SampleDataModule")


def test_a_part_beside_its_file_wins_over_a_packaged_one(tmp_path: Path) -> None:
    own = tmp_path / "parts" / "model" / "maner.yaml"
    own.parent.mkdir(parents=True)
    own.write_text("class_path: SNERLightningModule\ninit_args: {backbone: embedded}")
    (tmp_path / "mine.yaml").write_text("model: parts/model/maner.yaml")
    words = ["fit", f"--config={tmp_path / 'mine.yaml'}", "--data=parts/data/sample.yaml"]
    settings = Settings(words).values
    assert settings["model"]["class_path"].endswith(".SNERLightningModule")


def test_a_mistyped_part_names_its_line(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text("model: parts/model/manner.yaml")
    with pytest.raises(FileNotFoundError, match=r"line 1: `model` names .*, or a name that"):
        check_config(tmp_path / "mine.yaml", ["model"])


def test_a_mistyped_name_suggests_the_nearest_one() -> None:
    with pytest.raises(FileNotFoundError, match=r"mean configs/meta/meta_conll\.yaml\?$"):
        read_config(Path("meta/meta_conl.yaml"))
    assert advice("wikian.yaml") == " Did you mean configs/parts/data/wikiann.yaml?"
    assert advice("xyzzy.yaml") == ""


def test_the_list_names_every_config_with_its_first_comment(
    capsys: pytest.CaptureFixture[str],
) -> None:
    run_command(["configs"])
    lines = capsys.readouterr().out.splitlines()
    listed = {
        name: comment
        for line in lines
        if (name := line[2:].partition(" ")[0]) in names()
        for comment in [line.partition("yaml ")[2].strip()]
    }
    assert listed.keys() == set(names())
    for name, comment in listed.items():
        assert (CONFIGS / name).read_text().startswith(f"# {comment}\n"), name


def test_copies_are_whole_and_never_replace_a_file(tmp_path: Path) -> None:
    run_command(["configs", "--copy", str(tmp_path / "mine")])
    copied = {file.relative_to(tmp_path / "mine") for file in tmp_path.rglob("*.yaml")}
    assert {file.as_posix() for file in copied} == set(names())
    kept = tmp_path / "other" / "meta" / "meta_conll.yaml"
    kept.parent.mkdir(parents=True)
    kept.write_text("mine")
    with pytest.raises(FileExistsError, match=r"meta_conll\.yaml' exists already"):
        run_command(["configs", "--copy", str(tmp_path / "other")])
    assert [file for file in (tmp_path / "other").rglob("*.yaml")] == [kept]
    assert kept.read_text() == "mine"
