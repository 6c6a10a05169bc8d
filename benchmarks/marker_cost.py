"""The cost of MANER's markers: time per epoch relative to the number of subwords.

python benchmarks/marker_cost.py --data FOLDER --data FOLDER --out results.jsonl
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from common import Record, add_backbone_options, append, backbone, copy_corpus, in_child

from lowner_pl.corpus import Sentence, TagSet


def main() -> None:
    """Alternate between epochs of SNER and MANER on each corpus."""
    options = _options()
    for data in options.data:
        with tempfile.TemporaryDirectory() as name:
            append(options.out, _measure(data, Path(name), options))


def _measure(data: Path, folder: Path, options: argparse.Namespace) -> Record:
    """Measure the ratios of time and of subwords on one corpus."""
    sizes = {"train": options.train, "dev": 20, "test": 20}
    train = copy_corpus(data, folder / data.name, sizes)["train"]
    source = backbone(folder / "backbone", train, options)
    job: Record = {
        "command": "fit",
        "corpus": str(folder / data.name),
        "backbone": str(source),
        "log_root": str(folder / "logs"),
        "batch_size": 16,
        "eval_batch_size": 32,
        "epochs": options.epochs,
        "lr": 5e-4,
    }
    ratios: dict[str, list[float]] = {"cpu": [], "wall": []}
    for _ in range(options.rounds):
        sner, maner = (in_child("ours.py", job | {"model": model}) for model in ("sner", "maner"))
        for kind, values in ratios.items():
            values.append(maner[f"batches_{kind}"] / sner[f"batches_{kind}"])
    plain, marked = _subwords(train, source)
    record: Record = {"benchmark": "marker_cost", "data": data.name, "sentences": len(train)}
    record |= {"backbone": f"{options.kind} {options.layers}x{options.hidden}"}
    record |= {"epochs": options.epochs, "rounds": options.rounds}
    record |= {"subwords": plain, "subwords_with_markers": marked}
    record["subword_ratio"] = round(marked / plain, 3)
    for kind, values in ratios.items():
        record[f"time_ratio_{kind}"] = round(statistics.median(values), 3)
        record[f"cost_{kind}"] = round(statistics.median(values) * plain / marked, 3)
    return record


def _subwords(sentences: list[Sentence], source: Path) -> tuple[int, int]:
    """Count subwords of the training data without and with markers, special tokens included."""
    from transformers import AutoTokenizer

    from lowner_pl.encoding import WordEncoder

    tokenizer = AutoTokenizer.from_pretrained(source)
    types = sorted({entity.type for sentence in sentences for entity in sentence.entities})
    plain, marked = (
        len(WordEncoder(tokenizer, marker=marker)(sentences, TagSet(types)).input_ids)
        for marker in ("none", "mask")
    )
    return plain, marked


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, action="append", required=True, help="corpus folder")
    parser.add_argument("--train", type=int, default=1000, help="training sentences")
    parser.add_argument("--epochs", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    add_backbone_options(parser, layers=4, hidden=256, heads=4)
    return parser.parse_args()


if __name__ == "__main__":
    main()
