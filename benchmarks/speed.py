"""Measure speed and memory of SNER against a typical ``transformers.Trainer`` script.

python benchmarks/speed.py --data FOLDER --out results.jsonl
"""

import argparse
import statistics
import tempfile
from pathlib import Path

from common import Record, add_backbone_options, append, backbone, copy_corpus, in_child

SIDES = {"ours": "ours.py", "stock": "stock.py"}


def main() -> None:
    """Measure both sides alternately and compare medians."""
    options = _options()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = {"train": options.train, "dev": options.dev, "test": options.test}
        parts = copy_corpus(options.data, folder / options.data.name, sizes)
        source = backbone(folder / "backbone", parts["train"], options)
        job: Record = {
            "corpus": str(folder / options.data.name),
            "backbone": str(source),
            "log_root": str(folder / "logs"),
            "batch_size": 16,
            "eval_batch_size": 32,
            "epochs": options.epochs,
            "lr": 5e-4,
            "model": "sner",
        }
        commands = {"ours": ("fit", "test", "predict"), "stock": ("fit", "test")}
        reports: dict[tuple[str, str], list[Record]] = {}
        for round_ in range(options.rounds):
            for command in ("fit", "test", "predict"):
                # Alternate, so that both sides see the same noise.
                for side in ("ours", "stock") if round_ % 2 == 0 else ("stock", "ours"):
                    if command in commands[side]:
                        report = in_child(SIDES[side], job | {"command": command})
                        reports.setdefault((side, command), []).append(report)
                        append(None, {"side": side, "command": command, "round": round_} | report)
        counts = {split: len(part) for split, part in parts.items()}
        append(options.out, _summary(options, counts, reports))


def _summary(
    options: argparse.Namespace,
    counts: dict[str, int],
    reports: dict[tuple[str, str], list[Record]],
) -> Record:
    """Compute medians, and ratios of ours to stock as medians over the rounds."""
    shape = f"{options.kind} {options.layers}x{options.hidden}"
    summary: Record = {"benchmark": "speed", "data": options.data.name, "backbone": shape}
    summary |= {"epochs": options.epochs, "rounds": options.rounds, "sentences": counts}
    trained, tested = counts["train"] * options.epochs, counts["test"]
    for (side, command), parts in reports.items():
        key = "batches" if command == "fit" else "whole"
        done = trained if command == "fit" else tested
        for kind in ("cpu", "wall"):
            rate = statistics.median(done / part[f"{key}_{kind}"] for part in parts)
            summary[f"{side}_{command}_per_s_{kind}"] = round(rate, 1)
        summary[f"{side}_{command}_peak_mb"] = statistics.median(p["peak_mb"] for p in parts)
    summary["f1"] = {side: round(reports[side, "test"][0]["f1"], 4) for side in SIDES}
    stock_fit, stock_test = reports["stock", "fit"], reports["stock", "test"]
    for kind in ("cpu", "wall"):
        tokenise = f"tokenising_{kind}"
        summary |= {
            f"train_ratio_{kind}": _ratio(reports["ours", "fit"], stock_fit, f"batches_{kind}"),
            f"train_ratio_with_tokenising_{kind}": _ratio(
                reports["ours", "fit"], stock_fit, f"batches_{kind}", tokenise
            ),
            f"fit_ratio_{kind}": _ratio(reports["ours", "fit"], stock_fit, f"whole_{kind}"),
            f"test_ratio_{kind}": _ratio(reports["ours", "test"], stock_test, f"whole_{kind}"),
            f"test_ratio_with_tokenising_{kind}": _ratio(
                reports["ours", "test"], stock_test, f"whole_{kind}", tokenise
            ),
            f"predict_ratio_{kind}": _ratio(
                reports["ours", "predict"], stock_test, f"whole_{kind}"
            ),
        }
    return summary


def _ratio(ours: list[Record], stock: list[Record], key: str, extra: str | None = None) -> float:
    """Compute how many times as fast ours is, as the median over the rounds."""
    pairs = zip(ours, stock, strict=True)
    ratios: list[float] = [
        (other[key] + (other[extra] if extra else 0)) / mine[key] for mine, other in pairs
    ]
    return round(statistics.median(ratios), 3)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of {train,dev,test}.conll")
    parser.add_argument("--train", type=int, default=1000, help="training sentences")
    parser.add_argument("--dev", type=int, default=100, help="dev sentences")
    parser.add_argument("--test", type=int, default=2000, help="test sentences")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    add_backbone_options(parser, layers=4, hidden=256, heads=4)
    return parser.parse_args()


if __name__ == "__main__":
    main()
