"""Speed of masked-language-model training: the default options against the fast ones, in turn.

python benchmarks/pretraining_speed.py --text FOLDER [--languages sw en] --backbone FOLDER

The default side has the backbone's own dropout, the loss over the whole vocabulary, and trains all
subword vectors. The fast side has no dropout, samples the vocabulary, and trains few subword
vectors. A backbone of any shape, with random weights, is made by `new-backbone`.
"""

import argparse
import json
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

from common import Record, append, child_environment, processor
from step_profile import GROUPS, REST

from lowner_pl.modules.mlm import TrainedEmbeddings

SIDES = ("default", "fast")


class Child:
    """A process that trains when it is its turn.

    Args:
        job: What it trains; see `pretraining_child.py`.
    """

    def __init__(self, job: Record) -> None:
        script = Path(__file__).with_name("pretraining_child.py")
        self._process = subprocess.Popen(
            [sys.executable, str(script)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=child_environment(),
            text=True,
        )
        self._send(json.dumps(job))

    def turn(self) -> Record:
        """Let the process train a segment, or score, and read its report."""
        self._send("go")
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("A child process failed. Its last lines above say why.")
        report: Record = json.loads(line)
        return report

    def _send(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()


def main() -> None:
    """Train both sides in turn, and print two tables."""
    options = _options()
    jobs = _jobs(options)
    children = {side: Child(job) for side, job in jobs.items()}
    reports: dict[str, list[Record]] = {side: [] for side in SIDES}
    for round_ in range(options.rounds + 3):  # to warm up, to be timed, profiled, scored
        for side in SIDES if round_ % 2 == 0 else reversed(SIDES):
            reports[side].append(children[side].turn())
    records = {side: _summary(side, jobs[side], reports[side]) for side in SIDES}
    records["fast"]["ratio"] = round(
        statistics.median(
            _speed(mine) / _speed(other)
            for mine, other in zip(*(_timed(reports[side]) for side in SIDES[::-1]), strict=True)
        ),
        2,
    )
    for record in records.values():
        append(options.out, record)
    print(_tables(records))


def _jobs(options: argparse.Namespace) -> dict[str, Record]:
    """Make the job of each side."""
    names = ("backbone", "languages", "length", "batch_size", "steps", "rounds", "dev_lines", "lr")
    job: Record = {name: getattr(options, name) for name in names} | {"text": str(options.text)}
    fast = {
        "dropout": 0.0,
        "sampled_softmax": options.sampled_softmax,
        "train_embeddings": options.train_embeddings,
    }
    return {
        "default": job | {"precision": options.default_precision, "options": {}},
        "fast": job | {"precision": options.fast_precision, "options": fast},
    }


def _timed(reports: list[Record]) -> list[Record]:
    """Return the reports of the timed segments."""
    return reports[1:-2]


def _speed(report: Record) -> float:
    """Return the subwords per second of processor time."""
    return float(report["subwords"] / report["cpu"])


def _summary(side: str, job: Record, reports: list[Record]) -> Record:
    """Summarise the reports of a side."""
    timed, profiled, scored = _timed(reports), reports[-2], reports[-1]
    speed = statistics.median(map(_speed, timed))
    done = sum(report["subwords"] for report in timed)
    return {
        "benchmark": "pretraining_speed",
        "processor": processor(),
        "side": side,
        **{key: job[key] for key in ("backbone", "precision", "length", "batch_size", "options")},
        "subwords_per_step": round(done / len(timed) / job["steps"]),
        "subwords_per_s": round(speed),
        "subwords_per_s_wall": round(done / sum(report["wall"] for report in timed)),
        "ms_per_step": profiled["ms_per_step"],
        "held_out_loss": round(scored["loss"], 4),
        "gflop_s": round(speed * scored["operations_per_subword"] / 1e9, 1),
        "gflop_s_of_products": round(scored["product_rate"] / 1e9, 1),
        "operations_per_subword": round(scored["operations_per_subword"]),
        "peak_mb": scored["peak_mb"],
    }


def _tables(records: dict[str, Record]) -> str:
    """Write the tables of speeds and of the time of a step, in Markdown."""
    lines = [
        "| | precision | subwords/s | ratio | GFLOP/s | held-out loss | peak MB |",
        "|---|---|---|---|---|---|---|",
    ]
    for side, record in records.items():
        keys = ("precision", "subwords_per_s", "ratio", "gflop_s", "held_out_loss", "peak_mb")
        cells = [str(record.get(key, "")) for key in keys]
        lines.append(f"| {side} | {' | '.join(cells)} |")
    lines += ["", "| ms per step | default | fast |", "|---|---|---|"]
    for group in (*GROUPS, REST):
        cells = [str(records[side]["ms_per_step"][group]) for side in SIDES]
        lines.append(f"| {group} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _options() -> Any:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--text", type=Path, required=True, help="folder with one file per language"
    )
    parser.add_argument("--languages", nargs="+", help="languages to read; default: all")
    parser.add_argument("--backbone", default="embedded")
    parser.add_argument("--default-precision", default="32-true")
    parser.add_argument("--fast-precision", default="32-true", help="such as bf16-true")
    parser.add_argument("--sampled-softmax", type=int, default=5000, help="of the fast side")
    parser.add_argument(
        "--train-embeddings",
        choices=get_args(TrainedEmbeddings),
        default="added",
        help="of the fast side",
    )
    parser.add_argument("--batch-size", type=int, default=40, help="lines")
    parser.add_argument("--length", type=int, default=128, help="subwords in a window")
    parser.add_argument("--lr", type=float, default=1e-4, help="learning rate")
    parser.add_argument("--steps", type=int, default=20, help="steps in a turn")
    parser.add_argument("--rounds", type=int, default=5, help="timed turns, after one to warm up")
    parser.add_argument("--dev-lines", type=int, default=50, help="held-out lines per language")
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
