"""Start-up time: ``--help`` and importing torch, the first step of `fit`, the first tag, `tag`.

python benchmarks/startup.py --out results.jsonl
python benchmarks/startup.py --code . ../before    # two checkouts in turns
python benchmarks/startup.py --only tag            # the first tag and the command
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

REPORT = """
import json, resource, time

def report(start, who=resource.RUSAGE_SELF):
    used = resource.getrusage(who)
    now = time.perf_counter(), used.ru_utime + used.ru_stime
    spent = [now[0] - start[0], now[1] - start[1], used.ru_maxrss / 1024]
    print("\\n" + json.dumps(spent), flush=True)
"""
FIRST_STEP = f"""{REPORT}
import sys
import lightning.pytorch.cli
imported = time.perf_counter(), time.process_time()
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
    report(imported)
"""
TEXT = "Wangari Maathai alizaliwa Nyeri."
FIRST_TAG = f"""{REPORT}
import sys
from lowner_pl.tagging.loading import load
imported = time.perf_counter(), time.process_time()
load(sys.argv[1])({TEXT!r})
report(imported)
"""
TAG = f"""{REPORT}
import subprocess, sys
started = time.perf_counter(), 0.0
subprocess.run([sys.executable, "-m", "lowner_pl", "tag", *sys.argv[1:]], check=True)
report(started, resource.RUSAGE_CHILDREN)
"""
MEASURES = ("seconds_wall", "seconds_cpu", "peak_mb")
METHODS = ("sner", "maner")


def main() -> None:
    """Measure alternately, and compare medians."""
    options = _options()
    if options.only in "help":
        _compare_help(options)
    with tempfile.TemporaryDirectory() as folder:
        run = f"{folder}/sample-sw/maner/seed_12345"
        jobs = {f"first step, {method}": (FIRST_STEP, _fit(method, folder)) for method in METHODS}
        jobs |= {"first tag, maner": (FIRST_TAG, [run]), "tag, maner": (TAG, [TEXT, "--run", run])}
        jobs = {what: job for what, job in jobs.items() if options.only in what}
        if any("tag" in what for what in jobs):
            short = ["--trainer.max_epochs=1", "--data.train_size=10"]
            _run(["-m", "lowner_pl", *_fit("maner", folder), *short], options.code[0])
        for what, (script, words) in jobs.items():
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
        for index, measure in enumerate(MEASURES):
            values = [part[number][index] for part in rounds]
            record[measure] = round(statistics.median(values), 3)
            record[f"least_{measure}"] = round(min(values), 3)
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


def _reported(script: str, words: list[str], code: Path) -> list[float]:
    """Run a script that reports `MEASURES`."""
    measured: list[float] = json.loads(_run(["-c", script, *words], code).splitlines()[-1])
    return measured


def _run(words: list[str], code: Path) -> str:
    """Run Python with a checkout, and return what it prints."""
    environment = child_environment() | {"PYTHONPATH": str(code.resolve())}
    done = subprocess.run(  # with -c, Python imports from the working directory first
        [sys.executable, *words],
        check=True,
        capture_output=True,
        text=True,
        env=environment,
        cwd=code,
    )
    return done.stdout


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument(
        "--code", type=Path, nargs="+", default=[ROOT], help="checkouts to compare, by default this"
    )
    parser.add_argument("--only", default="", help="what to measure: a part of its name")
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
