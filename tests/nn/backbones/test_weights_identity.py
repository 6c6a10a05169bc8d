from pathlib import Path
from shutil import copytree

import pytest

from lowner_pl.nn.backbones.weights_identity import weights_identity


def test_a_model_of_the_hub_is_known_by_what_is_kept_of_it(
    tiny: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    assert weights_identity("some/model") is None
    (tmp_path / "models--some--model" / "refs").mkdir(parents=True)
    (tmp_path / "models--some--model" / "refs" / "main").write_text("abc")
    copytree(tiny, tmp_path / "models--some--model" / "snapshots" / "abc")
    assert weights_identity("some/model") == weights_identity(tiny) is not None


def test_backbones_are_told_apart(backbones: dict[str, Path]) -> None:
    identities = {weights_identity(str(folder)) for folder in backbones.values()}
    assert len(identities | {weights_identity("embedded"), None}) == len(backbones) + 2


def test_weights_that_are_not_loaded_do_not_count(tiny: str, tmp_path: Path) -> None:
    folder = Path(copytree(tiny, tmp_path / "copy"))
    (folder / "training_args.bin").write_text("options")  # beside safetensors
    assert weights_identity(str(folder)) == weights_identity(tiny)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    assert weights_identity(str(folder)) != weights_identity(tiny)


@pytest.mark.parametrize("name", ["/no/such/folder", "no such model", "a/b/c"])
def test_what_is_nowhere_has_none(name: str) -> None:
    assert weights_identity(name) is None
