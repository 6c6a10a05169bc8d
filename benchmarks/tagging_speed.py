"""Speed of tagging raw lines: ours, ONNX Runtime and `transformers.pipeline`, the same model.

python -m lowner_pl fit --config configs/sner_wikiann.yaml --config configs/embedded.yaml
python benchmarks/tagging_speed.py --run lightning_logs/sample-sw/sner/seed_12345 --text FILE

The run is exported once with `--onnx` and once with `--onnx --int8`. Every way tags the same lines
and writes them as JSON lines. In the steady state, one process holds all ways, and they take turns
with each part of the lines. Whole processes load one way and tag all lines.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from common import Record, append, in_child, processor

WAYS: dict[str, Record] = {
    "ours": {"folder": "plain", "runtime": "torch"},
    "onnx": {"folder": "plain", "runtime": "onnx"},
    "int8": {"folder": "int8", "runtime": "onnx"},
    "pipeline": {"folder": "plain", "batch_size": 1},
    "pipeline_32": {"folder": "plain", "batch_size": 32},
}
"""What is compared. A batch of 1 is the default of pipelines."""
BASES = ("pipeline", "pipeline_32")


def main() -> None:
    """Export the run, and tag the lines in every way."""
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        place = Path(name)
        _export(options.run, place)
        lines = options.text.read_text(encoding="utf-8").split("\n")
        kept = [line for line in lines if line.strip()][: options.lines]
        text = place / "lines.txt"
        text.write_text("".join(f"{line}\n" for line in kept), encoding="utf-8")
        ways = {
            way: {**job, "folder": str(place / job["folder"])}
            for way, job in WAYS.items()
            if way in (options.ways or WAYS)
        }
        job: Record = {"text": str(text), "out": str(place / "out.jsonl"), "parts": options.parts}
        record: Record = {"benchmark": "tagging_speed", "text": options.text.name}
        record |= {"lines": len(kept), "parts": options.parts, "rounds": options.rounds}
        record["processor"] = processor()
        steady = in_child("tagging_speed_child.py", job | {"ways": ways})
        size = len(kept) // options.parts
        append(options.out, record | {"what": "steady"} | _summary(steady["seconds"], size))
        whole: dict[str, list[float]] = {way: [] for way in ways}
        for number in range(options.rounds):
            for way in list(ways) if number % 2 == 0 else list(ways)[::-1]:
                alone = {"ways": {way: ways[way]}, "parts": 1}
                whole[way].append(in_child("tagging_speed_child.py", job | alone)["whole_cpu"])
        if options.rounds:
            append(options.out, record | {"what": "whole"} | _summary(whole, len(kept)))


def _export(run: Path, place: Path) -> None:
    """Export a run in 32 bits and in 8."""
    from lowner_pl.__main__ import run_command

    for name, more in (("plain", []), ("int8", ["--int8"])):
        run_command(["export", f"--run={run}", f"--folder={place / name}", "--onnx", *more])


def _summary(seconds: dict[str, list[float]], lines: int) -> Record:
    """Compute lines per second, and how many times as many as a pipeline each way tags.

    Args:
        seconds: Processor seconds of each way, one number per part of the lines or per process.
        lines: Number of lines that each of them is for.
    """
    record: Record = {}
    for way, of_way in seconds.items():
        found: Record = {"lines_per_s": round(lines / statistics.median(of_way), 1)}
        for base in BASES:
            if base in seconds and not way.startswith("pipeline"):
                pairs = zip(seconds[base], of_way, strict=True)
                found[f"times_{base}"] = _interval([theirs / ours for theirs, ours in pairs])
        record[way] = found
    return record


def _interval(ratios: list[float]) -> list[float]:
    """Return the geometric mean of ratios and the ends of its 95 % interval by Student's t."""
    import numpy as np
    from scipy import stats

    logs = np.log(ratios)
    mean = float(logs.mean())
    half = 0.0
    if len(logs) > 1:
        half = float(stats.t.ppf(0.975, len(logs) - 1) * logs.std(ddof=1) / len(logs) ** 0.5)
    return [round(float(np.exp(value)), 2) for value in (mean, mean - half, mean + half)]


def _options() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--run", type=Path, required=True, help="run folder of SNER")
    parser.add_argument("--text", type=Path, required=True, help="file with a text per line")
    parser.add_argument("--lines", type=int, default=1000)
    parser.add_argument(
        "--parts", type=int, default=10, help="of the lines, in which ways alternate"
    )
    parser.add_argument(
        "--rounds", type=int, default=3, help="whole processes of each way; 0: none"
    )
    parser.add_argument("--ways", nargs="+", choices=list(WAYS), help="default: all")
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
