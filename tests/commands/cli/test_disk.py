"""Run folders that are full, read-only or removed: one sentence, and nothing of value is lost."""

import contextlib
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from lowner_pl.modules import NERModule
from lowner_pl.runs.disk import checkpoint_bytes

from ...running import command, folder, same, weights

FULL = r"can't be written: No space left on device\. Free some space"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """A disk of 8 MB."""
    place = tmp_path / "disk"
    place.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", str(place)]
    if shutil.which("mount") is None or subprocess.run(mount, capture_output=True).returncode:
        pytest.skip("needs the right to mount a file system")
    yield place
    subprocess.run(["umount", "-l", str(place)], check=True)


def fill(disk: Path) -> None:
    """Write until nothing more fits."""
    with contextlib.suppress(OSError), (disk / "filler").open("wb", 0) as file:
        while True:
            file.write(bytes(4096))


def once_in_epoch(epoch: int, act: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Do something when an epoch begins."""

    def on_train_epoch_start(self: NERModule) -> None:
        if self.current_epoch == epoch:
            act()

    monkeypatch.setattr(NERModule, "on_train_epoch_start", on_train_epoch_start, raising=False)


def test_an_earlier_run_stays_where_a_new_one_has_no_room(disk: Path) -> None:
    command("fit", disk, "--trainer.max_epochs=1")
    before = weights(disk, "best")
    fill(disk)
    with pytest.raises(OSError, match=FULL):
        command("fit", disk)
    with (disk / "filler").open("ab") as file:
        file.truncate(file.tell() - 300_000)  # enough to begin with, too little for checkpoints
    with pytest.raises(OSError, match=r"has 0 MB free, but the checkpoints of this run take up to"):
        command("fit", disk)
    assert same(weights(disk, "best"), before)
    assert [path.name for path in folder(disk).parent.glob("seed*")] == ["seed_12345"]


def test_an_earlier_run_comes_back_if_a_new_one_writes_no_checkpoint(
    disk: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    command("fit", disk, "--trainer.max_epochs=1")
    before = weights(disk, "best")
    capfd.readouterr()
    once_in_epoch(0, lambda: fill(disk), monkeypatch)
    with pytest.raises(OSError, match="No space left on device"):
        command("fit", disk, "--model.dropout=0.2")
    assert same(weights(disk, "best"), before)
    output = capfd.readouterr()
    assert f"The earlier run is back in '{folder(disk)}'" in output.out
    assert "Traceback" not in output.err
    (disk / "filler").unlink()
    command("test", disk)


def test_a_disk_that_gets_full_in_training_costs_no_checkpoint(
    disk: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    once_in_epoch(1, lambda: fill(disk), monkeypatch)
    with pytest.raises(OSError, match="No space left on device"):
        command("fit", disk)
    assert "Traceback" not in capfd.readouterr().err
    (disk / "filler").unlink()
    monkeypatch.undo()
    command("fit", disk, "--ckpt_path=last")


@pytest.mark.parametrize("name", ["fit", "test", "predict"])
def test_a_full_or_read_only_disk_is_said_at_the_start(
    name: str, disk: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    command("fit", disk, "--trainer.max_epochs=1")
    names = sorted(str(path) for path in disk.rglob("*"))
    subprocess.run(["mount", "-o", "remount,ro", str(disk)], check=True)
    with pytest.raises(OSError, match=r"^The run folder '.*' can't be written: Read-only file sys"):
        command(name, disk)
    subprocess.run(["mount", "-o", "remount,rw", str(disk)], check=True)
    fill(disk)
    with pytest.raises(OSError, match=rf"^The run folder '.*' {FULL}"):
        command(name, disk)
    assert "Traceback" not in capfd.readouterr().err
    (disk / "filler").unlink()
    assert sorted(str(path) for path in disk.rglob("*")) == names


def test_a_run_folder_that_is_removed_in_training_is_not_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    once_in_epoch(1, lambda: shutil.rmtree(folder(tmp_path)), monkeypatch)
    with pytest.raises(OSError, match=r"^The run folder '.*' was removed or moved while"):
        command("fit", tmp_path)
    assert "Traceback" not in capfd.readouterr().err
    assert not (folder(tmp_path) / "checkpoints").exists()


@pytest.mark.parametrize("more", [(), ("--model.frozen_layers=2",)])
def test_the_room_for_checkpoints_is_what_they_take(more: tuple[str, ...], tmp_path: Path) -> None:
    cli: Any = command("fit", tmp_path, "--trainer.max_epochs=1", *more)
    sizes = [(cli.run.checkpoints / f"{which}.ckpt").stat().st_size for which in ("best", "last")]
    saved, trained = cli.model.saved_weights().values(), cli.model.trained_weights()
    needed = checkpoint_bytes(saved, trained, cli.model.optimizer)
    # Beside the weights, a checkpoint of a toy model has some 20 kB of other content.
    assert needed == pytest.approx(sizes[0] + 2 * sizes[1], rel=0.1, abs=60_000)
