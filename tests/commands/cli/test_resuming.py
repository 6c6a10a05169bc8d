"""A run that was stopped goes on as if it never had been."""

import signal
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from lowner_pl.modules import NERModule

from ...conftest import SAMPLE
from ...running import arguments, command, folder, same, steps, weights
from ...signals import Forked


@pytest.mark.parametrize("method", ["sner", "mlm_ner"])
def test_resuming_gives_the_weights_and_the_curve_of_an_uninterrupted_run(
    method: str, tmp_path: Path
) -> None:
    whole, parted = tmp_path / "whole", tmp_path / "parted"
    command("fit", whole, method=method)
    command("fit", parted, "--trainer.max_epochs=1", method=method)
    command("fit", parted, "--ckpt_path=last", method=method)
    assert same(weights(parted, method=method), weights(whole, method=method))
    assert same(weights(parted, "best", method), weights(whole, "best", method))
    for column in ("train/loss", "dev/f1", "dev/loss"):
        one, other = (steps(folder(r, method) / "metrics.csv", column) for r in (whole, parted))
        assert one == other
    assert not (parted / "superseded").exists()


def test_killed_at_any_moment_and_resumed_gives_the_uninterrupted_weights(tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    more = ("--trainer.max_epochs=6",)
    command("fit", whole, *more, method="mlm_ner")
    last = folder(killed, "mlm_ner") / "checkpoints" / "last.ckpt"
    moments = 0
    for delay in (0.0, 0.05, 0.13):
        before = written_at(last)
        resume = ("--ckpt_path=last",) if last.exists() else ()
        words = arguments("fit", killed, *more, *resume, method="mlm_ner")
        process = Forked(words, tmp_path / "log")
        process.send(signal.SIGKILL, partial(changed, last, before), after=delay)
        if process.process.exitcode == 0:  # it was faster
            break
        moments += 1
    assert moments >= 1
    command("fit", killed, *more, "--ckpt_path=last", method="mlm_ner")
    assert same(weights(killed, method="mlm_ner"), weights(whole, method="mlm_ner"))
    one, other = (
        steps(folder(root, "mlm_ner") / "metrics.csv", "train/loss") for root in (whole, killed)
    )
    assert one == other


def written_at(file: Path) -> float:
    return file.stat().st_mtime if file.exists() else 0.0


def changed(file: Path, before: float) -> bool:
    return written_at(file) > before


def test_typed_options_win_over_the_checkpoint(tmp_path: Path) -> None:
    command("fit", tmp_path, "--trainer.max_epochs=1")
    cli = command(
        "fit", tmp_path, "--trainer.max_epochs=2", "--ckpt_path=last", "--model.optimizer.lr=0.007"
    )
    assert cli.trainer.optimizers[0].param_groups[0]["lr"] == 0.007
    state = torch.load(cli.run.checkpoints / "last.ckpt", weights_only=True)
    assert state["optimizer_states"][0]["param_groups"][0]["lr"] == 0.007
    assert yaml.safe_load((cli.run.path / "config.yaml").read_text())["ckpt_path"] is None


def test_other_training_data_than_the_run_began_with_are_a_warning(tmp_path: Path) -> None:
    gold = (SAMPLE / "sw" / "train.conll").read_text(encoding="utf-8")
    file = tmp_path / "train.conll"
    more = ("--data=ConllDataModule", f"--data.train_path={file}", "--data.language=sw")
    file.write_text(gold, encoding="utf-8")
    command("fit", tmp_path, *more, "--trainer.max_epochs=1")
    file.write_text(gold.replace("na", "NA"), encoding="utf-8")
    with pytest.warns(UserWarning, match=r"48 sentences then, 48 now, and not the same\. The run"):
        command("fit", tmp_path, *more, "--trainer.max_epochs=2", "--ckpt_path=last")


def test_a_schedule_resumes_as_if_never_interrupted(tmp_path: Path) -> None:
    more = ("--model.schedule=cosine", "--model.warmup=0.2")
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    command("fit", whole, *more)
    process = Forked(arguments("fit", killed, *more), tmp_path / "log")
    process.send(signal.SIGKILL, (folder(killed) / "checkpoints" / "last.ckpt").exists)
    command("fit", killed, *more, "--ckpt_path=last")
    assert same(weights(killed), weights(whole))


@pytest.mark.parametrize("which", ["last", "best"])
def test_resuming_where_there_is_nothing_is_an_error(which: str, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=rf"no '.*{which}\.ckpt'\. Train first"):
        command("fit", tmp_path, f"--ckpt_path={which}")


def test_resuming_from_weights_alone_is_an_error(trained: Path) -> None:
    files = [folder(trained) / "metrics.csv", folder(trained) / "checkpoints" / "last.ckpt"]
    before = [file.read_bytes() for file in files]
    with pytest.raises(ValueError, match=r"weights without the optimiser.s state, as `best` does"):
        command("fit", trained, "--ckpt_path=best")
    assert [file.read_bytes() for file in files] == before


@pytest.mark.parametrize("spelling", ["absolute", "link"])
def test_a_run_resumes_in_place_however_its_checkpoint_is_written(
    spelling: str, tmp_path: Path
) -> None:
    command("fit", tmp_path / "runs", "--trainer.max_epochs=1")
    link = tmp_path / "link"
    link.symlink_to(tmp_path / "runs")
    root = link if spelling == "link" else tmp_path / "runs"
    last = folder(root) / "checkpoints" / "last.ckpt"
    cli = command("fit", tmp_path / "runs", f"--ckpt_path={last}", "--trainer.max_epochs=2")
    assert cli.trainer.global_step == 6
    assert not (tmp_path / "runs" / "superseded").exists()


def test_the_best_epoch_stays_the_best_where_the_folder_was_moved(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--best_checkpoint.monitor=dev/loss", "--trainer.limit_val_batches=1")
    command("fit", tmp_path / "runs", "--trainer.max_epochs=1", *more)
    (tmp_path / "runs").rename(tmp_path / "moved")
    before = weights(tmp_path / "moved", "best")
    worse = ("--trainer.max_epochs=2", "--model.optimizer.init_args.lr=0.5", "--ckpt_path=last")
    cli = command("fit", tmp_path / "moved", *more, *worse)
    losses = [loss for _, loss in steps(cli.run.path / "metrics.csv", "dev/loss")]
    assert losses[1] > losses[0]
    assert same(weights(tmp_path / "moved", "best"), before)
    assert "the best epoch (epoch 0, " in capsys.readouterr().out


def test_the_best_epoch_of_another_run_is_not_one_of_this(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    more = ("--best_checkpoint.monitor=dev/loss", "--trainer.limit_val_batches=1")
    command("fit", tmp_path / "one", "--trainer.max_epochs=1", *more)
    capsys.readouterr()
    last = folder(tmp_path / "one") / "checkpoints" / "last.ckpt"
    worse = ("--trainer.max_epochs=2", "--model.optimizer.init_args.lr=0.5", f"--ckpt_path={last}")
    command("fit", tmp_path / "two", *more, *worse)
    assert same(weights(tmp_path / "two", "best"), weights(tmp_path / "two", "last"))
    assert "the best epoch (epoch 1, " in capsys.readouterr().out


def test_resuming_a_finished_run_changes_nothing(trained: Path) -> None:
    before = weights(trained)
    command("fit", trained, "--ckpt_path=last")
    assert same(weights(trained), before)
    assert len(steps(folder(trained) / "metrics.csv", "train/loss")) == 9


def test_a_nan_loss_keeps_the_last_good_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command("fit", tmp_path, "--trainer.max_epochs=1")
    good = weights(tmp_path)
    loss = NERModule.loss

    def explode(self: NERModule, sentences: Any) -> Any:
        factor = float("nan") if self.current_epoch == 1 else 1.0
        return loss(self, sentences) * factor

    monkeypatch.setattr(NERModule, "loss", explode)
    with pytest.raises(ValueError, match="The loss is nan in epoch 1, batch 0"):
        command("fit", tmp_path, "--ckpt_path=last")
    assert same(weights(tmp_path), good)
