"""Speed of taggers in 32 bits and in bfloat16, beside `transformers.Trainer` with and without it.

python benchmarks/tagger_precision.py --data FOLDER --out results.jsonl

On a processor without instructions for bfloat16, the 16-bit rows only show that it is slow there;
`product_rate.py` tells in seconds.
"""

import argparse
import statistics
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from common import Record, append, copy_corpus, in_child, processor, texts

from lowner_pl.commands.backbones.command import run_command
from lowner_pl.corpus import Sentence
from lowner_pl.nn.backbones.making.fresh import fresh_backbone

OURS = ("32-true", "bf16-mixed", "bf16-true")
STOCK = ("stock", "stock bf16")


class Case(NamedTuple):
    """What is trained and how.

    Attributes:
        shape: ``embedded``, or LAYERSxWIDTH of random weights.
        method: ``sner`` or ``maner``; the stock script has no other than SNER.
        side: One of `OURS` or `STOCK`.
    """

    shape: str
    method: str
    side: str


def main() -> None:
    """Measure all cases of a shape in turn."""
    options = _options()
    options.more = [f"--{option}" for option in options.more]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        sizes = {"train": options.train, "dev": options.dev, "test": options.test}
        corpus = folder / options.data.name
        parts = copy_corpus(options.data, corpus, sizes)
        for shape in options.shapes:
            source = _backbone(shape, folder / shape, parts["train"], options)
            job: Record = {
                "corpus": str(corpus),
                "backbone": str(source),
                "batch_size": options.batch_size,
                "eval_batch_size": 32,
                "epochs": options.epochs,
                "lr": 5e-4,
            }
            ours = [side for side in OURS if side in options.sides]
            cases = [Case(shape, method, side) for method in options.methods for side in ours]
            cases += [Case(shape, "sner", side) for side in STOCK if side in options.sides]
            reports: dict[Case, list[tuple[Record, Record]]] = {case: [] for case in cases}
            for round_ in range(options.rounds):
                for case in cases if round_ % 2 == 0 else reversed(cases):
                    reports[case].append(_run(case, job, folder, options.more))
            for record in _summary(reports, options, len(parts["train"]), len(parts["test"])):
                append(options.out, record)


def _backbone(
    shape: str, folder: Path, sentences: Iterable[Sentence], options: argparse.Namespace
) -> Path:
    """Make a backbone of a shape, or write the embedded one as files that `transformers` reads."""
    if shape == "embedded":
        run_command(["export-backbone", "--backbone", "embedded", "--folder", str(folder)])
        return folder
    layers, hidden = map(int, shape.split("x"))
    return fresh_backbone(
        folder,
        texts(sentences),
        vocabulary=options.vocabulary,
        layers=layers,
        hidden=hidden,
        heads=hidden // 64,
    )


def _run(case: Case, job: Record, folder: Path, options: Sequence[str]) -> tuple[Record, Record]:
    """Train and test a case, and return both reports."""
    more: Record = {"log_root": str(folder / "logs" / "-".join(case)), "model": case.method}
    if case.side in OURS:
        more["more"] = [f"--trainer.precision={case.side}", *options]
    else:
        more["bf16"] = case.side == "stock bf16"
    script = "ours.py" if case.side in OURS else "stock.py"
    fitted, tested = (
        in_child(script, job | more | {"command": command}) for command in ("fit", "test")
    )
    return fitted, tested


def _summary(
    reports: dict[Case, list[tuple[Record, Record]]],
    options: argparse.Namespace,
    trained: int,
    tested: int,
) -> Iterable[Record]:
    """Yield the medians of each case, and its ratios to 32 bits, as medians over the rounds."""
    for case, rounds in reports.items():
        base = reports[Case(case.shape, case.method, "32-true" if case.side in OURS else "stock")]
        record: Record = {"benchmark": "tagger_precision", "processor": processor()}
        record |= {"data": options.data.name, "batch_size": options.batch_size, **case._asdict()}
        for part, key, name, done in (
            (0, "batches_cpu", "training", trained * options.epochs),
            (1, "whole_cpu", "tagging", tested),
        ):
            seconds = [one[part][key] for one in rounds]
            before = [one[part][key] for one in base]
            record[f"{name}_sentences_per_s"] = round(done / statistics.median(seconds), 1)
            ratios = [old / new for old, new in zip(before, seconds, strict=True)]
            record[f"{name}_ratio"] = round(statistics.median(ratios), 2)
        record["f1"] = round(rounds[0][1]["f1"], 4)
        record["peak_mb"] = statistics.median(one[0]["peak_mb"] for one in rounds)
        yield record


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of {train,dev,test}.conll")
    parser.add_argument("--shapes", nargs="+", default=["embedded", "12x768"])
    parser.add_argument("--methods", nargs="+", default=["sner", "maner"])
    parser.add_argument(
        "--sides",
        nargs="+",
        choices=OURS + STOCK,
        default=OURS + STOCK,
        help="ours with a precision, and the stock script; 32-true and stock are needed for ratios",
    )
    parser.add_argument("--more", nargs="+", default=[], help="more options of ours, KEY=VALUE")
    parser.add_argument("--train", type=int, default=96, help="training sentences")
    parser.add_argument("--dev", type=int, default=16, help="dev sentences")
    parser.add_argument("--test", type=int, default=192, help="test sentences")
    parser.add_argument("--vocabulary", type=int, default=8000, help="subwords of random backbones")
    parser.add_argument("--batch-size", type=int, default=16, help="of training")
    parser.add_argument("--epochs", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
