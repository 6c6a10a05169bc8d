"""Files and folders are written whole or not at all, also by several processes at once."""

import errno
import json
import multiprocessing
import os
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lowner_pl.corpus import ConllWriter
from lowner_pl.runs.files import (
    Partial,
    claim,
    clear_abandoned,
    discard_all,
    write_json,
    write_text,
)


def test_a_file_appears_only_when_it_is_complete(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file.txt"
    with Partial(target) as partial:
        partial.path.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_an_error_while_writing_keeps_the_old_file(
    error: type[BaseException], tmp_path: Path
) -> None:
    target = tmp_path / "file.txt"
    write_text(target, "old")

    def fail() -> None:
        with Partial(target) as partial:
            partial.path.write_text("half")
            raise error

    with pytest.raises(error):
        fail()
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]


def test_a_new_folder_replaces_the_old_one_completely(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    for text in ("one", "two"):
        with Partial(target, folder=True) as partial:
            (partial.path / text).write_text(text)
    assert [file.name for file in target.iterdir()] == ["two"]
    assert list(tmp_path.iterdir()) == [target]


def test_the_old_folder_stays_if_it_can_not_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "folder"
    target.mkdir()
    (target / "old").touch()
    rename = Path.rename

    def failing(self: Path, other: Path) -> Path:
        if self.name.endswith(".partial"):
            raise OSError(errno.ENOSPC, "No space left on device")
        return rename(self, other)

    monkeypatch.setattr(Path, "rename", failing)
    with pytest.raises(OSError, match=r"^'.*folder' can't be written: No space left on dev"):
        Partial(target, folder=True).commit()
    assert [str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*")] == [
        "folder",
        "folder/old",
    ]


def test_the_error_of_a_full_disk_names_the_file(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match=r"^'.*x\.json' can't be written: No space .*\. Free some sp"),
        Partial(tmp_path / "x.json"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")  # as a write raises it


def test_a_file_name_may_be_as_long_as_the_file_system_allows(tmp_path: Path) -> None:
    target = tmp_path / ("ኢ" * 83)  # 249 of 255 bytes
    write_text(target, "x")
    assert target.read_text() == "x"


def in_a_process(work: Callable[..., Any], *arguments: Any) -> Any:
    """Run a function in a forked process, which does not import everything again."""
    process = multiprocessing.get_context("fork").Process(target=work, args=arguments)
    process.start()
    return process


def begin(folder: Path, begun: Any) -> None:
    """Begin to write a file, a folder and a tagged file, then wait to be killed."""
    (Partial(folder / "file").path).write_text("half")
    (Partial(folder / "folder", folder=True).path / "x").touch()
    ConllWriter(folder / "predictions_new.conll")
    begun.set()
    time.sleep(60)


def test_partial_files_of_a_killed_process_are_removed_and_those_of_a_living_one_stay(
    tmp_path: Path,
) -> None:
    begun = multiprocessing.get_context("fork").Event()
    process = in_a_process(begin, tmp_path, begun)
    assert begun.wait(10)
    write_text(tmp_path / "other", "x")
    assert len(list(tmp_path.iterdir())) == 4
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    write_text(tmp_path / "other", "x")
    assert [file.name for file in tmp_path.iterdir()] == ["other"]


def test_a_locked_partial_file_stays_even_if_its_process_is_unknown_here(tmp_path: Path) -> None:
    # A process on another machine or in another container may write into the same folder.
    partial = Partial(tmp_path / "file")
    foreign = partial.path.rename(tmp_path / ".file.999999999.0.partial")
    clear_abandoned(tmp_path)
    assert foreign.exists()
    partial.discard()  # closes it
    clear_abandoned(tmp_path)
    assert not foreign.exists()


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_whose_replacement_was_interrupted_is_not_lost(
    there: bool, tmp_path: Path
) -> None:
    old, target = tmp_path / ".out.999999999.1.old", tmp_path / "out"
    old.mkdir()
    (old / "weights").touch()
    if there:
        target.mkdir()
    clear_abandoned(tmp_path)
    assert list(tmp_path.iterdir()) == [target]
    assert (target / "weights").exists() is not there


def test_hidden_files_of_other_programs_stay(tmp_path: Path) -> None:
    names = {".file.partial", "x.999999999.0.partial", ".seed_1.lock", ".bashrc", ".a.b.0.partial"}
    for name in names:
        (tmp_path / name).touch()
    clear_abandoned(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == names


def test_discard_all_removes_every_unfinished_file(tmp_path: Path) -> None:
    for name in ("one", "two"):
        Partial(tmp_path / name).path.write_text("half")
    discard_all()
    assert list(tmp_path.iterdir()) == []


def write_often(file: Path, writer: int) -> None:
    for number in range(40):
        write_json(file, {"writer": writer, "number": number, "text": "x" * 5_000})


def test_a_record_stays_whole_while_several_processes_write_it(tmp_path: Path) -> None:
    file = tmp_path / "augment.json"
    processes = [in_a_process(write_often, file, writer) for writer in range(3)]
    while any(process.is_alive() for process in processes):
        if file.exists():
            assert len(json.loads(file.read_text())["text"]) == 5_000
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert list(tmp_path.iterdir()) == [file]


def test_only_one_process_can_claim_a_file(tmp_path: Path) -> None:
    lock = claim(tmp_path / "run", "taken")
    with pytest.raises(ValueError, match="taken"):
        claim(tmp_path / "run", "taken")
    lock.release()
    claim(tmp_path / "run", "taken").release()
