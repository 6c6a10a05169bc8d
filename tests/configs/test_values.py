"""The configs hold the values that the papers give."""

from pathlib import Path

import pytest
import yaml

from .files import (
    AUGMENTED_ROWS,
    DAGA,
    DATA,
    FINETUNE,
    GOLD_ROWS,
    MANER_ROWS,
    META,
    META_BASE,
    META_MODELS,
    META_TARGET,
    MODELS,
    MULDA,
    SEQUENCE_MODEL,
    part,
    resolved,
)


@pytest.mark.parametrize("file", MANER_ROWS, ids=lambda file: file.stem)
def test_maners_rows_hold_the_papers_values(file: Path) -> None:
    # Sonkar et al. (2023): XLM-R-large, 30 epochs, AdamW at 5e-6, seed 12345, 100 sentences.
    assert yaml.safe_load(file.read_text())["seed_everything"] == 12345
    assert part(file, "trainer")["max_epochs"] == 30
    model = part(file, "model")["init_args"]
    assert model["backbone"] == "xlm-roberta-large"
    assert model["optimizer"]["class_path"] == "torch.optim.AdamW"
    assert model["optimizer"]["init_args"]["lr"] == 5e-6
    assert part(file, "data")["init_args"]["train_size"] == 100


@pytest.mark.parametrize("file", [*GOLD_ROWS, *AUGMENTED_ROWS], ids=lambda file: file.stem)
def test_melms_taggers_hold_the_papers_values(file: Path) -> None:
    # Zhou et al. (2022), section 3: XLM-R-large and a CRF, 10 epochs, AdamW at 2e-5, batch 16, N
    # training and N development sentences.
    assert part(file, "trainer")["max_epochs"] == 10
    model = part(file, "model")["init_args"]
    assert (model["backbone"], model["head"]) == ("xlm-roberta-large", "crf")
    assert model["optimizer"]["class_path"] == "torch.optim.AdamW"
    assert model["optimizer"]["init_args"]["lr"] == 2e-5
    options = part(file, "data")["init_args"]
    assert options.get("batch_size", 16) == 16  # also the default of a data module
    if "source" in options:
        options = resolved(options["source"], file.parent)["init_args"]
    each = options.get("size_each")
    assert each == 100 or options["train_size"] == options["dev_size"] == 100


def test_daga_holds_the_papers_values() -> None:
    # Ding et al. (2020), with 100 sentences as in Table 1 of Zhou et al. (2022).
    assert part(DAGA, "trainer")["max_epochs"] == 30
    options = part(DAGA, "model")["init_args"]
    assert (options["embedding_size"], options["hidden_size"]) == (300, 512)
    assert (options["dropout"], options["decay"]) == (0.5, 0.5)
    assert options["optimizer"] == {"class_path": "torch.optim.SGD", "init_args": {"lr": 1.0}}
    data = part(DAGA, "data")["init_args"]
    assert data["train_size"] == data["dev_size"] == 100


def test_melms_generator_holds_the_papers_values() -> None:
    # Zhou et al. (2022), section 3.2: XLM-R-base, Adam at 1e-5, batch 30, 20 epochs, eta 0.7, mu
    # 0.5; top 5 and 3 rounds.
    assert part(FINETUNE, "trainer")["max_epochs"] == 20
    assert part(FINETUNE, "data")["init_args"]["batch_size"] == 30
    model = part(FINETUNE, "model")["init_args"]
    assert model["backbone"] == "xlm-roberta-base"
    assert model["optimizer"]["class_path"] == "torch.optim.Adam"
    assert model["optimizer"]["init_args"]["lr"] == 1e-5
    assert (model["mask_rate"], model["generation_rate"]) == (0.7, 0.5)
    assert (model["k"], model["rounds"]) == (5, 3)


def test_mulda_holds_the_values_of_its_paper_and_released_code() -> None:
    # mBART (Liu et al., 2021), with 100 sentences of each language as in Table 2 of Zhou et al.
    # (2022); the optimiser is the released code's.
    options = part(MULDA, "model")["init_args"]
    assert options == yaml.safe_load(SEQUENCE_MODEL.read_text())["init_args"]
    assert options["backbone"] == "facebook/mbart-large-cc25"
    adam = {"lr": 5e-5, "betas": [0.9, 0.98], "fused": True}
    assert options["optimizer"] == {"class_path": "torch.optim.Adam", "init_args": adam}
    data = part(MULDA, "data")["init_args"]
    languages = [source["init_args"]["language"] for source in data["sources"]]
    assert languages == options["languages"]
    assert data["size_each"] == 100


def test_meta_learning_holds_the_papers_values() -> None:
    # Wu et al. (2020), "Implementation Details".
    model = part(META, "model")["init_args"]
    assert model["backbone"] == "bert-base-multilingual-cased"
    assert (model["inner_steps"], model["frozen_layers"], model["max_length"]) == (2, 3, 128)
    assert (model["mask_rate"], model["max_weight"], model["algorithm"]) == (0.2, 2.0, "fomaml")
    for key in ("optimizer", "inner_optimizer"):
        assert model[key]["class_path"] == "torch.optim.Adam"
        assert model[key]["init_args"]["lr"] == 3e-5
    assert (model["adaptation_lr"], model["adaptation_steps"]) == (1e-5, 1)
    assert part(META, "trainer")["max_steps"] == 3000


@pytest.mark.parametrize(
    ("name", "languages"), [("episodic", ["es", "nl", "de"]), ("episodic_fr_zh", ["fr", "zh"])]
)
def test_episodes_hold_the_papers_values(name: str, languages: list[str]) -> None:
    data = yaml.safe_load((DATA / f"{name}.yaml").read_text())["init_args"]
    assert (data["k"], data["batch_size"]) == (2, 32)
    found = [target["init_args"].get("language", "zh") for target in data["targets"]]
    assert found == languages


def test_meta_learning_and_its_base_model_share_their_tagger() -> None:
    assert META_MODELS == [MODELS / "meta.yaml", MODELS / "sner_mbert.yaml"]
    model, base = (part(file, "model")["init_args"] for file in (META, META_BASE))
    shared = ("backbone", "dropout", "max_length", "frozen_layers", "head", "tag_scheme")
    assert {key: base[key] for key in shared} == {key: model[key] for key in shared}


def test_fine_tuning_on_the_target_holds_the_values_of_the_released_code() -> None:
    target = part(META_TARGET, "data")["init_args"]
    assert (target["train_share"], target["batch_size"]) == (0.01, 32)
    # Ten epochs are its 30, 60 and 130 updates for 1, 2 and 5 % of Spanish.
    assert part(META_TARGET, "trainer") == {"max_epochs": 10}
