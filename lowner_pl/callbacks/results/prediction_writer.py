"""The file of tagged sentences that ``predict`` writes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer

from lowner_pl.callbacks.batches import gathered, reads_all
from lowner_pl.callbacks.protocols import corpus_of
from lowner_pl.callbacks.results.outputs import output_file
from lowner_pl.callbacks.screen.printing import say, warn
from lowner_pl.corpus import ConllWriter, Episode, Sentence
from lowner_pl.runs.memory import give_back_memory


class PredictionWriter(Callback):
    """Writes tagged sentences to ``predictions_<name of the input>.conll``.

    Sentences are written as soon as they are tagged, and the file appears once it is complete. It
    is called ``predictions_partial_…`` if `limit_predict_batches` leaves sentences out. Two inputs
    of the same name get two files; see `output_file`.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer: ConllWriter | None = None
        self._written = 0
        self._whole = True

    def on_predict_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Open the file."""
        self._whole = reads_all(trainer.num_predict_batches, trainer.predict_dataloaders)
        self._written = 0
        self._writer = None
        if trainer.is_global_zero:
            kind = "predictions" if self._whole else "predictions_partial"
            self.file = output_file(self.folder, kind, corpus_of(trainer))
            self._writer = ConllWriter(self.file)

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Sequence[Sentence | Episode],
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Write the tagged sentences of a batch from all devices."""
        tagged: list[Sentence] = gathered(outputs, trainer)
        if self._writer is not None:
            for sentence in tagged:
                self._writer.write(sentence)
            self._written += len(tagged)
        give_back_memory()

    def on_predict_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Complete the file."""
        if self._writer is not None:
            self._writer.close()

    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Print the path of the file, below the progress bar."""
        if self._writer is None:
            return
        self._writer = None
        sentences = "sentence" if self._written == 1 else "sentences"
        say(f"Tagged {self._written:,} {sentences}: {self.file}")
        if not self._whole:
            warn(
                f"The file has only {self._written:,} of {len(corpus_of(trainer).to_predict()):,} "
                "sentences (`--trainer.limit_predict_batches`)."
            )

    def on_exception(
        self, trainer: Trainer, pl_module: LightningModule, exception: BaseException
    ) -> None:
        """Remove the incomplete file."""
        if self._writer is not None:
            self._writer.discard()
