"""Start-up time: ``--help`` compared with importing torch, and from LightningCLI to the first step.

python benchmarks/startup.py --out results.jsonl
"""

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from common import ROOT, Record, append, child_environment

FIRST_STEP = """
import json, sys, time
import lightning.pytorch.cli
imported = (time.perf_counter(), time.process_time())
from lightning.pytorch import Trainer
from lowner_pl.commands.cli import run
from lowner_pl.modules import BaseModule

class Reached(Exception):
    pass

def reached(self, batch, batch_idx):
    raise Reached

BaseModule.on_train_batch_start = reached
try:
    run(sys.argv[1:])
except Reached:
    spent = [time.perf_counter() - imported[0], time.process_time() - imported[1]]
    print("\\n" + json.dumps(spent))
"""


def main() -> None:
    """Measure alternately, and compare medians."""
    options = _options()
    help_, torch_ = ["-m", "lowner_pl", "--help"], ["-c", "import torch"]
    for words in (help_, torch_):  # one unmeasured run to fill the file cache
        _seconds(words)
    rounds = [(_seconds(help_), _seconds(torch_)) for _ in range(options.rounds)]
    record: Record = {"benchmark": "startup", "what": "help", "rounds": options.rounds}
    for index, kind in enumerate(("wall", "cpu")):
        ours, torchs = ([part[side][index] for part in rounds] for side in (0, 1))
        record[f"help_{kind}"] = round(statistics.median(ours), 3)
        record[f"import_torch_{kind}"] = round(statistics.median(torchs), 3)
        pairs = zip(ours, torchs, strict=True)
        record[f"ratio_{kind}"] = round(statistics.median(a / b for a, b in pairs), 3)
    append(options.out, record)
    for method in ("sner", "maner"):
        steps = [_first_step(method) for _ in range(options.rounds)]
        record = {"benchmark": "startup", "what": "first step", "method": method}
        record |= {"corpus": "embedded sample", "rounds": options.rounds}
        for index, kind in enumerate(("wall", "cpu")):
            values = [step[index] for step in steps]
            record[f"seconds_{kind}"] = round(statistics.median(values), 3)
            record[f"best_{kind}"] = round(min(values), 3)
        append(options.out, record)


def _seconds(words: list[str]) -> tuple[float, float]:
    """Run a Python process, and return its wall and CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    subprocess.run(
        [sys.executable, *words], check=True, capture_output=True, env=child_environment()
    )
    wall = time.perf_counter() - started
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def _first_step(method: str) -> tuple[float, float]:
    """Measure the seconds from the import of LightningCLI to the first batch."""
    with tempfile.TemporaryDirectory() as folder:
        words = ["fit", f"--config={ROOT / 'configs' / f'{method}_wikiann.yaml'}"]
        words += [f"--config={ROOT / 'configs' / 'embedded.yaml'}", f"--log_root={folder}"]
        done = subprocess.run(
            [sys.executable, "-c", FIRST_STEP, *words],
            check=True,
            capture_output=True,
            text=True,
            env=child_environment(),
        )
    wall, cpu = json.loads(done.stdout.strip().splitlines()[-1])
    return wall, cpu


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
