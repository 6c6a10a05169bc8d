"""What the papers say stands in the files under ``configs/``."""

from pathlib import Path

import pytest
import yaml

from .config_files import (
    AUGMENTED_ROWS,
    DAGA,
    FINETUNE,
    GOLD,
    MANER_ROWS,
    MULDA,
    SEQUENCE_MODEL,
    data_of,
)
from .running import CONFIGS


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


@pytest.mark.parametrize("file", [*AUGMENTED_ROWS, GOLD], ids=lambda file: file.stem)
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
    data = data_of(file)["init_args"]
    assert data["batch_size"] == 16
    source = data.get("source", {"init_args": data})
    if isinstance(source, str):
        source = yaml.safe_load((CONFIGS / source).read_text())
    sizes = source["init_args"]
    each = sizes.get("size_each")
    assert (each, each) == (100, 100) or (sizes["train_size"], sizes["dev_size"]) == (100, 100)


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
    data = data_of(DAGA)["init_args"]
    assert data["train_size"] == data["dev_size"] == 100


def test_the_values_of_melms_generator_stand_in_the_configs() -> None:
    # Zhou et al. (2022), section 3.2: XLM-R-base, Adam at 1e-5, batch 30, 20 epochs, eta 0.7, mu
    # 0.5; top 5 and 3 rounds.
    trainer = yaml.safe_load((CONFIGS / "trainer_melm_finetune.yaml").read_text())
    model = yaml.safe_load((CONFIGS / "model" / "melm.yaml").read_text())["init_args"]
    assert trainer["max_epochs"] == 20
    assert model["backbone"] == "xlm-roberta-base"
    assert model["optimizer"]["class_path"] == "torch.optim.Adam"
    assert model["optimizer"]["init_args"]["lr"] == 1e-5
    assert (model["mask_rate"], model["generation_rate"]) == (0.7, 0.5)
    assert (model["k"], model["rounds"]) == (5, 3)
    assert data_of(FINETUNE)["init_args"]["batch_size"] == 30


def test_the_values_of_mulda_stand_in_the_config() -> None:
    # mBART (Liu et al., 2021), with 100 sentences of each language as in Table 2 of Zhou et al.
    # (2022); the optimiser is the released code's.
    experiment = yaml.safe_load(MULDA.read_text())
    assert CONFIGS / experiment["model"] == SEQUENCE_MODEL
    options = yaml.safe_load(SEQUENCE_MODEL.read_text())["init_args"]
    assert options["backbone"] == "facebook/mbart-large-cc25"
    adam = {"lr": 5e-5, "betas": [0.9, 0.98], "fused": True}
    assert options["optimizer"] == {"class_path": "torch.optim.Adam", "init_args": adam}
    data = data_of(MULDA)["init_args"]
    languages = [source["init_args"]["language"] for source in data["sources"]]
    assert languages == options["languages"]
    assert data["size_each"] == 100
