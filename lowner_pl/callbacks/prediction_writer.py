"""What a prediction leaves: the tagged sentences."""

from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer

from lowner_pl.callbacks.shared import gathered
from lowner_pl.corpus import Sentence, write_conll


class PredictionWriter(Callback):
    """Writes what ``predict`` tagged to ``predictions_<name of the input>.conll``.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._tagged: list[Sentence] = []

    def on_predict_batch_end(
        self,
        trainer: Trainer,
        pl_module: Any,
        outputs: Any,
        batch: list[Sentence],
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the tagged sentences."""
        self._tagged.extend(outputs)

    def on_predict_end(self, trainer: Any, pl_module: Any) -> None:
        """Write the file."""
        tagged = gathered(self._tagged, trainer)
        if trainer.is_global_zero:
            source = trainer.datamodule.predict_path
            self.file = self.folder / f"predictions_{Path(source).stem if source else 'test'}.conll"
            write_conll(self.file, tagged)
            print(f"{len(tagged):,} tagged sentences: {self.file}")
