"""Child process of `large_backbones.py`: trains a large tagger, or adapts one to sentences."""

import statistics
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import torch
from common import Record, Stopwatch, answer, memory_megabytes, quiet_trainer
from lightning.pytorch import Callback, LightningModule, Trainer
from torch.utils.data import DataLoader

from lowner_pl.corpus import Episode, Sentence, read_conll
from lowner_pl.encoding import WordEncoder
from lowner_pl.modules import MetaLightningModule, SNERLightningModule
from lowner_pl.runs.checkpoints import AtomicCheckpointIO

SENTENCES, SUBWORDS = 16, 60


def work(job: Record) -> Record:
    """Do the job, and report."""
    torch.manual_seed(0)
    jobs = {"training": train, "adaptation": adapt}
    return jobs[job["work"]](job, read_conll(job["corpus"]))


def train(job: Record, real: list[Sentence]) -> Record:
    """Take some steps; report peak memory, time and, if weights are frozen, sizes of checkpoints.

    The peak since the start includes reading the backbone; that of training does not.
    """
    module = SNERLightningModule(
        entity_types=("PER", "LOC", "ORG"),
        backbone=job["backbone"],
        optimizer=lambda parameters: torch.optim.AdamW(parameters, lr=1e-4, fused=True),
        **job["options"],
    )
    reading = _peak_so_far()
    clock, sizes = StepClock(), CheckpointSizes(Path(job["folder"]))
    trainer = quiet_trainer(
        job["folder"],
        max_steps=job["steps"],
        precision=job["precision"],
        plugins=[AtomicCheckpointIO()],
        callbacks=[clock, *([sizes] if "lora_rank" in job["options"] else [])],
    )
    sentences = _full_sentences(module.word_encoder, real)
    loader: Any = DataLoader(
        sentences * job["steps"],
        batch_size=SENTENCES,
        collate_fn=list,
    )
    trainer.fit(module, loader)
    training = memory_megabytes("VmHWM")
    return {
        "options": job["options"],
        "precision": job["precision"],
        "weights": sum(weight.numel() for weight in module.parameters()),
        "trained": sum(weight.numel() for weight in module.trained_weights()),
        "reading_mb": reading,
        "training_mb": training,
        "whole_mb": max(reading, training),
        "step_cpu": round(statistics.median(clock.steps), 2),
        **sizes.found,
    }


def adapt(job: Record, real: list[Sentence]) -> Record:
    """Adapt to sentences and tag them; report time, and memory beyond the loaded model."""
    count = job["tagged"] + 1  # the first one warms up
    episodes = [Episode((real[3 * i], real[3 * i + 1]), real[3 * i + 2], i) for i in range(count)]
    module = MetaLightningModule(
        entity_types=("PER", "LOC", "ORG"), backbone=job["backbone"], **job["options"]
    ).eval()
    loaded = memory_megabytes("VmRSS")
    _peak_so_far()
    adapting, whole = Stopwatch(), Stopwatch()
    with torch.inference_mode():
        for number, episode in enumerate(episodes):
            if number == 1:
                adapting, whole = Stopwatch(), Stopwatch()
            whole.start()
            adapting.start()
            for _, adapted in module.adaptations([episode]):
                with adapted:
                    adapting.stop()
                    module.tag([episode.query])
            whole.stop()
    return {
        "trained": sum(weight.numel() for weight in module.trained_weights()),
        "loaded_mb": loaded,
        "beyond_model_mb": round(memory_megabytes("VmHWM") - loaded, 1),
        **adapting.report("adapting"),
        **whole.report("whole"),
    }


class CheckpointSizes(Callback):
    """Writes checkpoints at the end of training, while frozen weights have their precision.

    Args:
        folder: Where to write them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.found = {"best_mb": float("nan"), "last_mb": float("nan")}

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:  # noqa: ARG002
        """Write one checkpoint to test and one to resume from, and note their sizes."""
        for which in ("best", "last"):
            file = self.folder / f"{which}.ckpt"
            trainer.save_checkpoint(file, weights_only=which == "best")
            self.found[f"{which}_mb"] = round(file.stat().st_size / 2**20, 2)


class StepClock(Callback):
    """The processor time of each training step."""

    def __init__(self) -> None:
        self.steps: list[float] = []
        self._begin = 0.0

    def on_train_batch_start(self, *_: Any) -> None:
        """Begin a step."""
        self._begin = time.process_time()

    def on_train_batch_end(self, *_: Any) -> None:
        """End a step."""
        self.steps.append(time.process_time() - self._begin)


def _full_sentences(encoder: WordEncoder, real: list[Sentence]) -> list[Sentence]:
    """Make a batch of sentences of exactly `SUBWORDS` subwords from words of one subword."""
    words = [word for sentence in real for word in sentence.words]
    short = [word for word in dict.fromkeys(words) if len(encoder.subwords(word)) == 1]
    stream, length = cycle(short), SUBWORDS - 2  # two special tokens
    tags = ("B-PER", "I-PER", *("O",) * (length - 2))
    return [Sentence(tuple(islice(stream, length)), tags) for _ in range(SENTENCES)]


def _peak_so_far() -> float:
    """Return the peak memory, and begin to measure it anew."""
    peak = memory_megabytes("VmHWM")
    Path("/proc/self/clear_refs").write_text("5")
    return peak


if __name__ == "__main__":
    answer(work)
