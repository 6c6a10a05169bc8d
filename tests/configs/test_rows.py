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

from ..running import CONFIGS, agree_with_every_third
from ..sequence_models import fresh_sequence_model, write_well_formed
from .files import (
    AUGMENTED_ROWS,
    DAGA,
    DATA,
    EPISODIC,
    FINETUNE,
    GOLD_ROWS,
    MANER_ROWS,
    MELM,
    META,
    META_BASE,
    META_MODELS,
    META_TARGET,
    MODELS,
    MULDA,
    OVERLAYS,
    QUICK,
    SEQUENCE_MODEL,
    part,
)

RAW_TEXT = sorted((CONFIGS / "pretraining").glob("*.yaml"))
RAW_PARTS = {DATA / "text.yaml", MODELS / "mlm.yaml"}
SAMPLES = DATA / "sample_multilingual.yaml"
EXPERIMENTS = [*MANER_ROWS, *GOLD_ROWS, *AUGMENTED_ROWS, FINETUNE]
PREDICTING = [FINETUNE, GOLD_ROWS[0]]  # as the stages `generate` and `filter`
MULDA_ROW = MELM / "mulda_multi_conll.yaml"
PIPELINES = sorted(
    {file for file in MELM.glob("*.yaml") if "stages:" in file.read_text()} - {MULDA_ROW}
)
# The other pipelines take the same options as MELM's.
EMBEDDED_PIPELINES = [MELM / f"{row}_conll.yaml" for row in ("melm", "melm_multi", "daga")]
CORPORA = sorted({*DATA.glob("*.yaml")} - RAW_PARTS - {*EPISODIC})
METHODS = sorted({*MODELS.glob("*.yaml")} - RAW_PARTS - {SEQUENCE_MODEL, *META_MODELS})
SMALL = ["--data.train_size=20", "--data.dev_size=8"]
SMALL_DAGA = [
    "--generator.model.embedding_size=16",
    "--generator.model.hidden_size=16",
    "--generator.model.most_tokens=50",
]


@pytest.fixture
def sequence_model(swahili: list[Sentence], tmp_path: Path) -> Path:
    """A tiny untrained model of mBART's kind."""
    texts = [" ".join(sentence.words) for sentence in swahili]
    return fresh_sequence_model(tmp_path / "mbart", texts, kind="mbart")


def options(data: dict[str, Any]) -> list[str]:
    """Choose options for the toy corpora, which are small and lie in a folder."""
    if str(data["class_path"]).endswith("WikiANNDataModule"):
        return ["--data.root=data/wikiann"]
    options = data["init_args"]
    if "size_each" in options:
        return ["--data.size_each=8"] if options["size_each"] else []
    if "multilingual" in str(options.get("source")):
        return ["--data.source.size_each=8"]
    if isinstance(options.get("source"), str):  # a part with a hundred sentences
        return ["--data.source.train_size=20", "--data.source.dev_size=8"]
    return SMALL if options.get("train_size") else []


def toy_words(pipeline: str, tiny: str) -> list[str]:
    """Choose options for a pipeline on a tiny backbone and the toy corpora."""
    words = [f"--tagger.model.backbone={tiny}"]
    if pipeline == "melm_multi_conll":  # the tiny backbone lacks letters of its languages
        data = ["--tagger.data.size_each=8", "--generator.data.source.size_each=8"]
        return [*words, "--generator.model.backbone=embedded", *data]
    generator = SMALL_DAGA if pipeline == "daga_conll" else [f"--generator.model.backbone={tiny}"]
    return [*words, *generator, *SMALL]


def embedded_words(pipeline: str) -> list[str]:
    """Choose options for a pipeline without a network, as its comments say."""
    words = [f"--config={CONFIGS / 'embedded.yaml'}"]
    match pipeline:
        case "daga_conll":
            return [*words, *SMALL_DAGA, "--data.train_size=16", "--data.dev_size=8"]
        case "melm_multi_conll":
            return [*words, "--tagger.data.size_each=8", "--generator.data.source.size_each=8"]
        case _:
            return [*words, "--data.train_size=16", "--data.dev_size=8"]


def overlay_of(file: Path) -> Path:
    """Return the overlay that runs an experiment or a stage without a network."""
    if file == FINETUNE:
        return OVERLAYS / "embedded_generator.yaml"
    augmented = file in AUGMENTED_ROWS
    return OVERLAYS / "embedded_backbone.yaml" if augmented else CONFIGS / "embedded.yaml"


def fit_and_test(words: list[str]) -> None:
    fitted = run(["fit", *words, *QUICK])
    monitored = fitted.model.monitored()
    assert monitored
    assert monitored <= fitted.trainer.callback_metrics.keys()
    run(["test", *words, *QUICK])


def whole_row(file: Path, words: list[str]) -> dict[str, Any]:
    """Run a pipeline with one epoch per training, and return its record of the stages."""
    quick = [word for word in QUICK if "fast_dev_run" not in word]
    run_command(["augment", f"--config={file}", *quick, "--trainer.max_epochs=1", *words])
    (record,) = Path("lightning_logs").rglob("augment.json")
    stages: dict[str, Any] = json.loads(record.read_text())
    assert list(stages) == list(yaml.safe_load(file.read_text())["stages"])
    assert all(stage["done"] for stage in stages.values())
    return stages


def test_every_config_is_tested() -> None:
    rows = {*EXPERIMENTS, *PREDICTING, *PIPELINES, DAGA, MULDA, MULDA_ROW, *RAW_TEXT}
    rows |= {META, META_BASE, META_TARGET}  # in test_meta.py
    parts = {*RAW_PARTS, *CORPORA, *EPISODIC, *METHODS, SEQUENCE_MODEL, *META_MODELS}
    names = ["embedded_backbone", "embedded_generator", "embedded_mixed", "embedded_meta"]
    names += ["melm_mixed", "meta_no_max", "meta_no_mask", "sample", "sample_multilingual"]
    overlays = {CONFIGS / "embedded.yaml", *(OVERLAYS / f"{name}.yaml" for name in names)}
    assert rows | parts | overlays == set(CONFIGS.rglob("*.yaml")) - set(
        CONFIGS.glob("studies/*.yaml")
    )


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_an_experiment_runs(file: Path, tiny: str) -> None:
    fit_and_test([f"--config={file}", f"--model.backbone={tiny}", *options(part(file, "data"))])


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("file", EXPERIMENTS, ids=lambda file: file.stem)
def test_an_experiment_runs_embedded(file: Path) -> None:
    words = [f"--config={file}", f"--config={overlay_of(file)}"]
    if file.stem.startswith("mix_ess"):
        words.append(f"--config={OVERLAYS / 'embedded_mixed.yaml'}")
    elif file in AUGMENTED_ROWS:
        mixed = file.stem.startswith("mix_random")
        words.append(f"--data.source={SAMPLES if mixed else DATA / 'sample.yaml'}")
    fit_and_test(words)


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("file", CORPORA, ids=lambda file: file.stem)
def test_a_corpus_runs(file: Path, tiny: str) -> None:
    words = [f"--model={MODELS / 'sner.yaml'}", f"--data={file}", f"--model.backbone={tiny}"]
    fit_and_test([*words, *options(yaml.safe_load(file.read_text()))])


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("file", METHODS, ids=lambda file: file.stem)
def test_a_method_runs(file: Path, tiny: str) -> None:
    backbone = [] if file.stem == "daga" else [f"--model.backbone={tiny}"]
    fit_and_test([f"--model={file}", f"--data={DATA / 'sample.yaml'}", *backbone])


@pytest.mark.usefixtures("toys")
def test_dagas_language_model_runs() -> None:
    fit_and_test([f"--config={DAGA}", *SMALL])


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("embedded", [False, True], ids=["toy", "embedded"])
@pytest.mark.parametrize("file", PREDICTING, ids=lambda file: file.stem)
def test_a_stage_that_predicts_runs(file: Path, embedded: bool, tiny: str) -> None:
    overlay = f"--config={overlay_of(file)}"
    more = [overlay] if embedded else [f"--model.backbone={tiny}", *SMALL]
    run(["predict", f"--config={file}", *more, *QUICK])


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize(
    ("file", "embedded"),
    [*((file, False) for file in PIPELINES), *((file, True) for file in EMBEDDED_PIPELINES)],
    ids=lambda value: value.stem if isinstance(value, Path) else ("toy", "embedded")[value],
)
def test_a_pipeline_runs(
    file: Path, embedded: bool, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree_with_every_third(monkeypatch)
    words = embedded_words(file.stem) if embedded else toy_words(file.stem, tiny)
    whole_row(file, words)


# Table 1 without MLM-Entity and MELM w/o linearize, which differ from MELM in an option.
TABLE_1 = [MELM / f"{row}_conll.yaml" for row in ("gold", "labelwise", "daga", "melm")]


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("file", TABLE_1, ids=lambda file: file.stem)
def test_a_row_of_table_1_runs_cross_lingually(
    file: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    agree_with_every_third(monkeypatch)
    data = DATA / "cross_lingual_100.yaml"
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
def test_the_row_of_the_sequence_to_sequence_model_runs(
    sequence_model: Path, tiny: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_well_formed(monkeypatch)
    stages = whole_row(
        MULDA_ROW,
        [
            "--data.size_each=8",
            f"--tagger.model.backbone={tiny}",
            f"--generator.model.backbone={sequence_model}",
            "--generator.model.max_length=24",
        ],
    )
    assert read_conll(stages["generate"]["file"])
    assert list(stages["train"]["test"]["test_sets"]) == ["en", "de", "es", "nl"]


@pytest.mark.usefixtures("toys")
@pytest.mark.parametrize("file", RAW_TEXT, ids=lambda file: file.stem)
def test_training_on_raw_text_runs(file: Path, tiny: str) -> None:
    words = [f"--config={file}", f"--model.backbone={tiny}", "--data.cache_folder=cache"]
    if "sampled_softmax" in file.read_text():  # of all subwords that the tiny backbone has
        words.append("--model.sampled_softmax=50")
    fit_and_test(words)


def test_the_overlays_train_the_embedded_backbone_in_the_same_way() -> None:
    files = (CONFIGS / "embedded.yaml", OVERLAYS / "embedded_backbone.yaml")
    with_sample, without = (yaml.safe_load(file.read_text()) for file in files)
    assert part(files[0], "data")["init_args"]["batch_size"] == without["data"]["init_args"].pop(
        "batch_size"
    )
    assert without.pop("data") == {"init_args": {}}
    with_sample.pop("data")
    assert with_sample == without


def test_the_embedded_overlay_keeps_the_augmentation() -> None:
    row = MELM / "labelwise_conll.yaml"
    words = [f"--config={row}", f"--config={overlay_of(row)}"]
    data = run(["fit", *words, f"--data.source={DATA / 'sample.yaml'}", *QUICK]).datamodule
    gold = data.source.sentences("train")
    assert data.name == "sample-sw+labelwise"
    assert len(data.sentences("train")) > len(gold) == 100
