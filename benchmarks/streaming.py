"""Memory by number of sentences: of an augmentation's stages, and of `tag` on raw text.

python benchmarks/streaming.py --data FOLDER --folder FOLDER --out results.jsonl
"""

import argparse
from pathlib import Path

from common import Record, add_backbone_options, append, backbone, grown, in_child

from lowner_pl.corpus import ConllFile, Sentence, read_conll, write_conll

GOLD = 500
STAGES = ("generate", "tag", "filter", "raw")


def main() -> None:
    """Run each stage at each size in its own process. A stopped generation is resumed."""
    options = _options()
    real = read_conll(options.data / "train.conll")
    job = _prepared(options, real)
    for size in options.sentences:
        source = options.folder / f"{size}.conll"
        if not source.is_file():
            write_conll(source, grown(real, size))
        for stage in options.stages:
            made = job["folder"] / _run("melm") / f"generated_{size}.conll"
            given = made
            if stage in ("generate", "raw"):
                given = source if stage == "generate" else _raw(source)
            # The small tagger would confirm no candidate. The filter has most to do if all are
            # confirmed, so the candidates also serve as predictions.
            report = _child(job | {"stage": stage, "file": given, "tagged": made})
            record: Record = {"benchmark": "streaming", "data": options.data.name}
            record |= {"sentences": size, "stage": stage, "peak_mb": report["peak_mb"]}
            record |= {"cpu_s": round(report["stage_cpu"], 1)}
            record["input_mb"] = round(given.stat().st_size / 1e6, 1)
            append(options.out, record)


def _prepared(options: argparse.Namespace, real: list[Sentence]) -> Record:
    """Create the inputs of all stages, unless the folder has them already."""
    options.folder.mkdir(parents=True, exist_ok=True)
    names = {"gold": "gold.conll", "backbone": "backbone", "folder": "runs"}
    job: Record = {key: options.folder / name for key, name in names.items()}
    if not (job["folder"] / _run("sner") / "checkpoints" / "best.ckpt").is_file():
        write_conll(job["gold"], real[:GOLD])
        backbone(job["backbone"], real, options)
        _child(job | {"stage": "fit"})
    return job


def _raw(source: Path) -> Path:
    """Write the sentences of a CoNLL file as lines of raw text."""
    file = source.with_suffix(".txt")
    if not file.is_file():
        with file.open("w", encoding="utf-8") as lines:
            lines.writelines(f"{' '.join(sentence.words)}\n" for sentence in ConllFile(source))
    return file


def _run(method: str) -> Path:
    """Return the run folder of a method."""
    return Path("gold", method, "seed_0")


def _child(job: Record) -> Record:
    return in_child("streaming_child.py", {key: str(value) for key, value in job.items()})


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="corpus folder")
    parser.add_argument("--folder", type=Path, required=True, help="folder for the created files")
    parser.add_argument("--sentences", type=int, nargs="+", default=[1_000, 10_000, 100_000])
    parser.add_argument("--stages", nargs="+", choices=STAGES, default=list(STAGES))
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    add_backbone_options(parser, layers=2, hidden=64, heads=2)
    return parser.parse_args()


if __name__ == "__main__":
    main()
