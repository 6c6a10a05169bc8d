"""What a prediction leaves: the tagged sentences."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer

from lowner_pl.callbacks.results.outputs import output_file
from lowner_pl.callbacks.screen.printing import say, warn
from lowner_pl.callbacks.shared import gathered, give_back_memory, reads_all
from lowner_pl.corpus import ConllWriter, Episode, Sentence


class PredictionWriter(Callback):
    """Writes what ``predict`` tagged to ``predictions_<name of the input>.conll``.

    Another input of the same name has a file of its own; see `output_file`.
    Sentences are written as they are tagged; the file appears when all are. It is called
    ``predictions_partial_…`` where `limit_predict_batches` leaves sentences out.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._writer: ConllWriter | None = None
        self._written = 0
        self._whole = True

    def on_predict_start(self, trainer: Any, pl_module: Any) -> None:
        """Open the file."""
        self._whole = reads_all(trainer.num_predict_batches, trainer.predict_dataloaders)
        self._written = 0
        self._writer = None
        if trainer.is_global_zero:
            kind = "predictions" if self._whole else "predictions_partial"
            self.file = output_file(self.folder, kind, trainer.datamodule)
            self._writer = ConllWriter(self.file)

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: Any,
        outputs: Any,
        batch: Sequence[Sentence | Episode],
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Write the tagged sentences of a batch, of all devices."""
        tagged = gathered(outputs, trainer)
        if self._writer is not None:
            for sentence in tagged:
                self._writer.write(sentence)
            self._written += len(tagged)
        give_back_memory()

    def on_predict_end(self, trainer: Any, pl_module: Any) -> None:
        """Let the file appear."""
        if self._writer is not None:
            self._writer.close()

    def teardown(self, trainer: Any, pl_module: Any, stage: str) -> None:
        """Say where the file is, below the progress bar."""
        if self._writer is None:
            return
        self._writer = None
        sentences = "sentence" if self._written == 1 else "sentences"
        say(f"{self._written:,} tagged {sentences}: {self.file}")
        if not self._whole:
            warn(
                f"The file has {self._written:,} of {len(trainer.datamodule.to_predict()):,} "
                "sentences (`--trainer.limit_predict_batches`)."
            )

    def on_exception(self, trainer: Trainer, pl_module: Any, exception: BaseException) -> None:
        """Leave no half file."""
        if self._writer is not None:
            self._writer.discard()
