from pathlib import Path

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from lowner_pl.nn import load_backbone, save_backbone


@pytest.fixture
def exported(tiny: str, tmp_path: Path) -> Path:
    """A backbone saved as `export-backbone` does."""
    save_backbone(*load_backbone(tiny), tmp_path / "exported")
    return tmp_path / "exported"


def test_an_exported_backbone_loads_with_equal_weights(exported: Path, tiny: str) -> None:
    one, other = load_backbone(tiny)[0], load_backbone(str(exported))[0]
    pairs = zip(one.parameters(), other.parameters(), strict=True)
    assert all(mine.equal(theirs) for mine, theirs in pairs)
    with safe_open(exported / "model.safetensors", framework="pt") as file:
        assert file.metadata()["format"] == "pt"


@pytest.mark.parametrize("dtype", [torch.float32, torch.float16])
def test_a_flipped_bit_is_detected(dtype: torch.dtype, exported: Path, tiny: str) -> None:
    save_backbone(*load_backbone(tiny), exported, dtype=dtype)
    file = exported / "model.safetensors"
    content = bytearray(file.read_bytes())
    content[-1000] ^= 1
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"model.safetensors' is damaged: '.*' has changed since"):
        load_backbone(str(exported))


def test_weights_that_are_not_finite_are_rejected(exported: Path) -> None:
    file = exported / "model.safetensors"
    tensors = load_file(file)
    next(iter(tensors.values())).view(-1)[3] = torch.nan
    save_file(tensors, file, {"format": "pt"})  # without checksums, as other programs write it
    with pytest.raises(ValueError, match=r"can't be used: '.*' contains an infinity"):
        load_backbone(str(exported))


def test_weights_too_large_for_16_bits_are_not_saved(tiny: str, tmp_path: Path) -> None:
    backbone, head, tokenizer = load_backbone(tiny)
    with torch.no_grad():
        next(backbone.parameters()).view(-1)[0] = 1e6
    with pytest.raises(ValueError, match=r"was not saved: '.*' contains .* as torch.float16"):
        save_backbone(backbone, head, tokenizer, tmp_path / "half", dtype=torch.float16)
