"""The files under ``configs/`` that are rows of the papers' tables, and what they name."""

from pathlib import Path
from typing import Any

import yaml

from .running import CONFIGS

MANER_ROWS = sorted(CONFIGS.glob("*_wikiann.yaml"))
MIXED_ROWS = [CONFIGS / name for name in ("mix_random_conll.yaml", "mix_ess_conll.yaml")]
AUGMENTED_ROWS = [CONFIGS / "labelwise_conll.yaml", CONFIGS / "melm_5_train.yaml", *MIXED_ROWS]
GOLD = CONFIGS / "melm_1_gold.yaml"
FINETUNE = CONFIGS / "melm_2_finetune.yaml"
DAGA = CONFIGS / "daga.yaml"
MULDA = CONFIGS / "mulda_conll.yaml"
META = CONFIGS / "meta_conll.yaml"
META_BASE = CONFIGS / "meta_base_conll.yaml"
META_TARGET = CONFIGS / "meta_target_conll.yaml"
META_MODELS = [CONFIGS / "model" / name for name in ("meta.yaml", "sner_mbert.yaml")]
EPISODIC = sorted((CONFIGS / "data").glob("*episodic*.yaml"))  # of methods that adapt
SEQUENCE_MODEL = CONFIGS / "model" / "mulda.yaml"

QUICK = (
    "--trainer.fast_dev_run=2",
    "--trainer.accelerator=cpu",
    "--trainer.enable_progress_bar=false",
    "--trainer.enable_model_summary=false",
)


def data_of(experiment: Path) -> dict[str, Any]:
    """Return the data of an experiment, written in it or in the file that it names."""
    data = yaml.safe_load(experiment.read_text())["data"]
    named = isinstance(data, str)
    whole: dict[str, Any] = yaml.safe_load((CONFIGS / data).read_text()) if named else data
    return whole
