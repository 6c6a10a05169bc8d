"""Commands that are stopped by a signal: exit status, what they say, and what they leave."""

import os
import signal
import sys
import time
from pathlib import Path

import pytest

from ...conftest import SAMPLE
from ...pipelines.augmenting import arguments as pipeline
from ...pipelines.augmenting import folder as pipeline_folder
from ...pipelines.augmenting import record
from ...running import arguments, command, folder, popen, same, weights
from ...signals import Forked, as_program, hidden, left_processes

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="sends signals to processes")
STATUS = {signal.SIGINT: 130, signal.SIGTERM: 143}
LONG = "--trainer.max_epochs=1000"


@pytest.mark.parametrize("number", list(STATUS))
def test_training_is_stopped_and_goes_on(
    number: signal.Signals, trained: Path, tmp_path: Path
) -> None:
    last = folder(tmp_path) / "checkpoints" / "last.ckpt"
    words = arguments("fit", tmp_path, LONG, "--data.num_workers=1")
    process = Forked(words, tmp_path / "log")
    seconds = process.send(number, last.is_file)
    assert process.process.exitcode == STATUS[number]
    assert process.last_line == (
        f"Stopped by {number.name}. To continue from the last checkpoint, add `--ckpt_path last` "
        "to the command."
    )
    assert "Traceback" not in process.log.read_text()
    assert seconds < 5
    assert not left_processes(process.process.pid)
    assert hidden(tmp_path) == []
    command("fit", tmp_path, "--ckpt_path=last", "--trainer.max_epochs=3")
    assert same(weights(tmp_path), weights(trained))


def test_a_stop_before_the_first_checkpoint_says_so(tmp_path: Path) -> None:
    process = Forked(arguments("fit", tmp_path, LONG), tmp_path / "log")
    process.send(signal.SIGTERM, (folder(tmp_path) / "config.yaml").is_file)
    assert process.process.exitcode == 143
    assert process.last_line == (
        "Stopped by SIGTERM. No checkpoint was written yet. To start again, run the same command."
    )


def test_a_pipeline_is_stopped_in_any_stage_and_goes_on(tmp_path: Path) -> None:
    words = pipeline(tmp_path, "--tagger.trainer.max_epochs=1", f"--generator.{LONG[2:]}")
    process = Forked(words, tmp_path / "log")
    process.send(signal.SIGTERM, lambda: any(tmp_path.glob("*/melm*/*/checkpoints/last.ckpt")))
    assert process.process.exitcode == 143
    assert process.last_line == ("Stopped by SIGTERM. Repeat the command to go on.")
    stages = record(tmp_path)
    assert stages["gold"]["done"]
    assert "done" not in stages["finetune"]
    assert hidden(tmp_path) == []
    assert (pipeline_folder(tmp_path) / "augment.json").is_file()


@pytest.mark.parametrize("number", list(STATUS))
def test_predicting_is_stopped_within_a_second(
    trained: Path, number: signal.Signals, tmp_path: Path
) -> None:
    text = tmp_path / "long.txt"
    text.write_text("Juma alifika Dodoma leo asubuhi .\n" * 50_000)
    run = folder(trained)
    process = Forked(arguments("predict", trained, f"--data.predict_path={text}"), tmp_path / "log")
    seconds = process.send(
        number, lambda: any(f.stat().st_size for f in run.glob(".predictions_*.partial"))
    )
    assert process.process.exitcode == STATUS[number]
    assert process.last_line == f"Stopped by {number.name}. Run the same command again."
    assert seconds < 1
    assert hidden(run) == []
    assert not list(run.glob("predictions_long*.conll"))


def test_a_process_that_does_not_get_to_its_end_is_ended(tmp_path: Path) -> None:
    def prepare() -> None:
        def busy(*_: object, **__: object) -> None:
            # As a library that computes without Python, or that swallows the exception.
            (tmp_path / "begun").touch()
            while True:
                try:
                    time.sleep(60)
                except KeyboardInterrupt:
                    continue

        from lowner_pl.nn.backbones.making import fresh
        from lowner_pl.runs import stopping

        stopping.GRACE = 0.2
        vars(fresh)["fresh_backbone"] = busy

    text = SAMPLE / "sw" / "train.conll"
    words = ["new-backbone", f"--text={text}", f"--folder={tmp_path / 'out'}"]
    process = Forked(words, tmp_path / "log", prepare)
    process.send(signal.SIGTERM, (tmp_path / "begun").is_file)
    assert process.process.exitcode == 143
    assert process.last_line == "Stopped by SIGTERM. Run the same command again."
    assert {file.name for file in tmp_path.iterdir()} == {"begun", "log"}


def test_a_program_that_is_still_being_imported_stops_without_a_traceback() -> None:
    process = popen(["fit", "--help"])
    status = Path(f"/proc/{process.pid}/status")
    if not status.exists():
        pytest.skip("asks Linux which signals a process handles")
    while not handles_sigterm(status):
        time.sleep(0.002)
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert process.returncode == 130
    assert errors == "Stopped by SIGINT. Run the same command again.\n"


def handles_sigterm(status: Path) -> bool:
    """Return whether a process has a handler of SIGTERM, by Linux's bit mask."""
    mask = next(line.split()[1] for line in status.read_text().splitlines() if "SigCgt" in line)
    return bool(int(mask, 16) >> (signal.SIGTERM - 1) & 1)


@pytest.mark.slow
def test_two_devices_are_stopped_together(tmp_path: Path) -> None:
    devices = ("--trainer.devices=2", "--trainer.strategy=ddp")
    words = arguments("fit", tmp_path, LONG, *devices)
    process = Forked(words, tmp_path / "log", as_program)
    process.send(signal.SIGTERM, (folder(tmp_path) / "checkpoints" / "last.ckpt").is_file)
    assert process.process.exitcode == 143
    said = process.log.read_text()
    assert said.count("Stopped by SIGTERM") == 1
    assert "Traceback" not in said
    assert not left_processes(process.process.pid)


def test_slurm_queues_a_job_again(tmp_path: Path) -> None:
    scontrol = tmp_path / "scontrol"  # which ends the job's step, as SLURM does
    scontrol.write_text(f'#!/bin/sh\necho "$@" > {tmp_path / "queued"}\nkill -TERM $PPID\n')
    scontrol.chmod(0o755)
    names = ("NTASKS", "JOB_ID", "PROCID", "LOCALID", "NODEID")
    job = {f"SLURM_{name}": str(int(name in ("NTASKS", "JOB_ID"))) for name in names}
    job |= {"SLURM_JOB_NAME": "fit", "PATH": f"{tmp_path}:{os.environ['PATH']}"}

    def prepare() -> None:
        os.environ.update(job)
        os.chdir(tmp_path)

    process = Forked(arguments("fit", tmp_path, LONG), tmp_path / "log", prepare)
    process.send(signal.SIGUSR1, (folder(tmp_path) / "checkpoints" / "last.ckpt").is_file)
    assert (tmp_path / "queued").read_text() == "requeue 1\n"
    assert list(tmp_path.rglob("hpc_ckpt_1.ckpt"))
    assert process.process.exitcode == 143
