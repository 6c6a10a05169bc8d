"""Every file under ``configs/`` runs: fit and test, with a tiny backbone on toy corpora."""

import shutil
from pathlib import Path

import pytest
import yaml

from lowner_pl.cli import run

from .conftest import ROOT

CONFIGS = ROOT / "configs"
RAW_TEXT = [CONFIGS / name for name in ("adapt_language.yaml", "pretrain_embedded.yaml")]
RAW_PARTS = {CONFIGS / "data" / "text.yaml", CONFIGS / "model" / "mlm.yaml"}
EXPERIMENTS = sorted({*CONFIGS.glob("*_*.yaml")} - {*RAW_TEXT})
DATA = sorted({*(CONFIGS / "data").glob("*.yaml")} - RAW_PARTS)
MODELS = sorted({*(CONFIGS / "model").glob("*.yaml")} - RAW_PARTS)
OVERLAYS = {CONFIGS / "embedded.yaml", CONFIGS / "trainer.yaml"}
QUICK = (
    "--trainer.fast_dev_run=2",
    "--trainer.accelerator=cpu",
    "--trainer.enable_progress_bar=false",
    "--trainer.enable_model_summary=false",
)


@pytest.fixture
def toys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where the toy corpora lie in ``data/``, as the configs expect them."""
    shutil.copytree(ROOT / "tests" / "data", tmp_path / "data")
    monkeypatch.chdir(tmp_path)


def options(data: dict[str, object]) -> list[str]:
    """Return what a test must change: WikiANN is read from a folder instead of the hub."""
    wikiann = str(data["class_path"]).endswith("WikiANNDataModule")
    return ["--data.root=data/wikiann"] if wikiann else []


def fit_and_test(words: list[str]) -> None:
    for command in ("fit", "test"):
        run([command, *words, *QUICK])


def test_no_config_is_left_out() -> None:
    tested = {*EXPERIMENTS, *RAW_TEXT, *RAW_PARTS, *DATA, *MODELS, *OVERLAYS}
    assert tested == set(CONFIGS.rglob("*.yaml"))


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_an_experiment_runs(file: Path, tiny: str) -> None:
    data = yaml.safe_load((CONFIGS / "data" / "wikiann.yaml").read_text())
    fit_and_test([f"--config={file}", f"--model.backbone={tiny}", *options(data)])


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_an_experiment_runs_embedded(file: Path) -> None:
    fit_and_test([f"--config={file}", f"--config={CONFIGS / 'embedded.yaml'}"])


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("file", DATA, ids=lambda file: file.stem)
def test_a_corpus_runs(file: Path, tiny: str) -> None:
    model = CONFIGS / "model" / "sner.yaml"
    words = [f"--trainer={CONFIGS / 'trainer.yaml'}", f"--model={model}", f"--data={file}"]
    fit_and_test([*words, f"--model.backbone={tiny}", *options(yaml.safe_load(file.read_text()))])


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("file", MODELS, ids=lambda file: file.stem)
def test_a_method_runs(file: Path, tiny: str) -> None:
    data = CONFIGS / "data" / "sample.yaml"
    words = [f"--trainer={CONFIGS / 'trainer.yaml'}", f"--model={file}", f"--data={data}"]
    fit_and_test([*words, f"--model.backbone={tiny}"])


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("file", RAW_TEXT, ids=lambda file: file.stem)
def test_training_on_raw_text_runs(file: Path, tiny: str) -> None:
    fit_and_test([f"--config={file}", f"--model.backbone={tiny}", "--data.cache_folder=cache"])


@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_the_papers_values_stand_in_the_configs(file: Path) -> None:
    # Sonkar et al. (2023): XLM-R-large, 30 epochs, AdamW at 5e-6, seed 12345, 100 sentences.
    experiment = yaml.safe_load(file.read_text())
    parts = {
        key: yaml.safe_load((CONFIGS / experiment[key]).read_text())
        for key in ("trainer", "model", "data")
    }
    assert experiment["seed_everything"] == 12345
    assert parts["trainer"]["max_epochs"] == 30
    model = parts["model"]["init_args"]
    assert model["backbone"] == "xlm-roberta-large"
    assert model["optimizer"]["class_path"] == "torch.optim.AdamW"
    assert model["optimizer"]["init_args"]["lr"] == 5e-6
    assert parts["data"]["init_args"]["train_size"] == 100
