"""Checkpoints are written whole, run no code when loaded, and damage is always noticed."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from lowner_pl.runs.checkpoints import AtomicCheckpointIO, read_checkpoint, restored_from
from lowner_pl.runs.checksums import first_not_finite


def test_a_saved_checkpoint_can_be_loaded(tmp_path: Path) -> None:
    plugin = AtomicCheckpointIO()
    plugin.save_checkpoint({"state_dict": {"w": torch.ones(3)}, "epoch": 2}, tmp_path / "a/b.ckpt")
    back = plugin.load_checkpoint(tmp_path / "a/b.ckpt")
    assert back["epoch"] == 2
    assert back["state_dict"]["w"].tolist() == [1, 1, 1]
    assert [file.name for file in (tmp_path / "a").iterdir()] == ["b.ckpt"]


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_keeps_the_old_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "last.ckpt"
    plugin = AtomicCheckpointIO()
    plugin.save_checkpoint({"state_dict": {"w": torch.ones(3)}}, file)
    with pytest.raises(OSError, match=r"^The checkpoint '.*last.ckpt' can't be written"):
        plugin.save_checkpoint({"state_dict": {"w": torch.zeros(100_000)}}, file)
    assert read_checkpoint(file)["state_dict"]["w"].tolist() == [1, 1, 1]
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.ckpt"]


class _Dangerous:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.trace),)


def test_loading_a_checkpoint_runs_no_code(tmp_path: Path) -> None:
    torch.save({"state_dict": {}, "x": _Dangerous(tmp_path / "trace")}, tmp_path / "bad.ckpt")
    with pytest.raises(ValueError, match=r"bad.ckpt' contains more than tensors and plain values"):
        read_checkpoint(tmp_path / "bad.ckpt")
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_a_truncated_file_is_refused(keep: float, tmp_path: Path) -> None:
    file = tmp_path / "cut.ckpt"
    torch.save({"state_dict": {"w": torch.zeros(5_000)}}, file)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(keep * len(whole)) if keep < 1 else int(keep)])
    with pytest.raises(ValueError, match=r"cut\.ckpt' is damaged, truncated or no"):
        read_checkpoint(file)


def test_missing_and_foreign_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"no checkpoint file '.*nothing'"):
        read_checkpoint(tmp_path / "nothing")
    torch.save({"weights": 1}, tmp_path / "other.ckpt")
    with pytest.raises(ValueError, match=r"other.ckpt' is no checkpoint: it has no state_dict"):
        read_checkpoint(tmp_path / "other.ckpt")


SAMPLE: dict[str, Any] = {
    "state_dict": {"layer.weight": torch.arange(3_000.0), "layer.bias": torch.ones(7).bfloat16()},
    "optimizer_states": [{"state": {0: {"exp_avg": torch.full((3_000,), 0.1)}}}],
    "global_step": 11,
}


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    """A checkpoint with weights and optimiser state."""
    AtomicCheckpointIO().save_checkpoint(SAMPLE, tmp_path / "last.ckpt")
    return tmp_path / "last.ckpt"


def _flip(file: Path, at: int) -> None:
    content = bytearray(file.read_bytes())
    content[at] ^= 4
    file.write_bytes(content)


@pytest.mark.parametrize(
    ("tensor", "name"),
    [
        (SAMPLE["state_dict"]["layer.weight"], "state_dict.layer.weight"),
        (SAMPLE["state_dict"]["layer.bias"], "state_dict.layer.bias"),
        (
            SAMPLE["optimizer_states"][0]["state"][0]["exp_avg"],
            "optimizer_states.0.state.0.exp_avg",
        ),
    ],
)
def test_the_tensor_with_a_flipped_bit_is_named(
    saved: Path, tensor: torch.Tensor, name: str
) -> None:
    stored = tensor.view(torch.uint8).numpy().tobytes()
    _flip(saved, saved.read_bytes().index(stored) + len(stored) // 2)
    with pytest.raises(
        ValueError, match=f"last.ckpt' is damaged: '{name}' has changed since it was saved"
    ):
        read_checkpoint(saved)


def test_a_flipped_bit_is_refused_or_changes_nothing(saved: Path) -> None:
    whole = saved.read_bytes()
    tensors = range(0, len(whole), 301)
    pickle_and_directory = [*range(0, 200, 3), *range(len(whole) - 900, len(whole), 3)]
    refused = 0
    for at in [*tensors, *pickle_and_directory]:
        _flip(saved, at)
        try:
            back = read_checkpoint(saved)
        except ValueError:
            refused += 1
        else:  # a byte that is never read, such as padding between tensors
            assert back["global_step"] == 11
            assert list(back) == list(SAMPLE)
            assert back["state_dict"]["layer.weight"].equal(SAMPLE["state_dict"]["layer.weight"])
        saved.write_bytes(whole)
    assert refused > len(tensors) / 2


def test_a_block_of_zeros_is_refused(saved: Path) -> None:
    content = bytearray(saved.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 512] = bytes(512)
    saved.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"last.ckpt' is damaged: '.*' has changed since it was saved"
    ):
        read_checkpoint(saved)


@pytest.mark.parametrize("number", [torch.nan, torch.inf, -torch.inf])
@pytest.mark.parametrize("part", ["state_dict", "optimizer_states"])
def test_infinities_and_nan_are_neither_written_nor_read(
    number: float, part: str, saved: Path
) -> None:
    bad = {"state_dict": {}, part: {"w": torch.tensor([1.0, number])}, "global_step": 12}
    if part == "optimizer_states":
        bad[part] = [bad[part]]
    before = saved.read_bytes()
    with pytest.raises(ValueError, match=rf"last.ckpt' was not written: after 12 .*'{part}\..*w'"):
        AtomicCheckpointIO().save_checkpoint(bad, saved)
    assert saved.read_bytes() == before
    torch.save(bad, saved)  # as in older versions, without checksums
    with pytest.raises(ValueError, match=rf"last.ckpt' can't be used: '{part}\..*w' contains a"):
        read_checkpoint(saved)


def test_finite_numbers_whose_sum_overflows_are_finite() -> None:
    large = torch.full((10,), torch.finfo(torch.float32).max)
    assert first_not_finite([("large", large), ("ids", torch.ones(1).long())]) is None
    assert first_not_finite([("large", large), ("w", torch.tensor(torch.nan))]) == "w"


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("state_dict", [torch.ones(1)]),
        ("state_dict", {"w": 1.0}),
        ("state_dict", {1: torch.ones(1)}),
        ("lowner_pl", "SNERLightningModule"),
        ("lowner_pl_checksums", "abc"),
        ("global_step", "11"),
        ("global_step", None),
        ("epoch", True),
        ("loops", []),
        ("callbacks", []),
        ("optimizer_states", {}),
        ("pytorch-lightning_version", 2),
    ],
)
def test_entries_of_the_wrong_type_are_refused(key: str, value: object, tmp_path: Path) -> None:
    torch.save({**SAMPLE, key: value}, tmp_path / "odd.ckpt")
    with pytest.raises(ValueError, match=rf"odd.ckpt' is no checkpoint that .*: '{key}' "):
        read_checkpoint(tmp_path / "odd.ckpt")


def test_a_checkpoint_without_checksums_can_be_read(tmp_path: Path) -> None:
    torch.save(SAMPLE, tmp_path / "old.ckpt")
    assert read_checkpoint(tmp_path / "old.ckpt")["global_step"] == 11


def test_an_error_while_restoring_becomes_one_sentence(tmp_path: Path) -> None:
    def on_load_checkpoint() -> None:
        raise KeyError("global_step")

    with (
        pytest.raises(ValueError, match=r"x' is no .*: restoring it failed \(KeyError: 'glob"),
        restored_from(tmp_path / "x"),
    ):
        on_load_checkpoint()
    with pytest.raises(KeyError), restored_from(tmp_path / "x"):
        raise KeyError("of something else")
