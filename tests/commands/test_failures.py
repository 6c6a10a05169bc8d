"""No exception ends in a traceback, and each kind of error says what to do."""

import errno
import os
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from lowner_pl import __main__ as entry
from lowner_pl.commands.failures import MOST, describe, shortened


def ended(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> Any:
    """Run the command line with a command that raises, and return the exit status."""

    def failing(_: list[str]) -> None:
        raise error

    monkeypatch.setattr(sys, "argv", ["lowner_pl", "augment"])
    monkeypatch.setattr(entry, "run_command", failing)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with pytest.raises(SystemExit) as caught:
        entry.main()
    return caught.value.code


def test_an_expected_error_is_printed_in_its_own_words(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LOWNER_PL_DEBUG", raising=False)
    assert ended(monkeypatch, ValueError("`seed` is -1, but it\n   must be at least 0.")) == 1
    assert capsys.readouterr().err == (
        "error: `seed` is -1, but it must be at least 0.\n(LOWNER_PL_DEBUG=1 shows where.)\n"
    )


@pytest.mark.parametrize("kind", [KeyError, RuntimeError, AssertionError, RecursionError])
def test_an_unexpected_error_is_reported_as_a_possible_bug(
    kind: type[Exception], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("LOWNER_PL_DEBUG", raising=False)
    assert ended(monkeypatch, kind("a\nb")) == 1
    said = capsys.readouterr().err
    assert f"error: Unexpected {kind.__name__}: " in said
    assert "may be a bug in lowner_pl; please report it" in said
    assert "Traceback" not in said
    assert said.count("\n") == 2


def test_the_debug_variable_shows_the_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LOWNER_PL_DEBUG", "1")
    assert ended(monkeypatch, KeyError("words")) == 1
    said = capsys.readouterr().err
    assert "Traceback (most recent call last)" in said
    assert "in failing" in said


def test_an_exit_is_not_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    assert ended(monkeypatch, SystemExit(2)) == 2


def test_running_out_of_memory_suggests_smaller_batches() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50)
    errors = (
        caught.value,
        MemoryError(),
        OSError(errno.ENOMEM, "Cannot allocate memory"),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 GiB."),
    )
    for error in errors:
        assert describe(error).startswith("The machine does not have enough memory: "), error
        assert "--data.batch_size" in describe(error)
    assert "memory:" not in describe(OSError(errno.ENOSPC, "No space left on device"))


def test_a_message_is_one_line_that_a_terminal_can_show() -> None:
    assert shortened(ValueError("a\x1b[31mred\x00\r\n b")) == "a?[31mred? b"
    assert shortened(ValueError("می\u200cخوریم")) == "می\u200cخوریم"
    assert shortened(ValueError("x" * 5000)) == "x" * (MOST - 1) + "…"
    assert shortened(ValueError()) == "ValueError"


def test_an_error_of_the_file_system_names_the_file_and_no_error_number(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError) as missing:
        (tmp_path / "nowhere").read_text()
    text = describe(missing.value)
    assert text.startswith("No such file or directory: '")
    assert text.endswith("'. Check the path.")
    with pytest.raises(OSError, match="File name too long") as raised:
        Path("x" * 300).read_text()
    assert describe(raised.value) == f"File name too long: '{'x' * 80}'. Check the path."


@pytest.mark.parametrize("words", [["configs"], ["--help"]])
def test_output_ends_silently_when_its_reader_leaves(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    monkeypatch.setattr(sys, "argv", ["lowner_pl", *words])
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with os.fdopen(writing, "w", encoding="utf-8") as output:
        monkeypatch.setattr(sys, "stdout", output)
        with pytest.raises(SystemExit) as caught:
            entry.main()
    assert caught.value.code == entry.READER_LEFT
    assert capsys.readouterr().err == ""


def test_another_broken_pipe_is_reported(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(monkeypatch, BrokenPipeError(errno.EPIPE, "Broken pipe")) == 1
    assert "Broken pipe" in capsys.readouterr().err
