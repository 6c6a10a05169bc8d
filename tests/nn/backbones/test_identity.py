import hashlib
from pathlib import Path
from shutil import copytree
from typing import BinaryIO

import pytest

from lowner_pl.nn.backbones.identity import weights_identity


def test_a_hub_model_is_identified_by_its_cached_files(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert weights_identity("some/model") is None
    (tmp_path / "models--some--model" / "refs").mkdir(parents=True)
    (tmp_path / "models--some--model" / "refs" / "main").write_text("abc")
    copytree(tiny, tmp_path / "models--some--model" / "snapshots" / "abc")
    assert weights_identity("some/model") == weights_identity(tiny) is not None


def test_different_backbones_have_different_identities(backbones: dict[str, Path]) -> None:
    identities = {weights_identity(str(folder)) for folder in backbones.values()}
    assert len(identities | {weights_identity("embedded"), None}) == len(backbones) + 2


def test_files_that_are_not_loaded_do_not_change_the_identity(tiny: str, tmp_path: Path) -> None:
    folder = Path(copytree(tiny, tmp_path / "copy"))
    (folder / "training_args.bin").write_text("options")  # beside safetensors
    assert weights_identity(str(folder)) == weights_identity(tiny)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert weights_identity(str(folder)) != weights_identity(tiny)


@pytest.mark.parametrize("name", ["/no/such/folder", "no such model", "a/b/c"])
def test_a_backbone_that_does_not_exist_has_no_identity(name: str) -> None:
    assert weights_identity(name) is None


def test_a_file_that_changes_but_keeps_its_size_changes_the_identity(
    tiny: str, tmp_path: Path
) -> None:
    folder = Path(copytree(tiny, tmp_path / "copy"))
    before = weights_identity(str(folder))
    config = folder / "config.json"
    text = config.read_text()
    config.write_text(text.swapcase())
    assert weights_identity(str(folder)) != before
    config.write_text(text)
    assert weights_identity(str(folder)) == before


def test_files_are_read_again_only_if_they_changed(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(copytree(tiny, tmp_path / "copy"))
    files, digest = [], hashlib.file_digest

    def counted(stream: BinaryIO, kind: object) -> object:
        files.append(Path(stream.name).name)
        return digest(stream, kind)  # type: ignore[arg-type]

    monkeypatch.setattr(hashlib, "file_digest", counted)
    first = weights_identity(str(folder))
    assert "model.safetensors" in files
    files.clear()
    assert weights_identity(str(folder)) == first
    assert files == []
    (folder / "config.json").write_text("{}")
    weights_identity(str(folder))
    assert files == ["config.json"]
