"""Masked-subword accuracy of a backbone on held-out text, per language.

python benchmarks/held_out.py --text FOLDER [--languages sw en] [--run FOLDER] --out results.jsonl
"""

import argparse
import csv
import tempfile
from pathlib import Path

from common import Record, append, one_thread, quiet_trainer

from lowner_pl.datamodules import TextDataModule
from lowner_pl.modules import MLMLightningModule


def main() -> None:
    """Score the backbone, and print the training curve of a run if one is given."""
    options = _options()
    one_thread()
    for record in _scores(options):
        append(options.out, record)
    if options.run is not None:
        for record in curve(options.run / "metrics.csv"):
            append(options.out, record)


def curve(file: Path) -> list[Record]:
    """Read the scores on the held-out lines after each epoch of a run."""
    with file.open(encoding="utf-8") as rows:
        return [
            {
                "benchmark": "held_out_curve",
                "epoch": int(row["epoch"]),
                "steps": int(row["step"]) + 1,
            }
            | {key: round(float(row[f"dev/{key}"]), 4) for key in ("accuracy", "loss")}
            for row in csv.DictReader(rows)
            if row.get("dev/accuracy")
        ]


def _scores(options: argparse.Namespace) -> list[Record]:
    """Compute accuracy, loss and baseline accuracy, for all text and per language."""
    data = TextDataModule(
        paths=str(options.text), languages=options.languages, dev_lines=options.lines
    )
    module = MLMLightningModule(backbone=options.backbone, length=128, mask_rate=options.mask_rate)
    with tempfile.TemporaryDirectory() as folder:
        trainer = quiet_trainer(folder)
        trainer.validate(module, data, verbose=False)
    scores = {key: float(value) for key, value in trainer.callback_metrics.items()}
    places = ["", *(f"{language}/" for language in sorted(data.files) if len(data.files) > 1)]
    return [
        {"benchmark": "held_out", "backbone": options.backbone, "language": place[:-1] or "all"}
        | {"masks": int(scores[f"dev/{place}masks"])}
        | {key: round(scores[f"dev/{place}{key}"], 4) for key in ("accuracy", "baseline", "loss")}
        for place in places
    ]


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--text", type=Path, required=True, help="folder, one file per language")
    parser.add_argument("--languages", nargs="+", help="languages to read (default: all)")
    parser.add_argument("--backbone", default="embedded")
    parser.add_argument("--lines", type=int, default=100, help="held-out lines per language")
    parser.add_argument("--mask-rate", type=float, default=0.25)
    parser.add_argument("--run", type=Path, help="run folder whose training curve to print")
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
