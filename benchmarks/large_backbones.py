"""Memory of training a large backbone, and adaptation to a sentence, with low-rank updates.

python benchmarks/large_backbones.py --out results.jsonl            all but full fine-tuning
python benchmarks/large_backbones.py --parts training --ways full   takes more than 10 GB

Training is AdamW on batches of 16 sentences of 60 subwords, with random weights in the shape of
XLM-R-large, whole or with 30,000 subwords. Adaptation is one step on two sentences, and tagging,
in the shape of multilingual BERT. Sentences come from the packaged sample.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from common import Record, append, in_child, processor, texts

from lowner_pl.corpus import read_conll
from lowner_pl.nn.backbones.making.fresh_tokenizer import Kind

SAMPLE = Path(__file__).parents[1] / "lowner_pl" / "assets" / "sample" / "en" / "train.conll"
LARGE = {"layers": 24, "hidden": 1024, "heads": 16}
MBERT = {"layers": 12, "hidden": 768, "heads": 12}
VOCABULARIES = (250_002, 30_000)
MBERT_VOCABULARY = 119_547
RECOMPUTED = {"lora_rank": 8, "gradient_checkpointing": True}
WAYS: dict[str, tuple[Record, str]] = {
    "full": ({}, "32-true"),
    "lora": ({"lora_rank": 8}, "32-true"),
    "lora_recomputed": (RECOMPUTED, "32-true"),
    "lora_bf16": ({"lora_rank": 8}, "bf16-true"),
    "lora_bf16_recomputed": (RECOMPUTED, "bf16-true"),
}
"""Options of the tagger and precision in each way of training."""
ADAPTING: dict[str, Record] = {
    "full": {},
    "frozen": {"frozen_layers": 3},
    "lora": {"lora_rank": 8},
}
"""Options of the tagger in each way of adapting; the second is that of Wu et al. (2020)."""


def main() -> None:
    """Measure each way in its own processes, and print tables."""
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        if "training" in options.parts:
            _print_training([_training(options, v, Path(name)) for v in options.vocabularies])
        if "adaptation" in options.parts:
            _print_adaptation(_adaptation(options, Path(name)))


def _training(options: argparse.Namespace, vocabulary: int, folder: Path) -> list[Record]:
    """Train in every way with one vocabulary."""
    backbone = _backbone(
        folder / f"large-{vocabulary}",
        "xlm-roberta",
        vocabulary,
        LARGE | {"layers": options.layers},
    )
    records = []
    for way in options.ways:
        chosen, precision = WAYS[way]
        job: Record = {"work": "training", "backbone": str(backbone), "options": chosen}
        job |= {
            "precision": precision,
            "steps": options.steps,
            "corpus": str(SAMPLE),
            "folder": str(folder),
        }
        record: Record = {"benchmark": "large_backbones", "processor": processor()}
        record |= {"part": "training", "way": way}
        record |= {"vocabulary": vocabulary, "layers": options.layers} | in_child(
            "large_backbones_child.py", job
        )
        append(options.out, record)
        records.append(record)
    return records


def _adaptation(options: argparse.Namespace, folder: Path) -> list[Record]:
    """Adapt in every way, by turns."""
    backbone = _backbone(folder / "mbert", "bert", MBERT_VOCABULARY, MBERT)
    reports: dict[str, list[Record]] = {way: [] for way in ADAPTING}
    for _ in range(options.rounds):
        for way, chosen in ADAPTING.items():
            job: Record = {"work": "adaptation", "backbone": str(backbone), "options": chosen}
            job |= {"tagged": options.tagged, "corpus": str(SAMPLE)}
            reports[way].append(in_child("large_backbones_child.py", job))
    records = []
    for way, rounds in reports.items():
        record: Record = {"benchmark": "large_backbones", "processor": processor()}
        record |= {"part": "adaptation", "way": way}
        record |= {"tagged": options.tagged, "rounds": options.rounds}
        record |= {"trained": rounds[0]["trained"]}
        record["beyond_model_mb"] = max(part["beyond_model_mb"] for part in rounds)
        for key in ("adapting_cpu", "whole_cpu"):
            record[key] = statistics.median(part[key] for part in rounds)
            pairs = zip(reports["full"], rounds, strict=True)
            ratios = [full[key] / mine[key] for full, mine in pairs]
            record[f"{key}_ratio"] = round(statistics.median(ratios), 2)
        append(options.out, record)
        records.append(record)
    return records


def _backbone(folder: Path, kind: Kind, vocabulary: int, shape: dict[str, int]) -> Path:
    """Save a randomly initialised backbone with a large embedding table."""
    import torch
    from transformers import AutoModelForMaskedLM

    from lowner_pl.nn.backbones.making.fresh import fresh_backbone

    lines = texts(read_conll(SAMPLE))
    fresh_backbone(
        folder,
        lines,
        kind=kind,
        vocabulary=2000,
        layers=shape["layers"],
        hidden=shape["hidden"],
        heads=shape["heads"],
    )
    model = AutoModelForMaskedLM.from_pretrained(folder, dtype=torch.float32)
    model.resize_token_embeddings(vocabulary, mean_resizing=False)
    model.save_pretrained(folder)
    return folder


def _print_training(tables: list[list[Record]]) -> None:
    """Print peak memory, time and the sizes of checkpoints."""
    print(f"{'subwords':>9} {'way':<20} {'peak MB':>8} {'training':>9} {'trained':>12} ", end="")
    print(f"{'s/step':>7} {'best MB':>8} {'last MB':>8}")
    for record in (record for records in tables for record in records):
        print(
            f"{record['vocabulary']:>9,} {record['way']:<20} {record['whole_mb']:>8,.0f} "
            f"{record['training_mb']:>9,.0f} {record['trained']:>12,} {record['step_cpu']:>7.1f} "
            f"{record['best_mb']:>8.1f} {record['last_mb']:>8.1f}"
        )


def _print_adaptation(records: list[Record]) -> None:
    """Print time per sentence, ratios and memory."""
    print(f"{'way':<8} {'trained':>12} {'adapting ms':>12} {'ratio':>6} ", end="")
    print(f"{'and tagging ms':>15} {'ratio':>6} {'MB beyond the model':>20}")
    for record in records:
        each = [1000 * record[key] / record["tagged"] for key in ("adapting_cpu", "whole_cpu")]
        print(
            f"{record['way']:<8} {record['trained']:>12,} {each[0]:>12.0f} "
            f"{record['adapting_cpu_ratio']:>6.2f} {each[1]:>15.0f} "
            f"{record['whole_cpu_ratio']:>6.2f} {record['beyond_model_mb']:>20.0f}"
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parts = ("training", "adaptation")
    parser.add_argument("--parts", nargs="+", choices=parts, default=parts)
    parser.add_argument("--ways", nargs="+", choices=WAYS, default=[*WAYS][1:])
    parser.add_argument("--vocabularies", type=int, nargs="+", default=VOCABULARIES)
    parser.add_argument("--layers", type=int, default=LARGE["layers"], help="fewer take less time")
    parser.add_argument("--steps", type=int, default=2, help="training steps")
    parser.add_argument("--tagged", type=int, default=8, help="sentences to adapt to")
    parser.add_argument("--rounds", type=int, default=3, help="rounds of adaptation")
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
