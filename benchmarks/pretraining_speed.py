"""Speed of masked-language-model training, compared with the machine's matrix products.

python benchmarks/pretraining_speed.py --text FOLDER [--languages sw en] --out results.jsonl
"""

import argparse
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from common import Record, append, one_thread, product_rate, quiet_trainer
from lightning.pytorch import Callback, Trainer, seed_everything
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

from lowner_pl.datamodules import TextDataModule
from lowner_pl.modules import MLMLightningModule
from lowner_pl.modules.mlm import MaskedBatch

DTYPES = {"32-true": torch.float32, "bf16-mixed": torch.bfloat16}


class Counted(MLMLightningModule):
    """A module that counts the subwords it is trained on, and keeps the last batch."""

    subwords = 0
    kept: MaskedBatch

    def forward(self, batch: MaskedBatch) -> Tensor:
        """Count the batch, and compute the scores."""
        self.subwords += len(batch.input_ids)
        self.kept = batch
        return super().forward(batch)


def main() -> None:
    """Time training in both precisions."""
    options = _options()
    one_thread()
    for precision in options.precisions:
        for _ in range(options.rounds):
            append(options.out, _measure(options, precision))


def operations(module: Counted) -> float:
    """Count the operations per subword of a training step, in all forward and backward products."""
    module.zero_grad()
    with FlopCounterMode(display=False) as counter:
        loss = torch.nn.functional.cross_entropy(module(module.kept), module.kept.targets)
        torch.autograd.backward(loss)
    return float(counter.get_total_flops()) / len(module.kept.input_ids)


def _measure(options: argparse.Namespace, precision: Any) -> Record:
    """Measure the speed of an epoch after a warm-up epoch."""
    seed_everything(12345, verbose=False)
    data = TextDataModule(
        paths=str(options.text),
        languages=options.languages,
        epoch_lines=options.batch_size * options.steps,
        batch_size=options.batch_size,
    )
    module = Counted(backbone=options.backbone, length=options.length, mask_rate=0.25)
    clock = _EpochClock()
    with tempfile.TemporaryDirectory() as folder:
        trainer = quiet_trainer(
            folder,
            precision=precision,
            max_epochs=2,
            gradient_clip_val=1.0,
            callbacks=[clock],
            limit_val_batches=0,
        )
        trainer.fit(module, data)
    wall, cpu, subwords = clock.spent[-1]
    speed, best, each = subwords / wall, product_rate(DTYPES[precision]), operations(module)
    return {
        "benchmark": "pretraining_speed",
        "backbone": options.backbone,
        "precision": precision,
        "steps": options.steps,
        "subwords_per_step": round(subwords / options.steps),
        "subwords_per_s_wall": round(speed),
        "subwords_per_s_cpu": round(subwords / cpu),
        "operations_per_subword": round(each),
        "gflop_s": round(speed * each / 1e9, 1),
        "peak_gflop_s": round(best / 1e9, 1),
        "share_of_peak": round(speed * each / best, 3),
    }


class _EpochClock(Callback):
    """A timer of epochs that counts their subwords."""

    def __init__(self) -> None:
        self.spent: list[tuple[float, float, int]] = []
        self._start = (0.0, 0.0, 0)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: Any) -> None:
        """Begin an epoch."""
        del trainer
        self._start = (time.perf_counter(), time.process_time(), pl_module.subwords)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: Any) -> None:
        """End the epoch."""
        del trainer
        wall, cpu, subwords = self._start
        self.spent.append(
            (
                time.perf_counter() - wall,
                time.process_time() - cpu,
                pl_module.subwords - subwords,
            )
        )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--text", type=Path, required=True, help="folder with one file per language"
    )
    parser.add_argument("--languages", nargs="+", help="languages to read; default: all")
    parser.add_argument("--backbone", default="embedded")
    parser.add_argument("--precisions", nargs="+", choices=DTYPES, default=list(DTYPES))
    parser.add_argument("--batch-size", type=int, default=40, help="lines")
    parser.add_argument("--length", type=int, default=128, help="subwords in a window")
    parser.add_argument(
        "--steps", type=int, default=100, help="timed steps, after as many warm-up steps"
    )
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--out", type=Path, help="results file, one JSON record per line")
    return parser.parse_args()


if __name__ == "__main__":
    main()
