"""Callbacks and checkpoint options that a run can't have are refused before it begins."""

from pathlib import Path

import pytest

from ..running import command, folder, steps, weights

LEAST = ("--data.train_size=8", "--trainer.limit_val_batches=1")


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ("--best_checkpoint.monitor=dev/f2", r"'dev/f2', which is not logged. Did you mean dev/f1"),
        (
            "--best_checkpoint.monitor=f1",
            r"'f1', which is not logged. Use another score, such as dev/f1, (\S+, ){2}\S+\.$",
        ),
        ("--best_checkpoint.mode=min", r"'dev/f1' with mode 'min', which would take the worst"),
        ("--best_checkpoint.save_top_k=0", r"`best_checkpoint.save_top_k` can't be '0'"),
        ("--best_checkpoint.filename=x", r"`best_checkpoint.filename` can't be 'x'"),
        ("--last_checkpoint.monitor=dev/f1", r"`last_checkpoint.monitor` can't be 'dev/f1'"),
        ("--last_checkpoint.save_weights_only=true", r"can't be 'True': `--ckpt_path last` would"),
        ("--best_checkpoint.every_n_train_steps=2", "can't be '2': the best weights are written"),
        ("--best_checkpoint.every_n_epochs=2", "can't be '2': the best weights are written"),
        ("--best_checkpoint.save_on_train_epoch_end=true", "the best weights are written"),
        ("--best_checkpoint.save_on_exception=true", "weights in the middle of a step"),
        ("--last_checkpoint.save_on_exception=true", "weights in the middle of a step"),
        ("--last_checkpoint.every_n_epochs=0", "a stopped run could not go on"),
        (
            "--trainer.callbacks+=ModelCheckpoint",
            "can't have ModelCheckpoint: `--best_checkpoint` and",
        ),
        (
            '--trainer.callbacks=[{"class_path": "StochasticWeightAveraging", "init_args": '
            '{"swa_lrs": 0.1}}]',
            "can't have StochasticWeightAveraging: it changes the weights after",
        ),
        ("--trainer.callbacks+=OnExceptionCheckpoint", "OnExceptionCheckpoint"),
        ("--trainer.callbacks+=BatchSizeFinder", r"Set `--data.batch_size`\."),
        ("--trainer.callbacks+=LearningRateFinder", r"Set `--model.optimizer`\."),
        ("--trainer.callbacks+=BackboneFinetuning", r"Use `--model.frozen_layers`\."),
        (
            '--trainer.callbacks=[{"class_path": "EarlyStopping", "init_args": {"monitor": "f1"}}]',
            "EarlyStopping's monitor is 'f1', which is not logged",
        ),
        (
            '--trainer.callbacks=[{"class_path": "EarlyStopping", "init_args": '
            '{"monitor": "dev/f1"}}]',
            "EarlyStopping's monitor is 'dev/f1' with mode 'min'",
        ),
    ],
)
def test_a_callback_that_would_not_work_is_refused(
    option: str, message: str, tmp_path: Path
) -> None:
    if "OnException" in option:
        option = (
            '--trainer.callbacks=[{"class_path": "OnExceptionCheckpoint", "init_args": '
            f'{{"dirpath": "{tmp_path}"}}}}]'
        )
    with pytest.raises(ValueError, match=message):
        command("fit", tmp_path / "runs", *LEAST, option)
    assert not (tmp_path / "runs").exists()


def test_the_best_checkpoint_of_a_loss_has_the_lowest_loss(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # At this learning rate the dev loss falls and rises again.
    more = ("--best_checkpoint.monitor=dev/loss", "--model.optimizer.init_args.lr=0.05")
    early = '{"class_path": "EarlyStopping", "init_args": {"monitor": "dev/loss", "patience": 9}}'
    cli = command("fit", tmp_path, *LEAST, *more, f"--trainer.callbacks=[{early}]")
    losses = [loss for _, loss in steps(folder(tmp_path) / "metrics.csv", "dev/loss")]
    assert len(set(losses)) == 3
    best = losses.index(min(losses))
    assert f"the best epoch (epoch {best}, " in capsys.readouterr().out
    assert cli.trainer.checkpoint_callback is not None
    score = cli.trainer.checkpoint_callback.best_model_score  # type: ignore[attr-defined]
    assert score.item() == pytest.approx(min(losses))
    assert weights(tmp_path, "best")
