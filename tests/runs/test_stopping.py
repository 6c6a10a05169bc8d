"""A process that was forked from one that handles signals handles them itself."""

import signal
import subprocess
import sys

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
