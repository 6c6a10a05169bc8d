"""A run that was stopped inside an epoch goes on as if it never had been."""

import json
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Callback, Trainer

from ..commands import command, folder, same, steps, weights

EPOCHS = ("--data.batch_size=8", "--trainer.max_epochs=2")  # of six batches each
LEAST = ("--trainer.limit_val_batches=1",)


class StopAfter(Callback):
    """Stops as `trainer.max_time` does, but after a number of batches."""

    def __init__(self, batches: int) -> None:
        self.batches = batches

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        self.batches -= 1
        if not self.batches:
            trainer.should_stop = True


def stop_after(batches: int) -> str:
    callback = {
        "class_path": f"{StopAfter.__module__}.StopAfter",
        "init_args": {"batches": batches},
    }
    return f"--trainer.callbacks={json.dumps([callback])}"


@pytest.mark.parametrize(
    ("method", "more", "stop"),
    [
        ("mlm_ner", (), "--trainer.max_steps=4"),
        ("sner", ("--trainer.val_check_interval=2", "--data.num_workers=1"), stop_after(8)),
        ("sner", ("--trainer.accumulate_grad_batches=2", "--model.schedule=cosine"), stop_after(9)),
    ],
)
def test_it_ends_with_the_weights_and_the_curve_of_a_whole_run(
    method: str, more: tuple[str, ...], stop: str, tmp_path: Path
) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    more = (*EPOCHS, *LEAST, *more)
    command("fit", whole, *more, method=method)
    command("fit", parted, *more, stop, method=method)
    command("fit", parted, *more, "--ckpt_path=last", method=method)
    assert same(weights(parted, method=method), weights(whole, method=method))
    one, other = (
        steps(folder(root, method) / "metrics.csv", "train/loss") for root in (whole, parted)
    )
    assert one == other


@pytest.mark.parametrize(
    ("option", "word"),
    [
        ("--trainer.max_steps=2", "inside epoch 0, after 2 of 6 batches"),
        ("--trainer.limit_val_batches=0", "no dev scores"),
        ("--trainer.check_val_every_n_epoch=9", "no dev scores"),
    ],
)
def test_a_run_without_dev_scores_says_that_it_has_no_best_checkpoint(
    option: str, word: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    command("fit", tmp_path, *EPOCHS, option)
    shown = capsys.readouterr().out
    assert word in shown
    assert "no best.ckpt, only last.ckpt: use `--ckpt_path last`" in shown
    assert f"Run folder: {folder(tmp_path)}" in shown
    with pytest.raises(FileNotFoundError, match=r"Use `--ckpt_path last`"):
        command("test", tmp_path, *EPOCHS)
    command("test", tmp_path, *EPOCHS, "--ckpt_path=last")


def test_a_stop_leaves_out_a_validation_that_was_not_planned(tmp_path: Path) -> None:
    command("fit", tmp_path, *EPOCHS, *LEAST, stop_after(8))
    assert [step for step, _ in steps(folder(tmp_path) / "metrics.csv", "dev/f1")] == [5]
    other = tmp_path / "planned"
    command("fit", other, *EPOCHS, *LEAST, stop_after(10), "--trainer.val_check_interval=4")
    assert [step for step, _ in steps(folder(other) / "metrics.csv", "dev/f1")] == [3, 9]
