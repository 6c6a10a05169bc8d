"""Time meta-updates and adaptation against the naive way, a deep copy of the model per task.

python benchmarks/meta_speed.py --data FOLDER                               embedded backbone
python benchmarks/meta_speed.py --data FOLDER --kind bert --tasks 4 --tagged 8     mBERT's shape
python benchmarks/meta_speed.py --data FOLDER --memory                      peak memory

The naive way is what one would write first: the stock token-classification model on padded
batches, `copy.deepcopy`, and a new `torch.optim.Adam` for it. Both ways have the same weights,
tasks and neighbours, no dropout and no masks, so meta-gradients and tag scores can be compared.
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from common import Record, append, copy_corpus, in_child, texts

KINDS = ("ours", "plain")
MBERT = {"vocabulary": 119_547, "layers": 12, "hidden": 768, "heads": 12}


def main() -> None:
    """Run both ways alternately, each in its own process."""
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = {"train": options.train, "dev": 1, "test": options.tagged}
        parts = copy_corpus(options.data, folder / "corpus", sizes)
        job: Record = {
            "corpus": str(folder / "corpus"),
            "tasks": options.tasks,
            "updates": options.updates,
            "tagged": options.tagged,
            "frozen_layers": 3 if options.kind == "bert" else 1,
            "backbone": "embedded",
        }
        if options.kind == "bert":
            job["backbone"] = str(_backbone(folder / "backbone", texts(parts["train"])))
        kinds = ("ours", "fine_tuning") if options.memory else KINDS
        for work in ("update",) if options.memory else ("update", "adaptation"):
            rounds = [
                {
                    kind: in_child(
                        "meta_speed_child.py",
                        job | {"kind": kind, "work": work, "file": str(folder / f"{kind}.pt")},
                    )
                    for kind in kinds
                }
                for _ in range(options.rounds)
            ]
            record = {"benchmark": "meta_speed", "data": options.data.name, "shape": options.kind}
            record |= {"work": work, "rounds": options.rounds}
            if options.memory:
                append(options.out, record | _memory(rounds))
            else:
                append(options.out, record | _speed(rounds) | _difference(folder))


def _speed(rounds: list[dict[str, Record]]) -> Record:
    """Compute medians, ratios and the highest possible ratio."""
    first = rounds[0]
    record = {key: first["ours"][key] for key in ("tasks", "adaptations", "trainable")}
    for kind in KINDS:
        for clock in ("cpu", "wall"):
            seconds = [part[kind][f"work_{clock}"] for part in rounds]
            record[f"{kind}_{clock}"] = round(statistics.median(seconds), 3)
        record[f"{kind}_subwords"] = first[kind]["subwords"]
    for clock in ("cpu", "wall"):
        ratios = [part["plain"][f"work_{clock}"] / part["ours"][f"work_{clock}"] for part in rounds]
        record[f"speed_ratio_{clock}"] = round(statistics.median(ratios), 2)
    # If only our operations took time, at the rate of a large matrix product.
    rate = statistics.median(part["ours"]["product_rate"] for part in rounds)
    at_best = first["ours"]["operations"] / rate
    record["gflop"] = round(first["ours"]["operations"] / 1e9, 1)
    record["product_gflop_s"] = round(rate / 1e9, 1)
    record["share_of_product_rate"] = round(at_best / record["ours_cpu"], 2)
    record["limit_of_ratio"] = round(record["plain_cpu"] / at_best, 2)
    return record


def _difference(folder: Path) -> Record:
    """Compute the largest difference between both results, relative to the largest value."""
    import torch

    ours, plain = (torch.load(folder / f"{kind}.pt", weights_only=True) for kind in KINDS)
    largest = max(tensor.abs().max() for tensor in plain)
    pairs = zip(ours, plain, strict=True)
    differences = [(one - other).abs().max() / largest for one, other in pairs]
    return {"largest_difference": float(max(differences))}


def _memory(rounds: list[dict[str, Record]]) -> Record:
    """Compute the memory beyond fine-tuning, in copies of the trainable weights."""
    first = rounds[0]
    peaks = {kind: max(part[kind]["work_mb"] for part in rounds) for kind in first}
    copy = first["ours"]["trainable"] * 4 / 2**20
    return {
        "tasks": first["ours"]["tasks"],
        "loaded_mb": first["ours"]["loaded_mb"],
        **{f"{kind}_mb": peak for kind, peak in peaks.items()},
        "trainable_mb": round(copy, 1),
        "copies_beyond_fine_tuning": round((peaks["ours"] - peaks["fine_tuning"]) / copy, 2),
    }


def _backbone(folder: Path, lines: list[str]) -> Path:
    """Save a randomly initialised backbone with the shape of mBERT."""
    import torch
    from transformers import AutoModelForMaskedLM

    from lowner_pl.nn.backbones.making.fresh import fresh_backbone

    torch.manual_seed(0)
    shape: Record = {key: MBERT[key] for key in ("layers", "hidden", "heads")}
    fresh_backbone(folder, lines, kind="bert", vocabulary=8000, **shape)
    model = AutoModelForMaskedLM.from_pretrained(folder)
    model.resize_token_embeddings(MBERT["vocabulary"], mean_resizing=False)
    model.save_pretrained(folder)
    return folder


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="corpus folder")
    parser.add_argument("--kind", choices=("embedded", "bert"), default="embedded")
    parser.add_argument("--train", type=int, default=2000, help="source sentences")
    parser.add_argument("--tasks", type=int, default=32, help="tasks per meta-update")
    parser.add_argument("--updates", type=int, default=2, help="meta-updates")
    parser.add_argument("--tagged", type=int, default=64, help="test sentences")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--memory", action="store_true", help="measure memory, not speed")
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
