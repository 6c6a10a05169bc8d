"""Checkpoints of untrained taggers, made without training, and what taggers find."""

import shutil
from pathlib import Path
from typing import Any

import torch

from lowner_pl.corpus import Sentence
from lowner_pl.modules import NERModule
from lowner_pl.tagging import TextTagger

Found = list[list[tuple[int, int, str, float]]]


def save(module: NERModule, file: Path) -> Path:
    """Write a checkpoint of a module, whose head is made to find entities."""
    with torch.no_grad():
        module.tagger.head.linear.weight.normal_(generator=torch.Generator().manual_seed(1))
        for name, weight in module.named_parameters():
            if "lora_B" in name:
                weight.normal_(std=0.3, generator=torch.Generator().manual_seed(2))
    saved: dict[str, Any] = {
        "state_dict": module.state_dict(),
        "hyper_parameters": dict(module.hparams),
        "epoch": 3,
        "global_step": 7,
        "pytorch-lightning_version": "2.6.0",
    }
    module.on_save_checkpoint(saved)
    saved["lowner_pl"]["run"] |= {"temperature": 1.7, "language": "sw", "corpus": "toy|sw"}
    file.parent.mkdir(parents=True, exist_ok=True)
    torch.save(saved, file)
    return file


def moved(backbone: Path, folder: Path) -> str:
    """Copy a backbone to where a test can remove it."""
    return str(shutil.copytree(backbone, folder / "backbone"))


def found(tagger: TextTagger, sentences: list[Sentence]) -> Found:
    """Tag sentences; confidences are rounded to what computation on another way may change."""
    rows = tagger.tag_words([sentence.words for sentence in sentences])
    return [[(e.start, e.end, e.type, round(e.confidence, 3)) for e in row] for row in rows]
