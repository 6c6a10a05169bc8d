"""Stopping on SIGINT and SIGTERM: exit status 130 or 143, and one line on how to go on.

The first signal raises `KeyboardInterrupt` in the main thread, which closes what is open; before
anything is, the process ends at once. Where the main thread does not get to its end within `GRACE`
seconds, since it computes outside Python or something swallowed the exception, a thread ends the
process. Files are written whole or not at all (`lowner_pl.runs.files`), so that costs none.
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


class _State:
    """What this process knows of its end."""

    received: signal.Signals | None = None
    installed = False
    graceful = False
    deferred = False
    advice = ADVICE
    children: Sequence["Popen[Any]"] = ()


_state = _State()


def install() -> None:
    """Handle the signals from now on; one that the process was started to ignore stays ignored."""
    _state.advice = ADVICE  # not that of an earlier command of this process
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
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=_forget)


def be_graceful() -> None:
    """Let a signal raise `KeyboardInterrupt` from now on, where it ended the process at once."""
    _state.graceful = True


def defer(deferred: bool) -> None:
    """Leave it to somebody else to react to SIGTERM, as Lightning does under SLURM; or no more."""
    _state.deferred = deferred


def take_back() -> None:
    """Handle SIGTERM again after a library has set a handler of its own."""
    if _state.installed and signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:
        signal.signal(signal.SIGTERM, _on_signal)


def end_with(children: Sequence["Popen[Any]"]) -> None:
    """Name the processes that must not outlive this one."""
    _state.children = children


def received() -> bool:
    """Return whether the process was asked to stop."""
    return _state.received is not None


def advise(text: str) -> None:
    """Say how to go on, should the process be stopped."""
    _state.advice = text


def finish() -> None:
    """End the process if it was asked to stop, whatever has become of the exception.

    The interpreter is not taken down, which takes seconds with large libraries.
    """
    if _state.received is None:
        _state.graceful = False  # nothing is open any more
        return
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    _end_at_once()


def _on_signal(number: int, _: FrameType | None) -> None:
    """Stop, at the first signal; others may follow while that is done."""
    if _state.received is not None:
        return
    _state.received = signal.Signals(number)
    if not _state.graceful:
        _end_at_once()
    if number == signal.SIGINT or not _state.deferred:
        raise KeyboardInterrupt


def _watch(reading: int) -> None:
    """Wait for a signal, and end the process if the main thread does not."""
    while data := os.read(reading, 64):
        for number in SIGNALS:
            if number in data and (number == signal.SIGINT or not _state.deferred):
                time.sleep(GRACE)
                _state.received = _state.received or number
                _end_at_once()


def _end_at_once() -> None:
    """Leave without another line of Python in the main thread."""
    _clean_up()
    assert _state.received is not None
    os._exit(128 + _state.received)


def _clean_up() -> None:
    """Remove half-written files, end the processes this one started, and say how to go on."""
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
    """Give a forked process, such as a worker of a loader, the usual handling of signals."""
    signal.set_wakeup_fd(-1)
    if signal.getsignal(signal.SIGINT) is _on_signal:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if signal.getsignal(signal.SIGTERM) is not signal.SIG_IGN:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
