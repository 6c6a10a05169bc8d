"""Two processes score and train as one."""

import json
from pathlib import Path

from ...running import arguments, command, folder, popen, steps


def test_two_devices_score_as_one(trained: Path, tmp_path: Path) -> None:
    command("test", trained, "--ckpt_path=best")
    file = folder(trained) / "checkpoints" / "best.ckpt"
    process = popen(
        arguments(
            "test",
            tmp_path,
            f"--ckpt_path={file}",
            "--trainer.devices=2",
            "--trainer.strategy=ddp",
            "--data.eval_batch_size=7",
        )
    )
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    folders = (folder(trained), folder(tmp_path) / "from_sample-sw_sner_seed_12345")
    one, two = (json.loads((place / "test_metrics.json").read_text()) for place in folders)
    assert two["test_sets"] == one["test_sets"]
    tagged = [(place / "test_tagged.conll").read_text() for place in folders]
    assert tagged[0] == tagged[1]


def test_two_devices_train_and_leave_one_run(tmp_path: Path) -> None:
    process = popen(arguments("fit", tmp_path, "--trainer.devices=2", "--trainer.strategy=ddp"))
    _, errors = process.communicate()
    assert process.returncode == 0, errors
    assert len(steps(folder(tmp_path) / "metrics.csv", "dev/f1")) == 3
    assert not (tmp_path / "superseded").exists()
