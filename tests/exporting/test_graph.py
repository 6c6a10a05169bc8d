"""ONNX Runtime gives the tags of torch; with 8 bits, whatever else is tagged."""

import builtins
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

import lowner_pl
from lowner_pl.corpus import Sentence
from lowner_pl.exporting import export, graph
from lowner_pl.exporting.graph import EightBitTable
from lowner_pl.modules import MANERLightningModule, SNERLightningModule
from lowner_pl.nn.backbones.making.fresh import fresh_backbone
from lowner_pl.tagging.exported.onnx_tagger import OnnxModule

from ..tagging.own_method import OwnLightningModule
from .saved import found, save

pytest.importorskip("onnxruntime", reason="needs the extra `onnx`")
TYPES = ("PER", "ORG", "LOC")
pytestmark = pytest.mark.usefixtures("offline")


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory, swahili: list[Sentence]) -> str:
    """A backbone of one layer: to trace it takes half as long."""
    texts = [" ".join(sentence.words) for sentence in swahili]
    folder = tmp_path_factory.mktemp("backbone")
    options: dict[str, Any] = {"vocabulary": 400, "layers": 1, "hidden": 16, "heads": 2}
    return str(fresh_backbone(folder, texts, **options))


@pytest.fixture(scope="module")
def exported(tmp_path_factory: pytest.TempPathFactory, backbone: str) -> tuple[Path, Path]:
    """MANER with a CRF in 32 bits, in weights outside of the graph, and SNER in 8 bits."""
    root = tmp_path_factory.mktemp("exported")
    maner = MANERLightningModule(
        entity_types=TYPES, backbone=backbone, head="crf", max_length=40, context=5
    )
    sner = SNERLightningModule(entity_types=TYPES, backbone=backbone)
    folders = root / "maner", root / "sner"
    for folder in folders:
        folder.mkdir()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(graph, "MOST_BYTES", 1)
        export(save(maner, root / "maner.ckpt"), folders[0], onnx=True)
        patch.undo()
        export(save(sner, root / "sner.ckpt"), folders[1], onnx=True, int8=True)
    return folders


def test_the_graph_gives_the_tags_and_confidences_of_torch(
    exported: tuple[Path, Path], swahili: list[Sentence]
) -> None:
    folder = exported[0]
    by_torch, by_onnx = (lowner_pl.load(folder, runtime=name) for name in ("torch", "onnx"))
    assert isinstance(by_onnx.module, OnnxModule)
    long = Sentence(tuple(word for sentence in swahili[:9] for word in sentence.words))
    expected = found(by_torch, [*swahili[:20], long])
    assert sum(map(len, expected)) > 20
    assert found(by_onnx, [*swahili[:20], long]) == expected
    assert by_onnx.temperature == 1.7
    assert 'runtime="onnx"' in (folder / "README.md").read_text()


def test_a_folder_with_only_the_graph_needs_no_other_weights(
    exported: tuple[Path, Path], swahili: list[Sentence], tmp_path: Path
) -> None:
    folder = tmp_path / "small"
    shutil.copytree(exported[0], folder)
    expected = found(lowner_pl.load(folder), swahili[:5])
    (folder / "model.safetensors").unlink()
    tagger = lowner_pl.load(folder)
    assert isinstance(tagger.module, OnnxModule)
    assert tagger.source == folder / "model.onnx"
    assert found(tagger, swahili[:5]) == expected


def test_eight_bits_change_little_and_never_depend_on_the_batch(
    exported: tuple[Path, Path], swahili: list[Sentence]
) -> None:
    folder = exported[1]
    plain, small = (lowner_pl.load(folder, runtime=name) for name in ("torch", "onnx"))
    together = found(small, swahili[:30])
    assert together == [found(small, [sentence])[0] for sentence in swahili[:30]]
    spans = [{e[:3] for row in found(t, swahili[:30]) for e in row} for t in (plain, small)]
    assert len(spans[0] & spans[1]) > 0.8 * len(spans[0] | spans[1])
    sizes = [(folder / name).stat().st_size for name in ("model.safetensors", "model.onnx")]
    assert sizes[1] != sizes[0]
    assert not [*folder.glob("tmp*")]


def test_a_table_of_eight_bits_keeps_each_row_within_half_a_step() -> None:
    # A row's step is its largest absolute value over 127; a large row costs the others nothing.
    table = torch.tensor([[0.5, -1.27, 0.014], [100.0, 3.0, -127.0], [0.0, 0.0, 0.0]])
    rows = EightBitTable(table)(torch.tensor([[0, 2], [1, 0]]))
    torch.testing.assert_close(rows[0, 0], torch.tensor([0.5, -1.27, 0.01]))
    torch.testing.assert_close(rows[1, 0], table[1])
    assert rows[0, 1].tolist() == [0.0, 0.0, 0.0]
    assert rows.shape == (2, 2, 3)


def test_damage_and_wrong_runtimes_are_named(exported: tuple[Path, Path], tmp_path: Path) -> None:
    folder = tmp_path / "damaged"
    shutil.copytree(exported[1], folder)
    with pytest.raises(ValueError, match="`runtime` is 'tensorrt', but it must be"):
        lowner_pl.load(folder, runtime="tensorrt")
    with pytest.raises(ValueError, match="`device` is 'meta', but ONNX Runtime tags on the CPU"):
        lowner_pl.load(folder, runtime="onnx", device="meta")
    content = bytearray((folder / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "model.onnx").write_bytes(content)
    with pytest.raises(ValueError, match=r"model\.onnx' has changed since it was written"):
        lowner_pl.load(folder, runtime="onnx")
    (folder / "model.onnx").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no 'model\.onnx'.*`--onnx`"):
        lowner_pl.load(folder, runtime="onnx")
    (folder / "model.safetensors").unlink()
    with pytest.raises(FileNotFoundError, match=r"has no 'model\.safetensors'"):
        lowner_pl.load(folder)


def test_missing_packages_are_named_before_anything_is_loaded(
    exported: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = builtins.__import__

    def without(name: str, *more: Any) -> Any:
        if name == "onnxruntime":
            raise ImportError(name)
        return original(name, *more)

    with monkeypatch.context() as patch:
        patch.setattr(builtins, "__import__", without)
        with pytest.raises(ValueError, match=r"needs the package `onnxruntime`.*lowner_pl\[onnx\]"):
            lowner_pl.load(exported[1], runtime="onnx")
    monkeypatch.setattr(graph, "PACKAGES", ("onnx", "no_such_package"))
    with pytest.raises(ValueError, match=r"packages no_such_package, which.*lowner_pl\[onnx\]"):
        export(tmp_path / "none", tmp_path, onnx=True)


def test_a_method_that_is_not_part_of_the_package_has_no_graph(
    backbone: str, tmp_path: Path
) -> None:
    module = OwnLightningModule(entity_types=TYPES, backbone=backbone)
    run = tmp_path / "run"
    file = save(module, run / "checkpoints" / "best.ckpt")
    (run / "config.yaml").write_text(
        "model: {class_path: tests.tagging.own_method.OwnLightningModule}"
    )
    with pytest.raises(ValueError, match="which is not part of lowner_pl"):
        export(file, tmp_path, onnx=True)


def test_a_backbone_that_cannot_be_traced_is_named(
    backbone: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(*_: Any, **__: Any) -> None:
        raise RuntimeError("no\n rule")

    monkeypatch.setattr(torch.onnx, "export", fails)
    file = save(SNERLightningModule(entity_types=TYPES, backbone=backbone), tmp_path / "a.ckpt")
    with pytest.raises(ValueError, match=r"type 'xlm-roberta' can't be.*\(no rule\).*without"):
        export(file, tmp_path, onnx=True)
