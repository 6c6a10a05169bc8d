"""The configs under ``configs/`` that tests name."""

from pathlib import Path
from typing import Any

import yaml

from ..running import CONFIGS

DATA = CONFIGS / "parts" / "data"
MODELS = CONFIGS / "parts" / "model"
OVERLAYS = CONFIGS / "overlays"
MELM = CONFIGS / "melm"
GENERATORS = MELM / "generators"

MANER_ROWS = sorted(CONFIGS.glob("*_wikiann.yaml"))
GOLD_ROWS = [MELM / "gold_conll.yaml", MELM / "gold_multi_conll.yaml"]
AUGMENTED_ROWS = [MELM / f"{row}_conll.yaml" for row in ("labelwise", "mix_random", "mix_ess")]
FINETUNE = GENERATORS / "melm.yaml"
DAGA = GENERATORS / "daga.yaml"
MULDA = GENERATORS / "mulda.yaml"
META = CONFIGS / "meta" / "meta_conll.yaml"
META_BASE = CONFIGS / "meta" / "meta_base_conll.yaml"
META_TARGET = CONFIGS / "meta" / "meta_target_conll.yaml"
META_MODELS = [MODELS / "meta.yaml", MODELS / "sner_mbert.yaml"]
EPISODIC = sorted(DATA.glob("*episodic*.yaml"))
SEQUENCE_MODEL = MODELS / "mulda.yaml"

QUICK = (
    "--trainer.fast_dev_run=2",
    "--trainer.accelerator=cpu",
    "--trainer.enable_progress_bar=false",
    "--trainer.enable_model_summary=false",
)


def part(experiment: Path, key: str) -> dict[str, Any]:
    """Read an option of an experiment, from the file that it names if it names one."""
    return resolved(yaml.safe_load(experiment.read_text())[key], experiment.parent)


def resolved(value: str | dict[str, Any], folder: Path) -> dict[str, Any]:
    """Read a file named relative to a folder; keep options that are written out."""
    read: Any = yaml.safe_load((folder / value).read_text()) if isinstance(value, str) else value
    assert isinstance(read, dict)
    return read
