"""Memory of an augmentation against the number of sentences: generate, tag, filter.

python benchmarks/streaming.py --data FOLDER --out results.jsonl
"""

import argparse
import tempfile
from pathlib import Path

from common import Record, add_backbone_options, append, backbone, grown, in_child

from lowner_pl.corpus import read_conll, write_conll

GOLD = 500


def main() -> None:
    """Run each stage at each size in a process of its own."""
    options = _options()
    real = read_conll(options.data / "train.conll")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        gold = folder / "gold.conll"
        write_conll(gold, real[:GOLD])
        job: Record = {"gold": str(gold), "folder": name}
        job["backbone"] = str(backbone(folder / "backbone", real, options))
        in_child("streaming_child.py", job | {"stage": "fit"})
        for size in options.sentences:
            job["file"] = str(folder / f"{size}.conll")
            write_conll(job["file"], grown(real, size))
            append(options.out, _measured(job, size) | {"data": options.data.name})


def _measured(job: Record, size: int) -> Record:
    """Return peak memory and processor time of each stage."""
    made = in_child("streaming_child.py", job | {"stage": "generate"})
    job = job | {"file": made["file"]}
    tagged = in_child("streaming_child.py", job | {"stage": "tag"})
    # A tagger this small confirms nothing. Where it confirms all, the filter has most to do.
    kept = in_child("streaming_child.py", job | {"stage": "filter", "tagged": made["file"]})
    record: Record = {"benchmark": "streaming", "sentences": size}
    record |= {"candidates": kept["candidates"], "kept": kept["sentences_out"]}
    for stage, report in (("generate", made), ("tag", tagged), ("filter", kept)):
        record[f"{stage}_peak_mb"] = report["peak_mb"]
        record[f"{stage}_cpu_s"] = round(report["stage_cpu"], 1)
    record["candidates_mb"] = round(Path(job["file"]).stat().st_size / 1e6, 1)
    return record


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="corpus folder")
    parser.add_argument("--sentences", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--out", type=Path, help="results file, one JSON record a line")
    add_backbone_options(parser, layers=2, hidden=64, heads=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
