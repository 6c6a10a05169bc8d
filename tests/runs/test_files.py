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

from lowner_pl.callbacks.shared import write_record
from lowner_pl.corpus import ConllWriter
from lowner_pl.runs.files import (
    Partial,
    check_folder_name,
    claim,
    clear_abandoned,
    discard_all,
    write_text,
)


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file.txt"
    with Partial(target) as partial:
        partial.path.write_text("whole")
        assert not target.exists()
    assert target.read_text() == "whole"
    assert list(target.parent.iterdir()) == [target]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_block_that_ends_in_an_error_changes_nothing(
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


def test_a_folder_replaces_another_whole(tmp_path: Path) -> None:
    target = tmp_path / "folder"
    for text in ("one", "two"):
        with Partial(target, folder=True) as partial:
            (partial.path / text).write_text(text)
    assert [file.name for file in target.iterdir()] == ["two"]
    assert list(tmp_path.iterdir()) == [target]


def test_a_folder_that_can_not_be_replaced_stays(
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


def test_a_full_disk_is_said_with_the_file(tmp_path: Path) -> None:
    with (
        pytest.raises(OSError, match=r"^'.*x\.json' can't be written: No space .*\. Free some sp"),
        Partial(tmp_path / "x.json"),
    ):
        raise OSError(errno.ENOSPC, "No space left on device")  # as a write raises it


def test_a_name_may_be_as_long_as_the_file_system_allows(tmp_path: Path) -> None:
    target = tmp_path / ("ኢ" * 83)  # 249 of 255 bytes
    write_text(target, "x")
    assert target.read_text() == "x"


def in_a_process(work: Callable[..., Any], *arguments: Any) -> Any:
    """Start a function in a process of its own, without running Python anew."""
    process = multiprocessing.get_context("fork").Process(target=work, args=arguments)
    process.start()
    return process


def begin(folder: Path, begun: Any) -> None:
    """Begin to write a file, a folder and a tagged file, and stay there."""
    (Partial(folder / "file").path).write_text("half")
    (Partial(folder / "folder", folder=True).path / "x").touch()
    ConllWriter(folder / "predictions_new.conll")
    begun.set()
    time.sleep(60)


def test_what_a_killed_process_left_is_removed_and_what_a_living_one_writes_is_not(
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


def test_a_file_that_is_locked_is_of_a_living_process_though_its_number_is_not_known(
    tmp_path: Path,
) -> None:
    # As on another machine, or in another container, that writes into the same folder.
    partial = Partial(tmp_path / "file")
    foreign = partial.path.rename(tmp_path / ".file.999999999.0.partial")
    clear_abandoned(tmp_path)
    assert foreign.exists()
    partial.discard()  # closes it
    clear_abandoned(tmp_path)
    assert not foreign.exists()


@pytest.mark.parametrize("there", [False, True])
def test_a_folder_that_was_about_to_be_replaced_is_not_lost(there: bool, tmp_path: Path) -> None:
    old, target = tmp_path / ".out.999999999.1.old", tmp_path / "out"
    old.mkdir()
    (old / "weights").touch()
    if there:
        target.mkdir()
    clear_abandoned(tmp_path)
    assert list(tmp_path.iterdir()) == [target]
    assert (target / "weights").exists() is not there


def test_files_of_others_with_hidden_names_stay(tmp_path: Path) -> None:
    names = {".file.partial", "x.999999999.0.partial", ".seed_1.lock", ".bashrc", ".a.b.0.partial"}
    for name in names:
        (tmp_path / name).touch()
    clear_abandoned(tmp_path)
    assert {file.name for file in tmp_path.iterdir()} == names


def test_all_that_was_begun_can_be_discarded(tmp_path: Path) -> None:
    for name in ("one", "two"):
        Partial(tmp_path / name).path.write_text("half")
    discard_all()
    assert list(tmp_path.iterdir()) == []


def write_often(file: Path, writer: int) -> None:
    for number in range(40):
        write_record(file, {"writer": writer, "number": number, "text": "x" * 5_000})


def test_several_writers_of_a_record_leave_it_whole(tmp_path: Path) -> None:
    file = tmp_path / "augment.json"
    processes = [in_a_process(write_often, file, writer) for writer in range(3)]
    while any(process.is_alive() for process in processes):
        if file.exists():
            assert len(json.loads(file.read_text())["text"]) == 5_000
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert list(tmp_path.iterdir()) == [file]


def test_a_claim_is_of_one_at_a_time(tmp_path: Path) -> None:
    lock = claim(tmp_path / "run", "taken")
    with pytest.raises(ValueError, match="taken"):
        claim(tmp_path / "run", "taken")
    lock.release()
    claim(tmp_path / "run", "taken").release()


@pytest.mark.parametrize(
    "name", ["", " ", "a/b", "a\\b", "..", ".", "a\nb", "a\x1b[0m", "a\x00", "x" * 101, "a "]
)
def test_a_name_that_would_lead_elsewhere_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"^`--variant` becomes part of a folder's name") as caught:
        check_folder_name("--variant", name)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["crf", "v[bold]2", "lr-1e-3", "v.2", "ngómbé", "a b"])
def test_a_name_that_a_folder_can_have_is_taken(name: str) -> None:
    check_folder_name("--variant", name)
