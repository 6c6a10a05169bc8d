"""Meta-learning's configs run, on toy corpora and the samples, and hold the paper's values."""

from pathlib import Path
from typing import Any

import pytest
import yaml

from lowner_pl.commands.cli import run

from .config_files import EPISODIC, META, META_BASE, META_MODELS, META_TARGET, QUICK
from .running import CONFIGS

ABLATIONS = {  # Table 4 of Wu et al. (2020)
    "meta_no_max": {"max_weight": 0.0},
    "meta_no_mask": {"mask_rate": 0.0},
    "meta_no_both": {"max_weight": 0.0, "mask_rate": 0.0},
}


def toy(backbone: str) -> list[str]:
    return [f"--model.backbone={backbone}", "--model.frozen_layers=1"]


def fit_and_test(words: list[str]) -> None:
    for command in ("fit", "test"):
        run([command, *words, *QUICK])


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("data", EPISODIC, ids=lambda file: file.stem)
def test_meta_learning_runs_on_every_corpus_of_tasks(data: Path, tiny: str) -> None:
    words = [f"--config={META}", f"--data={data}", f"--data.retrieval_backbone={tiny}"]
    fit_and_test([*words, *toy(tiny), "--data.batch_size=4"])


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("data", ["", "base_fr_zh"])
def test_the_base_model_runs(data: str, tiny: str) -> None:
    more = [f"--data={CONFIGS / 'data' / f'{data}.yaml'}"] if data else []
    fit_and_test([f"--config={META_BASE}", *more, *toy(tiny)])


@pytest.mark.parametrize("ablation", ["", *ABLATIONS])
def test_meta_learning_runs_embedded(
    ablation: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = [META, *([CONFIGS / f"{ablation}.yaml"] if ablation else [])]
    files.append(CONFIGS / "embedded_meta.yaml")
    words = [f"--config={file}" for file in files]
    small = ["--data.train_size=12", "--data.batch_size=4"]
    module: Any = run(["fit", *words, *small, *QUICK]).model
    expected = {"max_weight": 2.0, "mask_rate": 0.2, **ABLATIONS.get(ablation, {})}
    assert {key: getattr(module, key) for key in expected} == expected


def test_the_base_model_runs_embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    overlay = CONFIGS / "embedded_meta_base.yaml"
    fit_and_test([f"--config={META_BASE}", f"--config={overlay}"])


@pytest.mark.usefixtures("toys")
def test_the_run_on_target_data_begins_with_the_run_before(tiny: str) -> None:
    small = [*toy(tiny), *(word for word in QUICK if "fast_dev_run" not in word)]
    words = [f"--config={META}", f"--data.retrieval_backbone={tiny}", "--trainer.max_steps=1"]
    run(["fit", *words, *small])  # to where `start` expects it
    target = [f"--config={META_TARGET}", *small, "--data.train_share=0.5"]
    cli = run(["fit", *target, "--trainer.max_steps=1"])
    assert Path(cli.model.start).is_file()
    run(["test", *target])


def test_the_values_of_the_paper_stand_in_the_configs() -> None:
    # Wu et al. (2020), "Implementation Details".
    model, base = (yaml.safe_load(file.read_text())["init_args"] for file in META_MODELS)
    assert model["backbone"] == "bert-base-multilingual-cased"
    assert (model["inner_steps"], model["frozen_layers"], model["max_length"]) == (2, 3, 128)
    assert (model["mask_rate"], model["max_weight"], model["algorithm"]) == (0.2, 2.0, "fomaml")
    for key in ("optimizer", "inner_optimizer"):
        assert model[key]["class_path"] == "torch.optim.Adam"
        assert model[key]["init_args"]["lr"] == 3e-5
    assert (model["adaptation_lr"], model["adaptation_steps"]) == (1e-5, 1)
    assert yaml.safe_load((CONFIGS / "trainer_meta.yaml").read_text())["max_steps"] == 3000
    for name, languages in (("episodic", ["es", "nl", "de"]), ("episodic_fr_zh", ["fr", "zh"])):
        data = yaml.safe_load((CONFIGS / "data" / f"{name}.yaml").read_text())["init_args"]
        assert (data["k"], data["batch_size"]) == (2, 32)
        found = [target["init_args"].get("language", "zh") for target in data["targets"]]
        assert found == languages
    shared = ("backbone", "dropout", "max_length", "frozen_layers", "head", "tag_scheme")
    assert {key: base[key] for key in shared} == {key: model[key] for key in shared}
    target = yaml.safe_load(META_TARGET.read_text())["data"]["init_args"]
    assert (target["train_share"], target["batch_size"]) == (0.01, 32)
    passes = yaml.safe_load((CONFIGS / "trainer_meta_target.yaml").read_text())
    assert passes["max_epochs"] == 10  # the released code: 30, 60 and 130 updates for Spanish
    assert "max_steps" not in passes
