import os
import resource
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from lowner_pl.checkpoint_io import AtomicCheckpointIO, read_checkpoint


@pytest.fixture
def full_disk() -> Iterator[None]:
    """Let no file grow past 100 kB, which ends a write as a full disk does."""
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, limits[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    signal.signal(signal.SIGXFSZ, handler)


def test_a_checkpoint_comes_back(tmp_path: Path) -> None:
    plugin = AtomicCheckpointIO()
    plugin.save_checkpoint({"state_dict": {"w": torch.ones(3)}, "epoch": 2}, tmp_path / "a/b.ckpt")
    back = plugin.load_checkpoint(tmp_path / "a/b.ckpt")
    assert back["epoch"] == 2
    assert back["state_dict"]["w"].tolist() == [1, 1, 1]
    assert [file.name for file in (tmp_path / "a").iterdir()] == ["b.ckpt"]


@pytest.mark.usefixtures("full_disk")
def test_a_full_disk_costs_no_checkpoint(tmp_path: Path) -> None:
    file = tmp_path / "last.ckpt"
    plugin = AtomicCheckpointIO()
    plugin.save_checkpoint({"state_dict": {"w": torch.ones(3)}}, file)
    with pytest.raises(OSError, match=r"must be written whole, was: '.*last.ckpt' could not be"):
        plugin.save_checkpoint({"state_dict": {"w": torch.zeros(100_000)}}, file)
    assert read_checkpoint(file)["state_dict"]["w"].tolist() == [1, 1, 1]
    assert [entry.name for entry in tmp_path.iterdir()] == ["last.ckpt"]


class _Dangerous:
    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> Any:
        return os.mkdir, (str(self.trace),)


def test_loading_runs_no_code(tmp_path: Path) -> None:
    torch.save({"state_dict": {}, "x": _Dangerous(tmp_path / "trace")}, tmp_path / "bad.ckpt")
    with pytest.raises(ValueError, match=r"must hold tensors and plain values only"):
        read_checkpoint(tmp_path / "bad.ckpt")
    assert not (tmp_path / "trace").exists()


@pytest.mark.parametrize("keep", [0, 10, 0.5, 0.99])
def test_a_truncated_file_is_refused(keep: float, tmp_path: Path) -> None:
    file = tmp_path / "cut.ckpt"
    torch.save({"state_dict": {"w": torch.zeros(5_000)}}, file)
    whole = file.read_bytes()
    file.write_bytes(whole[: int(keep * len(whole)) if keep < 1 else int(keep)])
    with pytest.raises(ValueError, match=r"A checkpoint must .*, was: '.*cut\.ckpt'"):
        read_checkpoint(file)


def test_what_is_no_checkpoint_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"must be a file, was: '.*nothing'"):
        read_checkpoint(tmp_path / "nothing")
    torch.save({"weights": 1}, tmp_path / "other.ckpt")
    with pytest.raises(
        ValueError, match=r"must hold a state_dict, was: '.*other.ckpt' without one"
    ):
        read_checkpoint(tmp_path / "other.ckpt")
