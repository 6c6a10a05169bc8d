"""Time meta-updates and adaptation against the naive way, a deep copy of the model per task.

python benchmarks/meta_speed.py --data FOLDER                               embedded backbone
python benchmarks/meta_speed.py --data FOLDER --kind bert --tasks 4 --tagged 8     mBERT's shape
python benchmarks/meta_speed.py --data FOLDER --memory                      peak memory
python benchmarks/meta_speed.py --data FOLDER --other CHECKOUT    another version of lowner_pl, too

The naive way is what one would write first: the stock token-classification model on padded
batches, `copy.deepcopy`, and a new optimiser of torch for it. All ways have the same weights, tasks
and neighbours and no masks. Without dropout, meta-gradients and tag scores can be compared, too.
"""

import argparse
import json
import shutil
import statistics
import tempfile
from pathlib import Path

from common import ROOT, Record, append, copy_corpus, in_child, texts

MBERT = {"vocabulary": 119_547, "layers": 12, "hidden": 768, "heads": 12}


def main() -> None:
    """Run all ways alternately, each in its own process."""
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
            "dropout": options.dropout,
            "inner_optimizer": options.inner_optimizer,
        }
        job["backbone"] = str(folder / "backbone")
        if options.kind == "bert":
            _save_bert(folder / "backbone", texts(parts["train"]))
        else:  # a copy, so that another version of the code reads the same backbone
            shutil.copytree(ROOT / "lowner_pl" / "assets" / "backbone", folder / "backbone")
        _set_dropout(folder / "backbone" / "config.json", options.dropout)
        # What is compared with ours: the name of the way, and the checkout whose code runs it.
        ways = {"ours": ROOT, "fine_tuning" if options.memory else "plain": ROOT}
        if options.other is not None:
            ways["other"] = options.other
        for work in ("update",) if options.memory else ("update", "adaptation"):
            rounds = [
                {
                    kind: in_child(
                        "meta_speed_child.py",
                        job | {"kind": kind, "work": work, "file": str(folder / f"{kind}.pt")},
                        code=code,
                    )
                    for kind, code in ways.items()
                }
                for _ in range(options.rounds)
            ]
            record = {"benchmark": "meta_speed", "data": options.data.name, "shape": options.kind}
            record |= {key: job[key] for key in ("dropout", "inner_optimizer")}
            record |= {"work": work, "rounds": options.rounds}
            record |= _memory(rounds) if options.memory else _speed(rounds)
            if not options.memory and (work == "adaptation" or options.dropout == 0.0):
                record |= _differences(folder, [*ways][1:])
            append(options.out, record)


def _speed(rounds: list[dict[str, Record]]) -> Record:
    """Compute medians, ratios and the highest possible ratio."""
    first = rounds[0]
    record = {key: first["ours"][key] for key in ("tasks", "adaptations", "trainable")}
    for kind in first:
        for clock in ("cpu", "wall"):
            seconds = [part[kind][f"work_{clock}"] for part in rounds]
            record[f"{kind}_{clock}"] = round(statistics.median(seconds), 3)
        record[f"{kind}_subwords"] = first[kind]["subwords"]
        if kind != "ours":
            record |= _ratio(kind, rounds)
    # If only our operations took time, at the rate of a large matrix product.
    rate = statistics.median(part["ours"]["product_rate"] for part in rounds)
    at_best = first["ours"]["operations"] / rate
    record["gflop"] = round(first["ours"]["operations"] / 1e9, 1)
    record["product_gflop_s"] = round(rate / 1e9, 1)
    record["share_of_product_rate"] = round(at_best / record["ours_cpu"], 2)
    record["limit_of_ratio"] = round(record["plain_cpu"] / at_best, 2)
    return record


def _ratio(kind: str, rounds: list[dict[str, Record]]) -> Record:
    """Compute how much longer a way takes than ours: the median and the range of the rounds."""
    ratios = [part[kind]["work_cpu"] / part["ours"]["work_cpu"] for part in rounds]
    return {
        f"{kind}_over_ours": round(statistics.median(ratios), 2),
        f"{kind}_over_ours_range": [round(min(ratios), 2), round(max(ratios), 2)],
    }


def _differences(folder: Path, kinds: list[str]) -> Record:
    """Compute the largest differences from our results, relative to the largest value."""
    import torch

    ours = torch.load(folder / "ours.pt", weights_only=True)
    found = {}
    for kind in kinds:
        others = torch.load(folder / f"{kind}.pt", weights_only=True)
        largest = max(tensor.abs().max() for tensor in others)
        pairs = zip(ours, others, strict=True)
        differences = [(one - other).abs().max() / largest for one, other in pairs]
        found[f"{kind}_largest_difference"] = float(max(differences))
    return found


def _memory(rounds: list[dict[str, Record]]) -> Record:
    """Compute the memory beyond fine-tuning, in copies of the trainable weights."""
    first = rounds[0]
    peaks = {kind: max(part[kind]["work_mb"] for part in rounds) for kind in first}
    copy = first["ours"]["trainable"] * 4 / 2**20
    more = {kind: (peaks[kind] - peaks["fine_tuning"]) / copy for kind in peaks}
    return {
        "tasks": first["ours"]["tasks"],
        "loaded_mb": first["ours"]["loaded_mb"],
        **{f"{kind}_mb": peak for kind, peak in peaks.items()},
        "trainable_mb": round(copy, 1),
        "copies_beyond_fine_tuning": {kind: round(copies, 2) for kind, copies in more.items()},
    }


def _set_dropout(config: Path, rate: float) -> None:
    """Set all dropout rates of a backbone."""
    options = json.loads(config.read_text(encoding="utf-8"))
    options |= {key: rate for key in options if "dropout" in key}
    config.write_text(json.dumps(options), encoding="utf-8")


def _save_bert(folder: Path, lines: list[str]) -> None:
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


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="corpus folder")
    parser.add_argument("--kind", choices=("embedded", "bert"), default="embedded")
    parser.add_argument("--train", type=int, default=2000, help="source sentences")
    parser.add_argument("--tasks", type=int, default=32, help="tasks per meta-update")
    parser.add_argument("--updates", type=int, default=2, help="meta-updates")
    parser.add_argument("--tagged", type=int, default=64, help="test sentences")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dropout", type=float, default=0.0, help="rate in meta-updates")
    parser.add_argument("--inner_optimizer", choices=("Adam", "SGD"), default="Adam")
    parser.add_argument("--other", type=Path, help="checkout of another version, measured as well")
    parser.add_argument("--memory", action="store_true", help="measure memory, not speed")
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
