"""Backbone shapes compared: masked-language-model training of each for the same CPU time.

python benchmarks/shapes.py --text FOLDER --shapes multilingual:4x256 multilingual:4x384 --minutes 4
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

from common import Record, append, one_thread, quiet_trainer
from lightning.pytorch import Callback, Trainer, seed_everything

from lowner_pl.__main__ import run_command
from lowner_pl.datamodules import TextDataModule
from lowner_pl.modules import MLMLightningModule


def main() -> None:
    """Train and score every shape."""
    options = _options()
    one_thread()
    for shape in options.shapes:
        for rate in options.rates:
            with tempfile.TemporaryDirectory() as folder:
                append(options.out, _measure(shape, rate, Path(folder), options))


class Budget(Callback):
    """A CPU time budget: the learning rate falls to 0 over it, and training stops at its end.

    Args:
        rate: Highest learning rate, reached after a fiftieth of the time.
        seconds: CPU time of the training steps, without scoring.
    """

    def __init__(self, rate: float, seconds: float) -> None:
        self.rate, self.seconds = rate, seconds
        self.spent = self._begin = 0.0
        self.steps = 0

    def on_train_batch_start(self, trainer: Trainer, *_: Any) -> None:
        """Set the learning rate."""
        self._begin = time.process_time()
        done = self.spent / self.seconds
        for group in trainer.optimizers[0].param_groups:
            group["lr"] = self.rate * min((done + 0.001) * 50, max(0.0, 1 - done))

    def on_train_batch_end(self, trainer: Trainer, *_: Any) -> None:
        """Add up the time."""
        self.spent += time.process_time() - self._begin
        self.steps += 1
        trainer.should_stop = self.spent >= self.seconds


def _measure(shape: str, rate: float, folder: Path, options: argparse.Namespace) -> Record:
    """Train a shape until its time is over, and score it."""
    kind, size = shape.split(":")
    layers, hidden = size.split("x")
    where = ["--text", str(options.text), "--folder", str(folder / "start"), "--kind", kind]
    where += ["--layers", layers, "--hidden", hidden, "--heads", str(int(hidden) // 64)]
    languages = ["--languages", *options.languages] if options.languages else []
    run_command(["new-backbone", *where, *languages, "--lines", "20000", "--skip-gram", "3"])
    seed_everything(12345, verbose=False)
    data = TextDataModule(
        paths=str(options.text), languages=options.languages, dev_lines=100, batch_size=40
    )
    module = MLMLightningModule(
        backbone=str(folder / "start"), length=128, mask_rate=0.25, schedule="constant", warmup=0.0
    )
    budget = Budget(rate, 60 * options.minutes)
    trainer = quiet_trainer(
        folder,
        precision="bf16-mixed",
        max_epochs=-1,
        gradient_clip_val=1.0,
        callbacks=[budget],
        limit_val_batches=0,
    )
    trainer.fit(module, data)
    trainer.limit_val_batches = 1.0
    trainer.validate(module, data, verbose=False)
    scores = {key: float(value) for key, value in trainer.callback_metrics.items()}
    record: Record = {"benchmark": "shapes", "shape": shape, "lr": rate}
    record["parameters"] = sum(p.numel() for p in module.parameters())
    record |= {"minutes": options.minutes, "steps": budget.steps}
    return record | {key: round(scores[f"dev/{key}"], 4) for key in ("accuracy", "loss")}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--text", type=Path, required=True, help="folder with one file per language"
    )
    parser.add_argument("--languages", nargs="+", help="languages to read; default: all")
    parser.add_argument("--shapes", nargs="+", required=True, help="kind:LAYERSxWIDTH")
    parser.add_argument("--rates", type=float, nargs="+", default=[1.5e-3], help="learning rates")
    parser.add_argument("--minutes", type=float, default=4.0, help="CPU time of each")
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
