"""A run that was stopped inside an epoch goes on as if it never had been."""

import json
from pathlib import Path
from typing import Any

import pytest
from lightning.pytorch import Callback, Trainer

from ...running import command, folder, same, steps, weights

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


class KilledInValidation(Callback):
    """Fails in a validation, as if the process were killed there."""

    def on_validation_start(self, *_: Any) -> None:
        raise RuntimeError("killed")


def callback(name: str, **options: Any) -> str:
    made = {"class_path": f"{__name__}.{name}", "init_args": options}
    return f"--trainer.callbacks={json.dumps([made])}"


def stop_after(batches: int) -> str:
    return callback("StopAfter", batches=batches)


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


def test_the_last_epoch_is_the_best_where_that_was_asked_for(tmp_path: Path) -> None:
    more = (*EPOCHS, *LEAST, "--best_checkpoint.monitor=epoch", "--trainer.val_check_interval=4")
    command("fit", tmp_path, *more, stop_after(9))
    assert same(weights(tmp_path, "best"), weights(tmp_path, "last"))
    command("fit", tmp_path, *more, "--ckpt_path=last")
    assert same(weights(tmp_path, "best"), weights(tmp_path, "last"))


@pytest.mark.parametrize("every", [2, 3])
def test_a_run_that_was_killed_in_a_validation_does_it_again(every: int, tmp_path: Path) -> None:
    # Validations follow the updates 2, 4 and 6 of an epoch, or 3 and 6.
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    more = (
        *EPOCHS,
        *LEAST,
        "--trainer.max_epochs=1",
        "--best_checkpoint.monitor=dev/loss",
        "--last_checkpoint.every_n_train_steps=1",
        f"--trainer.val_check_interval={every}",
    )
    command("fit", whole, *more)
    with pytest.raises(RuntimeError, match="killed"):
        command("fit", parted, *more, callback("KilledInValidation"))
    assert steps(folder(parted) / "metrics.csv", "train/loss")[-1][0] == every - 1
    command("fit", parted, *more, "--ckpt_path=last")
    assert same(weights(parted, "best"), weights(whole, "best"))
    for column in ("train/loss", "dev/loss"):
        one, other = (steps(folder(root) / "metrics.csv", column) for root in (whole, parted))
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
