"""The configs of meta-learning run on toy corpora and on the samples."""

from pathlib import Path
from typing import Any

import pytest

from lowner_pl.commands.cli import run

from ..running import CONFIGS
from .files import DATA, EPISODIC, META, META_BASE, META_TARGET, OVERLAYS, QUICK

ABLATIONS = {  # Table 4 of Wu et al. (2020)
    (): {},
    ("no_max",): {"max_weight": 0.0},
    ("no_mask",): {"mask_rate": 0.0},
    ("no_max", "no_mask"): {"max_weight": 0.0, "mask_rate": 0.0},
}


def toy(backbone: str) -> list[str]:
    return [f"--model.backbone={backbone}", "--model.frozen_layers=1"]


def fit_and_test(words: list[str]) -> None:
    for command in ("fit", "test"):
        run([command, *words, *QUICK])


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("data", EPISODIC, ids=lambda file: file.stem)
def test_meta_learning_runs_on_every_episodic_corpus(data: Path, tiny: str) -> None:
    words = [f"--config={META}", f"--data={data}", f"--data.retrieval_backbone={tiny}"]
    fit_and_test([*words, *toy(tiny), "--data.batch_size=4"])


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("data", ["", "base_fr_zh"])
def test_the_base_model_runs(data: str, tiny: str) -> None:
    more = [f"--data={DATA / f'{data}.yaml'}"] if data else []
    fit_and_test([f"--config={META_BASE}", *more, *toy(tiny)])


@pytest.mark.parametrize("ablation", ABLATIONS, ids="+".join)
def test_meta_learning_and_its_ablations_run_embedded(
    ablation: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    files = [META, *(OVERLAYS / f"meta_{name}.yaml" for name in ablation)]
    files.append(OVERLAYS / "embedded_meta.yaml")
    words = [f"--config={file}" for file in files]
    small = ["--data.train_size=12", "--data.batch_size=4"]
    module: Any = run(["fit", *words, *small, *QUICK]).model
    expected = {"max_weight": 2.0, "mask_rate": 0.2, **ABLATIONS[ablation]}
    assert {key: getattr(module, key) for key in expected} == expected


def test_the_base_model_runs_embedded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    overlay = [f"--config={CONFIGS / 'embedded.yaml'}", "--model.frozen_layers=1"]
    overlay.append("--model.train_embeddings=none")
    overlay.append(f"--data={DATA / 'sample_cross_lingual.yaml'}")
    fit_and_test([f"--config={META_BASE}", *overlay])


@pytest.mark.usefixtures("toys")
def test_fine_tuning_on_the_target_starts_from_the_meta_trained_run(tiny: str) -> None:
    small = [*toy(tiny), *(word for word in QUICK if "fast_dev_run" not in word)]
    words = [f"--config={META}", f"--data.retrieval_backbone={tiny}", "--trainer.max_steps=1"]
    run(["fit", *words, *small])  # writes the checkpoint that `start` names
    target = [f"--config={META_TARGET}", *small, "--data.train_share=0.5"]
    cli = run(["fit", *target, "--trainer.max_steps=1"])
    assert Path(cli.model.start).is_file()
    run(["test", *target])
