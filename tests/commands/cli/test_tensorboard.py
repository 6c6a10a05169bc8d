"""What TensorBoard shows of runs, end to end."""

import csv
from pathlib import Path
from typing import Any

import pytest

from lowner_pl.modules import NERModule

from ...board import Board
from ...running import command, folder

EPOCH = "--trainer.max_epochs=1"


def files(root: Path) -> list[str]:
    """Return the event files of runs, by their folder and command."""
    found = root.glob("*/*/seed_*/**/*tfevents*")
    return sorted(
        f"{file.parent.relative_to(root)} {'test' if file.suffix == '.test' else 'fit'}"
        for file in found
    )


def test_hparams_opens_with_what_compares_methods(trained: Path) -> None:
    command("test", trained)
    command("fit", trained, EPOCH, "--model.head=crf", "--variant=crf")
    command("test", trained, "--model.head=crf", "--variant=crf")
    command("fit", trained, EPOCH, "--data.language=en", method="maner")
    command("test", trained, "--data.language=en", method="maner")
    board = Board(trained)
    assert board.columns()[:5] == ["language", "method", "seed", "train_size", "dev/f1"]
    assert {"corpus", "head", "marker", "mlm_weight"} <= set(board.columns())
    assert not {"backbone", "dropout", "optimizer/class_path"} & set(board.columns())
    rows = {row.name: row for row in board.rows()}
    assert {name: row.options["method"] for name, row in rows.items()} == {
        "sample-sw/sner/seed_12345": "sner",
        "sample-sw/sner-crf/seed_12345": "sner-crf",
        "sample-en/maner/seed_12345": "maner",
    }
    sner = rows["sample-sw/sner/seed_12345"]
    assert [sner.options[key] for key in board.columns()[:4]] == ["sw", "sner", "12345", 48.0]
    with (folder(trained) / "metrics.csv").open(newline="") as lines:
        best = max(float(row["dev/f1"]) for row in csv.DictReader(lines) if row["dev/f1"])
    assert sner.options["tuning_f1"] == pytest.approx(best, abs=1e-6)
    assert all(set(row.metrics) == {"test/f1"} for row in rows.values())
    assert {row.status for row in rows.values()} == {"STATUS_SUCCESS"}
    scalars = set(board.tags("scalars"))
    groups = sorted({tag.partition("/")[0] for tag in scalars})
    assert groups[:2] == ["dev", "train"]  # TensorBoard opens two groups
    assert {tag for tag in scalars if tag.startswith(("dev/", "train/"))} == {
        "dev/f1",
        "dev/loss",
        "train/loss",
    }
    assert board.tags("images") == ["views/dev/confusion"] * 3
    assert board.tags("text") == ["dev/sentences/text_summary"] * 3


def test_commands_leave_one_file_each_and_none_if_they_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("fit", tmp_path, EPOCH)
    for _ in range(2):
        for name in ("validate", "predict", "test"):
            command(name, tmp_path)
    place = str(next(folder(tmp_path).glob("*-*/")).relative_to(tmp_path))
    assert files(tmp_path) == [f"{place} fit", f"{place} test"]
    command("fit", tmp_path, "--trainer.max_epochs=2", "--ckpt_path=last")
    assert files(tmp_path) == [f"{place} fit", f"{place} test"]

    def fail(*_: Any) -> Any:
        raise ValueError("broken")

    monkeypatch.setattr(NERModule, "test_step", fail)
    with pytest.raises(ValueError, match="broken"):
        command("test", tmp_path, "--ckpt_path=last")
    monkeypatch.setattr(NERModule, "loss", fail)
    with pytest.raises(ValueError, match="broken"):
        command("fit", tmp_path, "--seed_everything=7")
    assert files(tmp_path) == [f"{place} fit", f"{place} test"]


def test_an_open_tensorboard_shows_no_old_numbers_of_a_run_that_was_trained_anew(
    tmp_path: Path,
) -> None:
    command("fit", tmp_path, EPOCH)
    command("test", tmp_path)
    board = Board(tmp_path)
    (before,) = board.rows()
    assert set(before.metrics) == {"test/f1"}
    command("fit", tmp_path, EPOCH, "--data.train_size=32")
    board.reload()
    (row,) = board.rows()
    assert row.options["train_size"] == 32.0
    assert row.metrics == {}  # it is not tested yet


def test_zero_shot_and_other_checkpoints_have_rows_of_their_own(tmp_path: Path) -> None:
    command("fit", tmp_path, EPOCH)
    checkpoints = folder(tmp_path) / "checkpoints"
    command("test", tmp_path, "--ckpt_path=last")
    command("test", tmp_path, "--data.language=en", f"--ckpt_path={checkpoints / 'best.ckpt'}")
    rows = {row.name: row for row in Board(tmp_path).rows()}
    zero_shot = rows["sample-sw → sample-en/sner/seed_12345/from_sample-sw_sner_seed_12345"]
    shown = ("corpus", "language", "method", "seed", "train_size")
    assert [zero_shot.options[key] for key in shown] == [
        "sample-sw → sample-en", "en", "sner", "12345", 48.0
    ]  # fmt: skip
    assert "test/f1" in zero_shot.metrics
    assert "test/f1" in rows["sample-sw/sner/seed_12345/last"].metrics
    assert "test/f1" not in rows["sample-sw/sner/seed_12345"].metrics


def test_a_run_that_was_stopped_is_no_success(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loss = NERModule.loss

    def stop(self: NERModule, sentences: Any) -> Any:
        if self.current_epoch == 1:
            raise ValueError("broken")
        return loss(self, sentences)

    with monkeypatch.context() as patched:
        patched.setattr(NERModule, "loss", stop)
        with pytest.raises(ValueError, match="broken"):
            command("fit", tmp_path)
    assert Board(tmp_path).rows() == []
    assert Board(tmp_path).tags("scalars")
    command("fit", tmp_path, "--ckpt_path=last")
    (row,) = Board(tmp_path).rows()
    assert row.status == "STATUS_SUCCESS"
