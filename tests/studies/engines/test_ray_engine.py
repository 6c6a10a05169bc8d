"""The Ray engine on a real local cluster."""

import builtins
import os
import shutil
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from lowner_pl.studies.engines.ray_engine import RayEngine, _note_gpus, _room
from lowner_pl.studies.records import Records
from lowner_pl.studies.running.cell_run import run_job
from lowner_pl.studies.schedule import job_of

from ...running import popen
from ..small import CONFIGS, cells, options, written


def test_a_lost_worker_of_a_cluster_is_replaced_and_the_numbers_are_those_of_one_process(
    tmp_path: Path,
) -> None:
    pytest.importorskip("ray")
    words = ["study", str(written(tmp_path)), f"--config={CONFIGS / 'embedded.yaml'}", *options()]
    words += [f"--log_root={tmp_path}", "--only=language=sw,method=sner"]
    process = popen([*words, "--engine=ray", "--workers=2"])
    try:
        os.kill(worker_of(process.pid), signal.SIGKILL)
        out, error = process.communicate(timeout=150)
    finally:
        process.kill()
    assert process.returncode == 0, (out, error)
    assert out.count("its process ended, so it is run once more") == 1
    found = [cell for cell in cells(tmp_path) if cell.name.startswith("language=sw,method=sner")]
    by_ray = Records(tmp_path / "small-embedded")
    for cell in found:
        status, record = by_ray.status(cell)
        assert status == "done"
        assert record is not None
        assert "Training sner" in (by_ray.folder(cell) / "output.log").read_text()
        job = job_of(Records(tmp_path / "small-embedded"), cell, None)
        shutil.rmtree(job.folder)
        assert run_job(job).scores == record.scores


def worker_of(process: int) -> int:
    """Wait for the first cell to begin, and find the process of the cluster that runs it."""
    limit = time.monotonic() + 120
    while time.monotonic() < limit:
        for child in psutil.Process(process).children(recursive=True):
            with suppress(psutil.Error):  # it may have ended
                if "ray::_run_there" in " ".join(child.cmdline()):
                    return int(child.pid)
        time.sleep(0.1)
    raise AssertionError("No cell began.")


def test_without_ray_there_is_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    import_ = builtins.__import__

    def lacking(name: str, *rest: Any) -> Any:
        if name == "ray":
            raise ImportError(name)
        return import_(name, *rest)

    monkeypatch.delitem(sys.modules, "ray", raising=False)
    monkeypatch.setattr(builtins, "__import__", lacking)
    with pytest.raises(ValueError, match=r"pip install 'lowner_pl\[ray\]'"):
        RayEngine(1, None)


def test_the_room_of_a_cluster_is_that_of_its_scarcest_resource() -> None:
    # 8 cores; 2 GPUs hold 8 quarters, and 6 thirds.
    resources = {"CPU": 8.0, "GPU": 2.0}
    assert _room(resources, 0.25, None) == 8
    assert _room(resources, 1 / 3, None) == 6
    assert _room(resources, 0.0, 3) == 3
    with pytest.raises(ValueError, match=r"too little for a cell with one core and 0\.5 GPUs"):
        _room({"CPU": 8.0}, 0.5, None)


def test_gpus_that_no_cell_reserves_are_named(capsys: pytest.CaptureFixture[str]) -> None:
    _note_gpus({"CPU": 8.0})
    assert not capsys.readouterr().out
    _note_gpus({"CPU": 8.0, "GPU": 2.0})
    assert "has GPUs (2), but no cell reserves a share" in capsys.readouterr().out
