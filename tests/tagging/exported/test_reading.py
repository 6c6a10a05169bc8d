"""Exported folders that are damaged, incomplete or of another version are named."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

import lowner_pl
from lowner_pl.corpus import Sentence
from lowner_pl.exporting import export
from lowner_pl.modules import SNERLightningModule
from lowner_pl.tagging.exported.record import FORMAT, ExportRecord
from lowner_pl.tagging.exported.support import exported_support, read_support, write_support

from ...exporting.saved import save

pytestmark = pytest.mark.usefixtures("offline")


@pytest.fixture
def folder(tmp_path: Path, tiny: str) -> Path:
    """An exported folder that a test may change."""
    module = SNERLightningModule(entity_types=("PER", "LOC"), backbone=tiny)
    (tmp_path / "folder").mkdir()
    export(save(module, tmp_path / "a.ckpt"), tmp_path / "folder")
    return tmp_path / "folder"


def change(folder: Path, **values: Any) -> None:
    file = folder / "lowner_pl.json"
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def test_damaged_descriptions_are_named(folder: Path) -> None:
    change(folder, format=FORMAT + 1, lowner_pl="7.1")
    with pytest.raises(ValueError, match=r"written by lowner_pl 7\.1, in a format that this"):
        lowner_pl.load(folder)
    change(folder, format=FORMAT, method="New", class_path="no.such.New")
    with pytest.raises(ValueError, match="of the method 'New', which is not in this version"):
        lowner_pl.load(folder)
    change(folder, options=3)
    with pytest.raises(ValueError, match=r"damaged \('options' is no dict"):
        lowner_pl.load(folder)
    change(folder, surprise=1)
    with pytest.raises(ValueError, match=r"lowner_pl\.json' is damaged \(.*surprise"):
        lowner_pl.load(folder)
    (folder / "lowner_pl.json").write_text("{")
    with pytest.raises(ValueError, match=r"lowner_pl\.json' is damaged"):
        lowner_pl.load(folder)


def test_damaged_and_missing_weights_are_named(folder: Path) -> None:
    parts = folder / "tagger.safetensors"
    weights, whole = load_file(parts), parts.read_bytes()
    broken = bytearray(whole)
    broken[-1] ^= 1
    parts.write_bytes(broken)
    with pytest.raises(ValueError, match=r"tagger\.safetensors' is damaged: 'head.* has changed"):
        lowner_pl.load(folder)
    parts.write_bytes(whole[:40])
    with pytest.raises(ValueError, match=r"tagger\.safetensors' is damaged \("):
        lowner_pl.load(folder)
    save_file({**weights, "head.linear.bias": torch.zeros(3)}, parts)
    with pytest.raises(ValueError, match=r"don't fit .*'head\.linear\.bias'"):
        lowner_pl.load(folder)
    parts.unlink()
    with pytest.raises(FileNotFoundError, match=r"has no 'tagger\.safetensors'"):
        lowner_pl.load(folder)


def test_a_run_has_no_runtime(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"is not an exported folder\. Export the run with"):
        lowner_pl.load(tmp_path, runtime="onnx")


def test_the_sentences_of_the_source_come_back_as_they_were(tmp_path: Path) -> None:
    odd = Sentence(("", "a b", "\u2028", "#", "ውድድር"), ("O", "B-PER", "I-PER", "O", "O"), "am")
    write_support(tmp_path, [odd, Sentence(("x",), ("O",))])
    assert read_support(tmp_path) == [odd, Sentence(("x",), ("O",))]
    (tmp_path / "support.jsonl").write_text('{"words": ["a"]}\n')
    with pytest.raises(ValueError, match=r"support\.jsonl' is damaged"):
        read_support(tmp_path)
    (tmp_path / "support.jsonl").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no 'support\.jsonl'"):
        read_support(tmp_path)


def test_support_needs_the_backbone_that_found_it(tmp_path: Path, folder: Path) -> None:
    change(
        folder,
        support={"backbone": "embedded", "backbone_hash": "x", "pooling": "first", "k": 2},
        lowner_pl="0.5",
    )
    with pytest.raises(ValueError, match=r"backbone 'embedded' of lowner_pl 0\.5, but it is anoth"):
        exported_support(tmp_path, ExportRecord.read(folder))
