"""Stopping on SIGINT and SIGTERM, with exit status 130 or 143 and one line on how to continue.

The first signal raises `KeyboardInterrupt` in the main thread, which closes what is open. Before
`be_graceful` is called, it ends the process at once. If the main thread does not end within `GRACE`
seconds, because it computes outside Python or something swallowed the exception, a second thread
ends the process. No file is lost by that: all are written whole or not at all
(`lowner_pl.runs.files`).
"""

import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Sequence
from subprocess import Popen
from types import FrameType
from typing import Any

from lowner_pl.runs.files import discard_all

SIGNALS = (signal.SIGINT, signal.SIGTERM)
GRACE = 5.0
ADVICE = "Run the same command again."
PARENT = "LOWNER_PL_PARENT"
"""Environment variable with the id of the process that started this one, if this one must stop
once that one is gone, even if it was killed."""


class _State:
    """Whether and how this process is being stopped."""

    received: signal.Signals | None = None
    installed = False
    graceful = False
    deferred = False
    advice = ADVICE
    children: Sequence["Popen[Any]"] = ()


_state = _State()


def install() -> None:
    """Handle the signals from now on, except one that this process was started to ignore."""
    _state.advice = ADVICE  # drop the advice of an earlier command of this process
    if _state.installed or threading.current_thread() is not threading.main_thread():
        return
    _state.installed = True
    for number in SIGNALS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _on_signal)
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    threading.Thread(target=_watch, args=(reading,), daemon=True, name="stopping").start()
    if parent := os.environ.pop(PARENT, ""):  # not for the children of this process
        threading.Thread(target=_outlive, args=(int(parent),), daemon=True, name="parent").start()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_forget)


def be_graceful() -> None:
    """Let a signal raise `KeyboardInterrupt` from now on instead of ending the process at once."""
    _state.graceful = True


def defer(deferred: bool) -> None:
    """Leave SIGTERM to another handler, such as Lightning's under SLURM, or handle it again."""
    _state.deferred = deferred


def take_back() -> None:
    """Handle SIGTERM again after a library has set its own handler."""
    if _state.installed and signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:
        signal.signal(signal.SIGTERM, _on_signal)


def end_with(children: Sequence["Popen[Any]"]) -> None:
    """Register child processes that must end together with this one."""
    _state.children = children


def received() -> bool:
    """Tell whether the process was asked to stop."""
    return _state.received is not None


def advise(text: str) -> None:
    """Set the sentence that tells the user how to continue if the process is stopped."""
    _state.advice = text


def finish() -> None:
    """End the process if it was asked to stop, even if the exception was swallowed.

    This skips the interpreter's shutdown, which takes seconds with large libraries.
    """
    if _state.received is None:
        _state.graceful = False  # nothing is open any more
        return
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    _end_at_once()


def _on_signal(number: int, _: FrameType | None) -> None:
    """Begin to stop at the first signal, and ignore later ones."""
    if _state.received is not None:
        return
    _state.received = signal.Signals(number)
    if not _state.graceful:
        _end_at_once()
    if number == signal.SIGINT or not _state.deferred:
        raise KeyboardInterrupt


def _watch(reading: int) -> None:
    """Wait for a signal, and end the process if the main thread does not end it in time."""
    while data := os.read(reading, 64):
        for number in SIGNALS:
            if number in data and (number == signal.SIGINT or not _state.deferred):
                time.sleep(GRACE)
                _state.received = _state.received or number
                _end_at_once()


def _outlive(parent: int) -> None:
    """Wait until another process is the parent, and stop this process as SIGTERM does."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os.kill(os.getpid(), signal.SIGTERM)


def _end_at_once() -> None:
    """Clean up and exit, without running more Python code in the main thread."""
    _clean_up()
    assert _state.received is not None
    os._exit(128 + _state.received)


def _clean_up() -> None:
    """Remove partial files, kill child processes, and print how to continue."""
    discard_all()
    workers = sys.modules.get("multiprocessing")
    for child in (*_state.children, *(workers.active_children() if workers else ())):
        with contextlib.suppress(OSError):
            child.kill()
    if os.environ.get("LOCAL_RANK", "0") == "0" and _state.received is not None:
        text = f"Stopped by {_state.received.name}. {_state.advice}\n"
        with contextlib.suppress(OSError):
            os.write(2, text.encode(errors="backslashreplace"))


def _forget() -> None:
    """Restore default signal handling in a forked process, such as a loader's worker."""
    _state.installed = False  # a command in the new process installs its own
    signal.set_wakeup_fd(-1)
    if signal.getsignal(signal.SIGINT) is _on_signal:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
