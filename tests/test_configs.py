"""Every file under ``configs/`` runs: fit and test, with a tiny backbone on toy corpora."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from lowner_pl.__main__ import run_command
from lowner_pl.callbacks import read_test_record, scores_by_set
from lowner_pl.commands.cli import run
from lowner_pl.corpus import Sentence, read_conll

from .config_files import (
    AUGMENTED_ROWS,
    DAGA,
    EPISODIC,
    FINETUNE,
    GOLD,
    MANER_ROWS,
    META,
    META_BASE,
    META_MODELS,
    META_TARGET,
    MULDA,
    QUICK,
    SEQUENCE_MODEL,
    data_of,
)
from .running import CONFIGS, agree_with_every_third
from .sequence_models import fresh_sequence_model

RAW_TEXT = [CONFIGS / name for name in ("adapt_language.yaml", "pretrain_embedded.yaml")]
RAW_PARTS = {CONFIGS / "data" / "text.yaml", CONFIGS / "model" / "mlm.yaml"}
MULTILINGUAL = CONFIGS / "data" / "multilingual_100.yaml"
SAMPLES = CONFIGS / "data" / "sample_multilingual.yaml"
EXPERIMENTS = [*MANER_ROWS, *AUGMENTED_ROWS, GOLD, FINETUNE]
PREDICTING = [CONFIGS / name for name in ("melm_3_generate.yaml", "melm_4_filter.yaml")]
MULDA_ROW = CONFIGS / "mulda_multi_conll.yaml"
PIPELINES = sorted(
    {file for file in CONFIGS.glob("*.yaml") if "stages:" in file.read_text()} - {MULDA_ROW}
)
DATA = sorted({*(CONFIGS / "data").glob("*.yaml")} - RAW_PARTS - {*EPISODIC})
MODELS = sorted({*(CONFIGS / "model").glob("*.yaml")} - RAW_PARTS - {SEQUENCE_MODEL, *META_MODELS})
OVERLAYS = {
    CONFIGS / f"{name}.yaml"
    for name in (
        "embedded",
        "embedded_augmented",
        "embedded_mixed",
        "melm_plain",
        "melm_mixed",
        "melm_multi_tagger",
        "embedded_meta",
        "embedded_meta_base",
        "meta_no_max",
        "meta_no_mask",
        "meta_no_both",
    )
}
TRAINERS = {
    CONFIGS / f"trainer{of}.yaml"
    for of in ("", "_melm", "_melm_finetune", "_daga", "_mulda", "_meta", "_meta_target")
}
SMALL = ["--data.train_size=20", "--data.dev_size=8"]


@pytest.fixture
def sequence_model(swahili: list[Sentence], tmp_path: Path) -> Path:
    """A tiny untrained model of mBART's kind."""
    texts = [" ".join(sentence.words) for sentence in swahili]
    return fresh_sequence_model(tmp_path / "mbart", texts, kind="mbart")


def options(data: dict[str, Any]) -> list[str]:
    """Return what a test must change: WikiANN is read from a folder, and toy corpora are small."""
    if str(data["class_path"]).endswith("WikiANNDataModule"):
        return ["--data.root=data/wikiann"]
    options = data["init_args"]
    if "size_each" in options:
        return ["--data.size_each=8"] if options["size_each"] else []
    if MULTILINGUAL.name in str(options.get("source")):
        return ["--data.source.size_each=8"]
    if isinstance(options.get("source"), str):  # a file, of a hundred sentences
        return ["--data.source.train_size=20", "--data.source.dev_size=8"]
    if options.get("source", {}).get("init_args", {}).get("train_size"):
        return ["--data.source.train_size=20", "--data.source.dev_size=8"]
    return SMALL if options.get("train_size") else []


def toy_words(pipeline: str, tiny: str) -> list[str]:
    """Return what a pipeline needs to run on a tiny backbone and the toy corpora."""
    words = [f"--tagger.model.backbone={tiny}"]
    if pipeline == "melm_multi_conll":  # of which the tiny one cannot spell every language
        data = ["--tagger.data.size_each=8", "--generator.data.source.size_each=8"]
        return [*words, "--generator.model.backbone=embedded", *data]
    if pipeline != "daga_conll":
        words.append(f"--generator.model.backbone={tiny}")
    return [*words, *SMALL]


def embedded_words(pipeline: str) -> list[str]:
    """Return what a pipeline needs to run with what is in the package, as its comments say."""
    overlay = CONFIGS / "embedded.yaml"
    match pipeline:
        case "daga_conll":
            sample = CONFIGS / "data" / "sample.yaml"
            words = [f"--tagger.config={overlay}", f"--generator.data={sample}"]
        case "melm_multi_conll":
            return [
                f"--tagger.config={overlay}",
                f"--tagger.data={SAMPLES}",
                f"--generator.config={CONFIGS / 'embedded_mixed.yaml'}",
                "--generator.model.languages=[en, sw]",
            ]
        case _:
            words = [f"--config={overlay}"]
    return [*words, "--data.train_size=16", "--data.dev_size=8"]


def fit_and_test(words: list[str]) -> None:
    fitted = run(["fit", *words, *QUICK])
    monitored = fitted.model.monitored()
    assert monitored
    assert monitored <= fitted.trainer.callback_metrics.keys()
    run(["test", *words, *QUICK])


def whole_row(file: Path, words: list[str]) -> dict[str, Any]:
    """Run a pipeline, one epoch a training unless told otherwise, and return what it noted."""
    quick = [word for word in QUICK if "fast_dev_run" not in word]
    run_command(["augment", f"--config={file}", *quick, "--trainer.max_epochs=1", *words])
    (record,) = Path("lightning_logs").rglob("augment.json")
    stages: dict[str, Any] = json.loads(record.read_text())
    assert list(stages) == list(yaml.safe_load(file.read_text())["stages"])
    assert all(stage["done"] for stage in stages.values())
    return stages


def test_no_config_is_left_out() -> None:
    alone = {*EXPERIMENTS, *PREDICTING, *PIPELINES, DAGA, MULDA, MULDA_ROW, *RAW_TEXT}
    alone |= {META, META_BASE, META_TARGET}  # tests/test_meta_configs.py
    parts = {
        *RAW_PARTS,
        *DATA,
        *EPISODIC,
        *MODELS,
        SEQUENCE_MODEL,
        *META_MODELS,
        *OVERLAYS,
        *TRAINERS,
    }
    assert alone | parts == set(CONFIGS.rglob("*.yaml"))


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_an_experiment_runs(file: Path, tiny: str) -> None:
    fit_and_test([f"--config={file}", f"--model.backbone={tiny}", *options(data_of(file))])


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_an_experiment_runs_embedded(file: Path) -> None:
    overlay = "embedded_augmented.yaml" if file in AUGMENTED_ROWS else "embedded.yaml"
    overlay = "embedded_mixed.yaml" if file.stem.startswith("mix_ess") else overlay
    more = [f"--data.source={SAMPLES}"] if file.stem.startswith("mix_random") else []
    fit_and_test([f"--config={file}", f"--config={CONFIGS / overlay}", *more])


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
    fit_and_test([f"--config={DAGA}", *SMALL])


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("embedded", [False, True], ids=["toy", "embedded"])
@pytest.mark.parametrize("file", PREDICTING, ids=lambda file: file.stem)
def test_a_stage_that_predicts_runs(file: Path, embedded: bool, tiny: str) -> None:
    overlay = f"--config={CONFIGS / 'embedded.yaml'}"
    more = [overlay] if embedded else [f"--model.backbone={tiny}", *SMALL]
    run(["predict", f"--config={file}", *more, *QUICK])


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("embedded", [False, True], ids=["toy", "embedded"])
@pytest.mark.parametrize("file", PIPELINES, ids=lambda file: file.stem)
def test_a_pipeline_runs(
    file: Path, embedded: bool, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree_with_every_third(monkeypatch)
    words = embedded_words(file.stem) if embedded else toy_words(file.stem, tiny)
    whole_row(file, words)


TABLE_1 = [  # the two rows that are not here are made like that of MELM
    GOLD,
    *(CONFIGS / f"{row}_conll.yaml" for row in ("labelwise", "daga", "melm")),
]


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("file", TABLE_1, ids=lambda file: file.stem)
def test_a_row_runs_from_one_language_to_others(
    file: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree_with_every_third(monkeypatch)
    data = CONFIGS / "data" / "cross_lingual_100.yaml"
    if file in PIPELINES:
        stages = whole_row(file, [f"--data={data}", *toy_words(file.stem, tiny)])
        scores = stages["train"]["test"]["test_sets"]
    else:
        key = "data.source" if file in AUGMENTED_ROWS else "data"
        sizes = [f"--{key}.train_size=20", f"--{key}.dev_size=8"]
        words = [f"--config={file}", f"--{key}={data}", *sizes, f"--model.backbone={tiny}"]
        quick = [word for word in QUICK if "fast_dev_run" not in word]
        cli = run(["fit", *words, *quick, "--trainer.max_epochs=1"])
        run(["test", *words, *quick])
        record = read_test_record(cli.run.path / "test_metrics.json")
        assert record is not None
        scores = scores_by_set(record)
    assert list(scores) == ["de", "es", "nl"]


@pytest.mark.usefixtures("toys")
def test_a_sequence_to_sequence_model_runs(sequence_model: Path) -> None:
    words = [f"--config={MULDA}", f"--model.backbone={sequence_model}", "--data.size_each=4"]
    fit_and_test(words)
    run(["predict", *words, *QUICK])


@pytest.mark.usefixtures("toys")
def test_the_row_of_the_sequence_to_sequence_model_runs(sequence_model: Path, tiny: str) -> None:
    stages = whole_row(
        MULDA_ROW,
        [
            "--data.size_each=8",
            f"--tagger.model.backbone={tiny}",
            f"--generator.model.backbone={sequence_model}",
            "--generator.model.optimizer.init_args.lr=0.01",
            "--generator.trainer.max_epochs=16",
            "--generator.model.rounds=8",
            "--generator.model.sample=true",  # one trained so little finds no sentence by search
            "--generator.model.beams=1",
            "--generator.model.max_length=24",
        ],
    )
    assert read_conll(stages["generate"]["file"])
    assert list(stages["train"]["test"]["test_sets"]) == ["en", "de", "es", "nl"]


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("file", RAW_TEXT, ids=lambda file: file.stem)
def test_training_on_raw_text_runs(file: Path, tiny: str) -> None:
    fit_and_test([f"--config={file}", f"--model.backbone={tiny}", "--data.cache_folder=cache"])


def test_the_overlay_keeps_the_augmentation() -> None:
    words = [f"--config={CONFIGS / name}" for name in ("labelwise_conll.yaml",)]
    overlay = f"--config={CONFIGS / 'embedded_augmented.yaml'}"
    data = run(["fit", *words, overlay, *QUICK]).datamodule
    gold = data.source.sentences("train")
    assert data.name == "sample-sw+labelwise"
    assert len(data.sentences("train")) > len(gold) == 100
