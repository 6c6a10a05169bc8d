"""Child process: trains a masked language model in turn with others.

The benchmark `pretraining_speed.py` starts it.

It reads a job, then trains a segment of steps for each line that it is sent, and answers with a
report each time.
"""

import json
import sys
import tempfile
import time
from typing import Any

import torch
from common import Record, one_thread, peak_megabytes, product_rate, quiet_trainer
from lightning.pytorch import Callback, Trainer, seed_everything
from step_profile import LOSS, groups
from torch import Tensor
from torch.profiler import ProfilerActivity, profile, record_function
from torch.utils.flop_counter import FlopCounterMode

from lowner_pl.datamodules import TextDataModule
from lowner_pl.modules import MLMLightningModule
from lowner_pl.modules.mlm import MaskedBatch

PROFILED_STEPS = 2


class Counted(MLMLightningModule):
    """A module that counts the subwords it is trained on, and keeps the last batch."""

    subwords = 0
    kept: MaskedBatch

    def loss(self, batch: MaskedBatch) -> Tensor:
        """Count the batch, and compute the loss."""
        self.subwords += len(batch.input_ids)
        self.kept = batch
        return super().loss(batch)

    def on_fit_start(self) -> None:
        """Name the sampled loss in profiles; the full one is known by its operations."""
        super().on_fit_start()
        if self.sampled is not None:
            forward = self.sampled.forward

            def named(*tensors: Tensor) -> Tensor:
                with record_function(LOSS):
                    return forward(*tensors)

            self.sampled.forward = named  # type: ignore[method-assign, assignment]


class Turns(Callback):
    """Trains segments of steps, waits for its turn before each, and profiles the last one."""

    def __init__(self, steps: int, segments: int) -> None:
        self.steps, self.segments = steps, segments
        self.profile = profile(activities=[ProfilerActivity.CPU])
        self._begun = (0.0, 0.0, 0)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: Any, batch: Any, batch_idx: int
    ) -> None:
        """Begin a segment."""
        del batch, batch_idx
        if trainer.global_step % self.steps == 0:
            wait()
            if trainer.global_step // self.steps == self.segments - 1:
                self.profile.start()
            self._begun = (time.perf_counter(), time.process_time(), pl_module.subwords)

    def on_train_batch_end(self, trainer: Trainer, pl_module: Any, *_: Any) -> None:
        """End a segment."""
        segment, step = divmod(trainer.global_step - 1, self.steps)
        if segment == self.segments - 1:
            if step == PROFILED_STEPS - 1:
                self.profile.stop()
                trainer.should_stop = True
                spent = groups(self.profile.events() or [])
                each = {name: round(us / 1e3 / PROFILED_STEPS) for name, us in spent.items()}
                report({"ms_per_step": each})
        elif step == self.steps - 1:
            wall, cpu, subwords = self._begun
            report(
                {
                    "wall": time.perf_counter() - wall,
                    "cpu": time.process_time() - cpu,
                    "subwords": pl_module.subwords - subwords,
                }
            )


def main() -> None:
    """Train, profile and score."""
    job: Record = json.loads(sys.stdin.readline())
    one_thread()
    seed_everything(12345, verbose=False)
    segments = job["rounds"] + 2  # the first warms up, the last is profiled
    data = TextDataModule(
        paths=job["text"],
        languages=job["languages"],
        dev_lines=job["dev_lines"],
        epoch_lines=job["batch_size"] * job["steps"] * segments,
        batch_size=job["batch_size"],
        eval_batch_size=12,
    )
    module = Counted(
        backbone=job["backbone"],
        length=job["length"],
        mask_rate=0.25,
        optimizer=lambda weights: torch.optim.AdamW(weights, lr=job["lr"], fused=True),
        schedule="constant",
        warmup=0.0,
        **job["options"],
    )
    with tempfile.TemporaryDirectory() as folder:
        trainer = quiet_trainer(
            folder,
            precision=job["precision"],
            max_steps=job["steps"] * segments,
            gradient_clip_val=1.0,
            callbacks=[Turns(job["steps"], segments)],
            limit_val_batches=0,
        )
        trainer.fit(module, data)
        wait()
        trainer = quiet_trainer(folder)
        trainer.validate(module, data, verbose=False)
    each = operations(module.train())
    dtype = torch.bfloat16 if job["precision"].startswith("bf16") else torch.float32
    report(
        {
            "loss": trainer.callback_metrics["dev/loss"].item(),
            "operations_per_subword": each,
            "product_rate": product_rate(dtype),
            "peak_mb": peak_megabytes(),
        }
    )


def operations(module: Counted) -> float:
    """Count the operations per subword of a training step, in all forward and backward products."""
    module.zero_grad()
    with FlopCounterMode(display=False) as counter:
        torch.autograd.backward(module.loss(module.kept))
    return float(counter.get_total_flops()) / len(module.kept.input_ids)


def wait() -> None:
    """Wait for the turn."""
    if not sys.stdin.readline():
        sys.exit("The parent process has ended.")


def report(record: Record) -> None:
    """Answer the parent process."""
    print(json.dumps(record), flush=True)


if __name__ == "__main__":
    main()
