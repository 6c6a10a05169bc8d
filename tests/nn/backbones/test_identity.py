from pathlib import Path
from shutil import copytree

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
