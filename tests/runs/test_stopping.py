"""Processes that were started by another one stop by themselves."""

import signal
import subprocess
import sys
import time

import pytest

CODE = """
import os, signal, sys, time
from lowner_pl.runs import stopping

stopping.install()
reading, writing = os.pipe()
if (child := os.fork()) == 0:
    stopping.install()
    stopping.be_graceful()
    try:
        os.write(writing, b"x")
        time.sleep(20)
    finally:
        stopping.finish()
os.read(reading, 1)
os.kill(child, int(sys.argv[1]))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="forks")
@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_command_in_a_forked_process_stops_with_its_status(
    number: signal.Signals, status: int
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", CODE, str(int(number))], capture_output=True, text=True, timeout=60
    )
    assert done.stdout.strip() == str(status), done.stderr
    assert done.stderr == f"Stopped by {number.name}. Run the same command again.\n"


PARENT = """
import os, subprocess, sys
from lowner_pl.runs import stopping

environment = {**os.environ, stopping.PARENT: str(os.getpid())}
subprocess.run([sys.executable, "-c", sys.argv[1]], env=environment)
"""
CHILD = """
import os, time
from lowner_pl.runs import stopping

stopping.install()
stopping.be_graceful()
print("ready", stopping.PARENT in os.environ, flush=True)
try:
    time.sleep(30)
finally:
    print("stopped", flush=True)
    stopping.finish()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="a process keeps its parent's id there")
def test_a_process_stops_when_the_one_that_started_it_was_killed() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, CHILD], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as parent:
        assert parent.stdout is not None
        assert parent.stderr is not None
        assert parent.stdout.readline() == b"ready False\n"
        parent.kill()
        begun = time.monotonic()
        assert parent.stdout.read() == b"stopped\n"  # ends when nobody holds it open any more
        assert time.monotonic() - begun < 15
        assert parent.stderr.read() == b"Stopped by SIGTERM. Run the same command again.\n"
