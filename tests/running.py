"""Running commands in tests."""

import atexit
import csv
import os
import shutil
import subprocess
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch
from torch import Tensor

from lowner_pl.augmentation import consistent
from lowner_pl.commands.cli import NERCLI, run
from lowner_pl.corpus import Sentence, Sentences, read_conll
from lowner_pl.nn.backbones.making.fresh import fresh_backbone
from lowner_pl.pipelines import pipeline

from .conftest import ROOT, SAMPLE

CONFIGS = ROOT / "configs"


PLAIN = (
    "--model.optimizer.init_args.lr=0.001",
    "--model.schedule=constant",
    "--model.warmup=0",
    "--model.head_lr_factor=1",
    "--model.train_embeddings=all",
    "--data.batch_size=16",
)
"""Options of an ordinary training, instead of what suits the embedded backbone."""


@cache
def small_backbone() -> str:
    """Return the folder of a backbone smaller than the embedded one, made once a process."""
    folder = TemporaryDirectory(prefix="backbone-")
    atexit.register(folder.cleanup)
    texts = [" ".join(s.words) for s in read_conll(SAMPLE / "sw" / "train.conll")]
    return str(fresh_backbone(folder.name, texts, vocabulary=600, hidden=32, heads=2))


def arguments(command: str, log_root: Path, *more: str, method: str = "sner") -> list[str]:
    """Return the words of a command on the Swahili sample, small and quick."""
    return [
        command,
        f"--config={CONFIGS / f'{method}_wikiann.yaml'}",
        f"--config={CONFIGS / 'embedded.yaml'}",
        f"--log_root={log_root}",
        f"--model.backbone={small_backbone()}",
        *PLAIN,
        "--trainer.enable_progress_bar=false",
        "--trainer.enable_model_summary=false",
        "--trainer.max_epochs=3",
        "--data.train_size=48",
        *more,
    ]


def command(name: str, log_root: Path, *more: str, method: str = "sner") -> NERCLI:
    """Run a command in this process."""
    return run(arguments(name, log_root, *more, method=method))


@cache
def _finished() -> Path:
    """Train SNER, once a process."""
    folder = TemporaryDirectory(prefix="finished-")
    atexit.register(folder.cleanup)
    command("fit", Path(folder.name))
    return Path(folder.name)


def finished(log_root: Path) -> Path:
    """Copy a finished run of SNER, as ``command("fit", log_root)`` leaves it."""
    return shutil.copytree(_finished(), log_root, dirs_exist_ok=True)


def popen(words: list[str]) -> "subprocess.Popen[str]":
    """Start a command in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-m", "lowner_pl", *words],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def folder(log_root: Path, method: str = "sner", seed: int = 12345) -> Path:
    """Return the run folder of the sample corpus."""
    return log_root / "sample-sw" / method / f"seed_{seed}"


def weights(log_root: Path, which: str = "last", method: str = "sner") -> dict[str, Tensor]:
    """Return the weights of a checkpoint."""
    file = folder(log_root, method) / "checkpoints" / f"{which}.ckpt"
    state: dict[str, Tensor] = torch.load(file, weights_only=True)["state_dict"]
    return state


def steps(file: Path, column: str) -> list[tuple[int, float]]:
    """Return the steps and values of a column of ``metrics.csv``, or of ``steps.csv`` beside it."""
    if column.startswith("train/"):
        file = file.with_name("steps.csv")
    with file.open(newline="") as lines:
        return [
            (int(row["step"]), float(row[column])) for row in csv.DictReader(lines) if row[column]
        ]


def same(one: dict[str, Tensor], other: dict[str, Tensor]) -> bool:
    """Return whether two sets of weights are equal bit for bit."""
    return one.keys() == other.keys() and all(one[name].equal(other[name]) for name in one)


def agree_with_every_third(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a pipeline's filter see predictions that agree with every third candidate.

    A tagger that is trained in seconds agrees with none.
    """

    def filtered(
        candidates: Sentences, predicted: Iterable[Sequence[str]], **options: Any
    ) -> Iterator[Sentence]:
        tags = (
            ("O",) * len(row) if number % 3 else candidate.tags or ()
            for number, (candidate, row) in enumerate(zip(candidates, predicted, strict=True))
        )
        return consistent(candidates, tags, **options)

    monkeypatch.setattr(pipeline, "consistent", filtered)
