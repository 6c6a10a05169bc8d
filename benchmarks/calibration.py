"""Are confidences of entities right, before and after the temperature that ``fit`` finds?

python benchmarks/calibration.py --data FOLDER --data FOLDER --out results.jsonl

A folder has train.conll, dev.conll and test.conll. Each tagger is trained with the embedded
backbone, and its best checkpoint tags the test set twice: with temperature 1 and the fitted one.
"""

import argparse
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from common import ROOT, SPLITS, Record, append, copy_corpus, one_thread

METHODS = ("sner", "maner")


def main() -> None:
    """Train and test every method on every corpus."""
    options = _options()
    one_thread()
    for data in options.data:
        for method in options.method or METHODS:
            with TemporaryDirectory() as name:
                append(options.out, _measure(data, method, Path(name), options))


def _measure(data: Path, method: str, folder: Path, options: argparse.Namespace) -> Record:
    """Train a tagger, and score its confidences on the test set with both temperatures."""
    from lowner_pl.commands.cli import run

    sizes = {"train": options.train, "dev": options.dev, "test": options.test}
    parts = copy_corpus(data, folder / data.name, sizes)
    words = [
        f"--config={ROOT / 'configs' / f'{method}_wikiann.yaml'}",
        f"--config={ROOT / 'configs' / 'embedded.yaml'}",
        "--data=lowner_pl.datamodules.ConllDataModule",
        *(f"--data.{split}_path={folder / data.name / split}.conll" for split in SPLITS),
        f"--seed_everything={options.seed}",
        f"--log_root={folder / 'logs'}",
        f"--model.head={options.head}",
        f"--trainer.max_epochs={options.epochs}",
        "--trainer.enable_progress_bar=false",
        "--trainer.logger=false",
    ]
    start = time.process_time()
    run(["fit", *words])
    seconds = time.process_time() - start
    cli = run(["test", *words, "--ckpt_path=best"])
    module: Any = cli.model
    record: Record = {"benchmark": "calibration", "data": data.name, "method": method}
    record |= {"head": options.head, "seed": options.seed, "epochs": options.epochs}
    record |= {split: len(sentences) for split, sentences in parts.items()}
    record["f1"] = round(float(cli.trainer.callback_metrics["test/f1"]), 4)
    record["temperature"] = module.temperature
    fitted = module.test_calibration[0]
    plain = _untempered(module, cli.datamodule.test_dataloader())
    for when, metric in (("before", plain), ("after", fitted)):
        scores = metric.compute()
        record[when] = {name: round(float(value), 4) for name, value in scores.items()}
        record[when] |= _at_90_percent(metric)
    return record | {"fit_cpu_seconds": round(seconds, 1)}


def _untempered(module: Any, loaders: Any) -> Any:
    """Score the confidences of a test set with temperature 1."""
    import torch

    from lowner_pl.corpus import queries
    from lowner_pl.metrics import EntityCalibration

    metric: Any = EntityCalibration()
    module.eval()
    with torch.inference_mode():
        for batch in loaders[0] if isinstance(loaders, list) else loaders:
            gold = [sentence.tags for sentence in queries(batch)]
            metric.update(gold, *module.tag_with_confidence(batch))
    return metric


def _at_90_percent(metric: Any) -> Record:
    """Return the precision and the recall of entities with a confidence of at least 0.9."""
    row = next(row for row in metric.thresholds() if row["min_confidence"] == 0.9)
    return {f"{key}_at_0.9": round(row[key], 4) for key in ("precision", "recall")}


def _options() -> argparse.Namespace:
    """Parse the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, action="append", required=True)
    parser.add_argument("--method", action="append", choices=METHODS, help="default: both")
    parser.add_argument("--head", default="softmax", choices=("softmax", "crf"))
    parser.add_argument("--train", type=int, default=100, help="sentences")
    parser.add_argument("--dev", type=int, default=200)
    parser.add_argument("--test", type=int, default=1000)
    parser.add_argument("--epochs", type=int, default=12)
    parser.add_argument("--seed", type=int, default=12345)
    parser.add_argument("--out", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
