"""The best epoch of a training run, on the screen and in TensorBoard."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import Callback, Trainer
from lightning.pytorch.loggers import TensorBoardLogger
from torch import Tensor

from lowner_pl.callbacks.shared import logged_scores, print_table
from lowner_pl.corpus import Episode, Sentence, queries

SHOWN = 8  # tagged dev sentences in TensorBoard


class FitReport(Callback):
    """Shows the best dev scores at the end of ``fit``, on the screen and in TensorBoard.

    TensorBoard gets the options of the run (HPARAMS), the confusion of entity types as a picture,
    and a few dev sentences with gold and predicted tags, all of the best epoch.

    Args:
        folder: The run folder.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.best: dict[str, Any] = {}
        self._shown: list[str] = []
        self._rows: dict[str, dict[str, float]] = {}

    def state_dict(self) -> dict[str, Any]:
        """Return the best scores, for a resumed run."""
        return {"best": self.best}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the best scores of the run that is resumed."""
        self.best = state_dict["best"]

    def on_fit_start(self, trainer: Trainer, pl_module: Any) -> None:
        """Write the options of the run for TensorBoard's HPARAMS tab."""
        from torch.utils.tensorboard.summary import hparams

        for logger in _tensorboards(trainer):
            options = {**_flat(dict(pl_module.hparams)), **_data_options(trainer, self.folder)}
            options["method"] = pl_module.method
            # The names of the metrics; their values are the scalars of these names.
            for summary in hparams(options, {"dev/f1": 0, "test/f1": 0}):
                logger.experiment._get_file_writer().add_summary(summary)

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: Any) -> None:
        """Forget the sentences of the last epoch."""
        self._shown = []

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: Any,
        outputs: Any,
        batch: Sequence[Sentence | Episode],
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the first tagged sentences."""
        for sentence, tags in zip(queries(batch), outputs["tags"], strict=True):
            if len(self._shown) < SHOWN:
                self._shown.append(_as_text(sentence, tags))

    def on_validation_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Keep the scores if they are the best so far; after ``validate``, show them."""
        scores = logged_scores(trainer, "dev/")
        if not self.best or scores["f1"] > self.best["scores"]["f1"]:
            confusion: Any = pl_module.dev_scores.confusion
            self.best = {
                "epoch": trainer.current_epoch,
                "step": trainer.global_step,
                "scores": scores,
                "confusion": confusion.tolist(),
                "shown": list(self._shown),
            }
        if trainer.state.fn == "validate":
            self._rows = {"dev": scores}

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: Any, checkpoint: dict[str, Any]
    ) -> None:
        """Write what was logged so far to disk: a resumed run goes on behind it."""
        for logger in _tensorboards(trainer):
            logger.experiment.flush()

    def on_fit_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Draw the best epoch."""
        if not self.best or not trainer.is_global_zero:
            return
        for logger in _tensorboards(trainer):
            step = self.best["step"]
            figure = _figure(self.best["confusion"], pl_module.dev_scores.entity_types)
            logger.experiment.add_figure("dev/confusion", figure, step)
            logger.experiment.add_text("dev/sentences", "\n\n".join(self.best["shown"]), step)
            logger.experiment.flush()
        self._rows = {f"dev, best epoch {self.best['epoch']}": self.best["scores"]}

    def teardown(self, trainer: Trainer, pl_module: Any, stage: str) -> None:
        """Show the scores, below the progress bar."""
        print_table(self._rows, self.folder, trainer)
        if self._rows and self.best["scores"]["f1"] == 0.0 and trainer.is_global_zero:
            print("Dev F1 was 0 in every epoch: train longer, or with a larger learning rate.")


def _tensorboards(trainer: Trainer) -> list[Any]:
    """Return the TensorBoard loggers, on the first device only."""
    if not trainer.is_global_zero:
        return []
    return [logger for logger in trainer.loggers if isinstance(logger, TensorBoardLogger)]


def _figure(confusion: list[list[int]], types: Sequence[str]) -> Any:
    """Draw the confusion of entity types."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(1.6 + 0.6 * len(types), 1.4 + 0.55 * len(types)), layout="tight")
    axes = figure.subplots()
    axes.imshow(confusion, cmap="Blues")
    axes.set_xticks(range(len(types) + 1), [*types, "none"], rotation=45)
    axes.set_yticks(range(len(types) + 1), [*types, "none"])
    axes.set_xlabel("predicted")
    axes.set_ylabel("gold")
    high = max(map(max, confusion))
    for row, counts in enumerate(confusion):
        for column, count in enumerate(counts):
            colour = "white" if count > high / 2 else "black"
            axes.text(column, row, str(count), ha="center", va="center", color=colour)
    return figure


def _as_text(sentence: Sentence, tags: Sequence[str]) -> str:
    """Return a sentence as two Markdown lines, entities in brackets: gold, then predicted."""
    return f"gold: {_bracketed(sentence)}  \npredicted: {_bracketed(sentence.with_tags(tags))}"


def _bracketed(sentence: Sentence) -> str:
    """Return the words with ``[TYPE …]`` around entities."""
    words = list(sentence.words)
    for entity in sentence.entities:
        words[entity.start] = f"**[{entity.type}** {words[entity.start]}"
        words[entity.end - 1] += "**]**"
    return " ".join(words)


def _flat(options: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return nested options as one level of plain values."""
    flat: dict[str, Any] = {}
    for key, value in options.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            flat |= _flat(value, f"{name}/")
        elif not key.startswith("_"):
            plain = isinstance(value, (bool, int, float, str, Tensor))
            flat[name] = value if plain else str(value)
    return flat


def _data_options(trainer: Any, folder: Path) -> dict[str, Any]:
    """Return what names the data and the run."""
    data: Any = trainer.datamodule
    return {
        "corpus": data.name,
        "seed": folder.name.removeprefix("seed_"),
        "batch_size": data.batch_size,
        "train_sentences": len(data.sentences("train")),
        "max_epochs": trainer.max_epochs or -1,
    }
