"""Small, quick pipelines in tests, and what they did."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from lowner_pl.commands.cli import run
from lowner_pl.commands.command_line import CommandLine
from lowner_pl.pipelines import pipeline

from ..running import CONFIGS, small_backbone

MELM = CONFIGS / "melm" / "melm_conll.yaml"


def arguments(root: Path, *more: str, config: Path = MELM) -> list[str]:
    """Return the words of a small, quick pipeline on the Swahili sample."""
    return [
        "augment",
        f"--config={config}",
        f"--tagger.config={CONFIGS / 'embedded.yaml'}",
        f"--generator.config={CONFIGS / 'overlays' / 'embedded_generator.yaml'}",
        f"--log_root={root}",
        f"--model.backbone={small_backbone()}",
        "--trainer.enable_progress_bar=false",
        "--trainer.enable_model_summary=false",
        "--trainer.max_epochs=2",
        "--data.train_size=24",
        "--data.dev_size=12",
        *more,
    ]


def folder(root: Path, name: str = "melm_conll") -> Path:
    return root / "sample-sw" / f"augment-{name}" / "seed_12345"


def record(root: Path, name: str = "melm_conll") -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder(root, name) / "augment.json").read_text())
    return found


def without(root: Path, *stages: str, name: str = "melm_conll.yaml") -> Path:
    """Return a copy of MELM's pipeline that lacks some stages."""
    whole = yaml.safe_load(MELM.read_text())["stages"]
    left = {stage: _absolute(configs) for stage, configs in whole.items() if stage not in stages}
    file = root / name
    file.write_text(yaml.safe_dump({"stages": left}))
    return file


def _absolute(configs: Any) -> Any:
    """Name the files of a stage by their whole paths."""
    if isinstance(configs, list):
        return [_absolute(config) for config in configs]
    return str(MELM.parent / configs) if isinstance(configs, str) else configs


def spied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Record the commands that pipelines run."""
    seen: list[str] = []

    def watched(words: list[str], parsed: CommandLine | None = None) -> Any:
        goes_on = any(w.startswith("--ckpt_path=") and w.endswith("last.ckpt") for w in words)
        seen.append(f"{words[0]} on" if goes_on else words[0])
        return run(words, parsed)

    monkeypatch.setattr(pipeline, "run", watched)
    return seen
