"""Start-up time: ``--help`` compared with importing torch, the first step of `fit`, the first tag.

python benchmarks/startup.py --out results.jsonl
python benchmarks/startup.py --code . ../before    # two checkouts in turns
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
FIRST_TAG = """
import json, sys, time
import lowner_pl.tagging
imported = (time.perf_counter(), time.process_time())
lowner_pl.load(sys.argv[1])("Wangari Maathai alizaliwa Nyeri.")
spent = [time.perf_counter() - imported[0], time.process_time() - imported[1]]
print("\\n" + json.dumps(spent))
"""
METHODS = ("sner", "maner")


def main() -> None:
    """Measure alternately, and compare medians."""
    options = _options()
    _compare_help(options)
    with tempfile.TemporaryDirectory() as folder:
        steps = {method: (FIRST_STEP, _fit(method, folder)) for method in METHODS}
        trained = [*_fit("maner", folder), "--trainer.max_epochs=1", "--data.train_size=10"]
        _run(["-m", "lowner_pl", *trained], options.code[0])
        run = f"{folder}/sample-sw/maner/seed_12345"
        jobs = {f"first step, {m}": job for m, job in steps.items()}
        for what, (script, words) in {**jobs, "first tag, maner": (FIRST_TAG, [run])}.items():
            _compare(what, script, words, options)


def _compare_help(options: argparse.Namespace) -> None:
    """Compare ``--help`` with importing torch."""
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


def _compare(what: str, script: str, words: list[str], options: argparse.Namespace) -> None:
    """Measure a script with each checkout in turns, and report the medians."""
    rounds = [
        [_reported(script, words, code) for code in options.code] for _ in range(options.rounds)
    ]
    for number, code in enumerate(options.code):
        record: Record = {"benchmark": "startup", "what": what, "rounds": options.rounds}
        record |= {"code": code.resolve().name, "corpus": "embedded sample"}
        for index, kind in enumerate(("wall", "cpu")):
            values = [part[number][index] for part in rounds]
            record[f"seconds_{kind}"] = round(statistics.median(values), 3)
            record[f"best_{kind}"] = round(min(values), 3)
        append(options.out, record)


def _fit(method: str, folder: str) -> list[str]:
    """Return the words of `fit` on the sample."""
    words = ["fit", f"--config={ROOT / 'configs' / f'{method}_wikiann.yaml'}"]
    return [*words, f"--config={ROOT / 'configs' / 'embedded.yaml'}", f"--log_root={folder}"]


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


def _reported(script: str, words: list[str], code: Path) -> tuple[float, float]:
    """Run a script that reports its own wall and CPU seconds."""
    wall, cpu = json.loads(_run(["-c", script, *words], code).strip().splitlines()[-1])
    return wall, cpu


def _run(words: list[str], code: Path) -> str:
    """Run Python with a checkout, and return what it prints."""
    environment = child_environment() | {"PYTHONPATH": str(code.resolve())}
    done = subprocess.run(
        [sys.executable, *words], check=True, capture_output=True, text=True, env=environment
    )
    return done.stdout


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--code", type=Path, nargs="+", default=[ROOT], help="checkouts to compare, by default this"
    )
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
