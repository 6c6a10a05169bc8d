"""Two processes score and train as one."""

import json
from pathlib import Path

from ...running import arguments, command, folder, steps
from ...signals import Forked, as_program

DEVICES = ("--trainer.devices=2", "--trainer.strategy=ddp")


def test_two_devices_score_as_one(trained: Path, tmp_path: Path) -> None:
    command("test", trained, "--ckpt_path=best")
    file = folder(trained) / "checkpoints" / "best.ckpt"
    more = (f"--ckpt_path={file}", *DEVICES, "--data.eval_batch_size=7")
    process = Forked(arguments("test", tmp_path, *more), tmp_path / "log", as_program)
    assert process.ended() == 0, process.log.read_text()
    folders = (folder(trained), folder(tmp_path) / "from_sample-sw_sner_seed_12345")
    one, two = (json.loads((place / "test_metrics.json").read_text()) for place in folders)
    assert two["test_sets"] == one["test_sets"]
    tagged = [(place / "test_tagged.conll").read_text() for place in folders]
    assert tagged[0] == tagged[1]


def test_two_devices_train_and_leave_one_run(tmp_path: Path) -> None:
    process = Forked(arguments("fit", tmp_path, *DEVICES), tmp_path / "log", as_program)
    assert process.ended() == 0, process.log.read_text()
    assert len(steps(folder(tmp_path) / "metrics.csv", "dev/f1")) == 3
    assert not (tmp_path / "superseded").exists()
