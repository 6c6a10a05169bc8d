"""Time of reading and encoding by size of the corpus.

python benchmarks/corpus_size.py --data FOLDER --out results.jsonl
"""

import argparse
import math
import statistics
import tempfile
from itertools import pairwise
from pathlib import Path

from common import Record, add_backbone_options, append, backbone, grown, in_child

from lowner_pl.corpus import read_conll, write_conll


def main() -> None:
    """Measure each size in its own processes, and print a table."""
    options = _options()
    real = read_conll(options.data / "train.conll")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = backbone(folder / "backbone", real[:2000], options)
        curve = []
        for size in options.sizes:
            file = folder / f"{size}.conll"
            write_conll(file, grown(real, size))
            job: Record = {"file": str(file), "backbone": str(source)}
            reports = [in_child("corpus_size_child.py", job) for _ in range(options.rounds)]
            record: Record = {"benchmark": "corpus_size", "data": options.data.name}
            record |= {"sentences": size, "rounds": options.rounds}
            for key in ("reading", "encoding"):
                seconds = statistics.median(report[f"{key}_cpu"] for report in reports)
                record[f"{key}_s"] = round(seconds, 4)
                record[f"{key}_us_per_sentence"] = round(1e6 * seconds / size, 1)
            record |= {key: reports[0][key] for key in ("distinct_words", "subwords")}
            record["peak_mb"] = statistics.median(report["peak_mb"] for report in reports)
            append(options.out, record)
            curve.append(record)
    _print_curve(curve)


def _print_curve(curve: list[Record]) -> None:
    """Print a table, and the exponents of growth between neighbouring sizes (1 is linear)."""
    print(f"{'sentences':>10} {'reading s':>10} {'µs each':>8} {'encoding s':>11} {'µs each':>8}")
    for record in curve:
        print(
            f"{record['sentences']:>10,} {record['reading_s']:>10.3f} "
            f"{record['reading_us_per_sentence']:>8.1f} {record['encoding_s']:>11.3f} "
            f"{record['encoding_us_per_sentence']:>8.1f}"
        )
    for key in ("reading_s", "encoding_s"):
        exponents = [
            math.log(big[key] / small[key]) / math.log(big["sentences"] / small["sentences"])
            for small, big in pairwise(curve)
        ]
        print(f"{key}: grows with sentences to the power of", [round(e, 2) for e in exponents])


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="corpus folder")
    parser.add_argument("--sizes", type=int, nargs="+", default=[100, 1_000, 10_000, 100_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    add_backbone_options(parser, layers=1, hidden=16, heads=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
