"""Every file under ``configs/`` runs: fit and test, with a tiny backbone on toy corpora."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from lowner_pl.cli import run
from lowner_pl.corpus import Sentence

from .conftest import ROOT
from .sequence_models import fresh_sequence_model

CONFIGS = ROOT / "configs"
RAW_TEXT = [CONFIGS / name for name in ("adapt_language.yaml", "pretrain_embedded.yaml")]
RAW_PARTS = {CONFIGS / "data" / "text.yaml", CONFIGS / "model" / "mlm.yaml"}
MANER_ROWS = sorted(CONFIGS.glob("*_wikiann.yaml"))
AUGMENTED_ROWS = [CONFIGS / "labelwise_conll.yaml"]
EXPERIMENTS = [*MANER_ROWS, *AUGMENTED_ROWS]
DAGA = CONFIGS / "daga_conll.yaml"
MULDA = CONFIGS / "mulda_conll.yaml"
DATA = sorted({*(CONFIGS / "data").glob("*.yaml")} - RAW_PARTS)
SEQUENCE_MODEL = CONFIGS / "model" / "mulda.yaml"
MODELS = sorted({*(CONFIGS / "model").glob("*.yaml")} - RAW_PARTS - {SEQUENCE_MODEL})
OVERLAYS = {CONFIGS / name for name in ("embedded.yaml", "embedded_augmented.yaml")}
TRAINERS = {CONFIGS / f"trainer{part}.yaml" for part in ("", "_melm", "_daga", "_mulda")}
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


def options(data: dict[str, Any]) -> list[str]:
    """Return what a test must change: WikiANN is read from a folder, and toy corpora are small."""
    if str(data["class_path"]).endswith("WikiANNDataModule"):
        return ["--data.root=data/wikiann"]
    if data["init_args"].get("source", {}).get("init_args", {}).get("train_size"):
        return ["--data.source.train_size=20", "--data.source.dev_size=8"]
    return []


def data_of(experiment: Path) -> dict[str, Any]:
    """Return the data of an experiment, written in it or in the file that it names."""
    data = yaml.safe_load(experiment.read_text())["data"]
    named = isinstance(data, str)
    whole: dict[str, Any] = yaml.safe_load((CONFIGS / data).read_text()) if named else data
    return whole


def fit_and_test(words: list[str]) -> None:
    for command in ("fit", "test"):
        run([command, *words, *QUICK])


def test_no_config_is_left_out() -> None:
    tested = {
        *EXPERIMENTS,
        DAGA,
        MULDA,
        *RAW_TEXT,
        *RAW_PARTS,
        *DATA,
        *MODELS,
        SEQUENCE_MODEL,
        *OVERLAYS,
        *TRAINERS,
    }
    assert tested == set(CONFIGS.rglob("*.yaml"))


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_an_experiment_runs(file: Path, tiny: str) -> None:
    fit_and_test([f"--config={file}", f"--model.backbone={tiny}", *options(data_of(file))])


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_an_experiment_runs_embedded(file: Path) -> None:
    overlay = "embedded_augmented.yaml" if file in AUGMENTED_ROWS else "embedded.yaml"
    fit_and_test([f"--config={file}", f"--config={CONFIGS / overlay}"])


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
    backbone = [] if file.stem == "daga" else [f"--model.backbone={tiny}"]
    fit_and_test([*words, *backbone])


@pytest.mark.usefixtures("toys")
def test_a_language_model_from_nothing_runs() -> None:
    fit_and_test([f"--config={DAGA}", "--data.train_size=20", "--data.dev_size=8"])


@pytest.mark.usefixtures("toys")
def test_a_sequence_to_sequence_model_runs(swahili: list[Sentence], tmp_path: Path) -> None:
    texts = [" ".join(sentence.words) for sentence in swahili]
    backbone = fresh_sequence_model(tmp_path / "mbart", texts, kind="mbart")
    data = yaml.safe_load(MULDA.read_text())["data"]
    for source in data["init_args"]["sources"]:
        source["init_args"] |= {"train_size": 4, "dev_size": 2}  # toy corpora are small
    (tmp_path / "data.yaml").write_text(yaml.safe_dump(data))
    fit_and_test([f"--config={MULDA}", f"--model.backbone={backbone}", "--data=data.yaml"])


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("file", RAW_TEXT, ids=lambda file: file.stem)
def test_training_on_raw_text_runs(file: Path, tiny: str) -> None:
    fit_and_test([f"--config={file}", f"--model.backbone={tiny}", "--data.cache_folder=cache"])


@pytest.mark.parametrize("file", MANER_ROWS, ids=lambda file: file.stem)
def test_the_values_of_maner_stand_in_the_configs(file: Path) -> None:
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


@pytest.mark.parametrize("file", AUGMENTED_ROWS, ids=lambda file: file.stem)
def test_the_values_of_melm_stand_in_the_configs(file: Path) -> None:
    # Zhou et al. (2022), section 3: XLM-R-large and a CRF, 10 epochs, AdamW at 2e-5, batch 16, N
    # training and N development sentences.
    experiment = yaml.safe_load(file.read_text())
    trainer, model = (
        yaml.safe_load((CONFIGS / experiment[key]).read_text()) for key in ("trainer", "model")
    )
    assert trainer["max_epochs"] == 10
    assert model["init_args"]["backbone"] == "xlm-roberta-large"
    assert model["init_args"]["head"] == "crf"
    assert model["init_args"]["optimizer"]["class_path"] == "torch.optim.AdamW"
    assert model["init_args"]["optimizer"]["init_args"]["lr"] == 2e-5
    data = experiment["data"]["init_args"]
    assert data["batch_size"] == 16
    source = data["source"]["init_args"]
    assert source["train_size"] == source["dev_size"] == 100


def test_the_values_of_daga_stand_in_the_config() -> None:
    # Ding et al. (2020), with 100 sentences as in Table 1 of Zhou et al. (2022).
    experiment = yaml.safe_load(DAGA.read_text())
    trainer, model = (
        yaml.safe_load((CONFIGS / experiment[key]).read_text()) for key in ("trainer", "model")
    )
    assert trainer["max_epochs"] == 30
    options = model["init_args"]
    assert (options["embedding_size"], options["hidden_size"]) == (300, 512)
    assert (options["dropout"], options["decay"]) == (0.5, 0.5)
    assert options["optimizer"] == {"class_path": "torch.optim.SGD", "init_args": {"lr": 1.0}}
    data = experiment["data"]["init_args"]
    assert data["train_size"] == data["dev_size"] == 100


def test_the_values_of_mulda_stand_in_the_config() -> None:
    # mBART (Liu et al., 2021), with 100 sentences of each language as in Table 2 of Zhou et al.
    # (2022); the optimiser is the released code's.
    experiment = yaml.safe_load(MULDA.read_text())
    assert CONFIGS / experiment["model"] == SEQUENCE_MODEL
    options = yaml.safe_load(SEQUENCE_MODEL.read_text())["init_args"]
    assert options["backbone"] == "facebook/mbart-large-cc25"
    adam = {"lr": 5e-5, "betas": [0.9, 0.98], "fused": True}
    assert options["optimizer"] == {"class_path": "torch.optim.Adam", "init_args": adam}
    sources = [source["init_args"] for source in experiment["data"]["init_args"]["sources"]]
    assert [source["language"] for source in sources] == options["languages"]
    assert {(source["train_size"], source["dev_size"]) for source in sources} == {(100, 100)}


def test_the_overlay_keeps_the_augmentation() -> None:
    words = [f"--config={CONFIGS / name}" for name in ("labelwise_conll.yaml",)]
    overlay = f"--config={CONFIGS / 'embedded_augmented.yaml'}"
    data = run(["fit", *words, overlay, *QUICK]).datamodule
    gold = data.source.sentences("train")
    assert data.name == "sample-sw+labelwise"
    assert len(data.sentences("train")) > len(gold) == 100
