"""`serve` under load: requests per second, latency and memory with many clients on this machine.

python benchmarks/serving_load.py --run lightning_logs/sample-sw/maner/seed_12345 --seconds 60
"""

import argparse
import json
import os
import re
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from http.client import HTTPConnection
from itertools import islice
from pathlib import Path

from common import Record, append, child_environment, processor

from lowner_pl.corpus import read_conll

SAMPLE = Path(__file__).parents[1] / "lowner_pl" / "assets" / "sample" / "sw" / "test.conll"
HEADERS = {"Content-Type": "application/json"}
WARM_UP = 5.0  # seconds before the memory counts
PATIENCE = 600  # seconds for an answer, on a machine that others use
PARTS = 8  # of the time, for each of which the peak memory is reported


def main() -> None:
    """Measure one load."""
    options = _options()
    texts = _texts(options.corpus, options.sentences)
    with _server(options.run) as (port, process):
        memory = _Memory(process)
        seconds, begun = _load(port, texts, options.clients, options.seconds)
        wall = time.perf_counter() - begun
        memory.stop()
        processor_seconds = memory.processor_seconds
    characters = statistics.mean(map(len, texts))
    record: Record = {
        "benchmark": "serving_load",
        "run": "/".join(options.run.parts[-3:]),
        "clients": options.clients,
        "sentences_per_request": options.sentences,
        "characters_per_request": round(characters),
        "seconds": round(wall, 1),
        "requests": len(seconds),
        "requests_per_second": round(len(seconds) / wall, 1),
        "requests_per_processor_second": round(len(seconds) / processor_seconds, 1),
        "processor_share": round(processor_seconds / wall, 2),
        **{
            f"latency_p{percent}": round(_percentile(seconds, percent), 3)
            for percent in (50, 90, 99, 100)
        },
        "memory_mb": memory.by_time(),
        "processor": processor(),
    }
    append(options.out, record)


def _texts(corpus: Path, sentences: int) -> list[str]:
    """Join the sentences of a corpus to texts."""
    words = iter([" ".join(sentence.words) for sentence in read_conll(corpus)])
    texts = []
    while part := list(islice(words, sentences)):
        texts.append("\n".join(part))
    return texts


@contextmanager
def _server(run: Path) -> Iterator[tuple[int, int]]:
    """Serve a run on a free port; yield the port and the process."""
    words = [sys.executable, "-m", "lowner_pl", "serve"]
    process = subprocess.Popen(
        [*words, f"--run={run}", "--port=0", f"--max_seconds={PATIENCE}"],
        stdout=subprocess.PIPE,
        text=True,
        env=child_environment(),
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        found = re.search(r":(\d+)/ until", line)
        assert found, f"The server did not start: {line}"
        yield int(found[1]), process.pid
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(PATIENCE)


def _load(port: int, texts: list[str], clients: int, seconds: float) -> tuple[list[float], float]:
    """Let clients ask one text after another; return the latencies and when the load began.

    Raises:
        RuntimeError: If an answer is an error.
    """
    begun = time.perf_counter()

    def client(number: int) -> list[float]:
        latencies = []
        connection = HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        at = number
        while time.perf_counter() - begun < seconds:
            body = json.dumps({"text": texts[at % len(texts)]})
            asked = time.perf_counter()
            connection.request("POST", "/tag", body, HEADERS)
            answer = connection.getresponse()
            received = answer.read()
            latencies.append(time.perf_counter() - asked)
            if answer.status != 200:
                raise RuntimeError(f"status {answer.status}: {received[:200]!r}")
            at += clients
        connection.close()
        return latencies

    with ThreadPoolExecutor(clients) as pool:
        running = [pool.submit(client, number) for number in range(clients)]
        return [one for done in running for one in done.result()], begun


class _Memory:
    """The resident memory of a process, measured twice a second until `stop`."""

    def __init__(self, process: int) -> None:
        self._status = Path(f"/proc/{process}/status")
        self._times = Path(f"/proc/{process}/stat")
        self._begun, self._spent = time.monotonic(), self._processor()
        self._ended = threading.Event()
        self._measured: list[float] = []
        self._thread = threading.Thread(target=self._measure)
        self._thread.start()

    def stop(self) -> None:
        """End the measurement."""
        self._ended.set()
        self._thread.join()
        self.processor_seconds = self._processor() - self._spent

    def by_time(self) -> list[float]:
        """Return the peak in each part of the time after the warm-up, in megabytes."""
        size = len(self._measured) / PARTS
        parts = (self._measured[int(at * size) : int((at + 1) * size)] for at in range(PARTS))
        return [round(max(part), 1) for part in parts if part]

    def _measure(self) -> None:
        """Measure until the end."""
        while not self._ended.wait(0.5):
            if time.monotonic() - self._begun > WARM_UP:
                lines = self._status.read_text().splitlines()
                kilobytes = next(line.split()[1] for line in lines if line.startswith("VmRSS:"))
                self._measured.append(int(kilobytes) / 1024)

    def _processor(self) -> float:
        """Return the processor seconds that the process has used."""
        fields = self._times.read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _percentile(values: list[float], percent: int) -> float:
    """Return a percentile: the smallest value that so many percent of all don't exceed."""
    ordered = sorted(values)
    return ordered[max(0, -(-percent * len(ordered) // 100) - 1)]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="run folder of a tagger")
    parser.add_argument("--corpus", type=Path, default=SAMPLE, help="CoNLL file of the texts")
    parser.add_argument("--sentences", type=int, default=1, help="sentences of a request")
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
