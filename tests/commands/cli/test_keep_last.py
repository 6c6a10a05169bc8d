"""``last.ckpt`` goes once it is of no more use, if it is not to be kept."""

from pathlib import Path

import pytest

from ...running import command, folder

SMALL = ("--data.train_size=16", "--trainer.max_epochs=1", "--data.batch_size=8")


def test_last_is_removed_once_the_ended_run_is_tested(tmp_path: Path) -> None:
    last = folder(tmp_path) / "checkpoints" / "last.ckpt"
    command("fit", tmp_path, *SMALL, "--keep_last=false", "--trainer.max_steps=1")
    command("test", tmp_path, *SMALL, "--ckpt_path=last")
    command("fit", tmp_path, *SMALL, "--keep_last=false", "--ckpt_path=last")
    assert last.is_file()
    command("test", tmp_path, *SMALL)
    assert not last.is_file()
    assert (last.parent / "best.ckpt").is_file()
    with pytest.raises(FileNotFoundError, match=r"`--keep_last false` removed it after"):
        command("fit", tmp_path, *SMALL, "--ckpt_path=last")


def test_last_stays_by_default_and_where_training_was_stopped(tmp_path: Path) -> None:
    more = ("--trainer.val_check_interval=1", "--trainer.max_steps=1", "--keep_last=false")
    for root, options in ((tmp_path / "kept", ()), (tmp_path / "stopped", more)):
        command("fit", root, *SMALL, *options)
        command("test", root, *SMALL)
        assert (folder(root) / "checkpoints" / "last.ckpt").is_file()
