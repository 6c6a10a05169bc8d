"""TensorBoard's report of a tagger: a row in HPARAMS, and its best epoch as picture and text."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from lightning.pytorch import LightningModule, Trainer
from torch import Tensor

from lowner_pl.callbacks.best_checkpoint import KeepsBest, beats
from lowner_pl.callbacks.protocols import Corpus, Method, corpus_of
from lowner_pl.callbacks.scores import logged_scores
from lowner_pl.callbacks.tensorboard.confusion_picture import confusion_picture, most_confused
from lowner_pl.callbacks.tensorboard.sentence_table import sentence_table
from lowner_pl.corpus import Episode, Sentence, queries
from lowner_pl.runs.logs.event_files import add_summaries, event_files, new_event_file
from lowner_pl.runs.logs.hparams import (
    Value,
    add_test_f1,
    read_rows,
    session_end,
    session_start,
    update_comparison,
)
from lowner_pl.runs.logs.loggers import EventsLogger

SHOWN = 8  # tagged dev sentences


class TensorBoardReport(KeepsBest):
    """Shows a run in TensorBoard beside all others.

    ``fit`` writes the options of the run (HPARAMS) and, for its best epoch, the confusion of entity
    types as a picture and a few tagged dev sentences. ``test`` adds the test F1, and the dev F1 of
    the tested checkpoint, to the row of the run. A checkpoint from another run gets its own row.

    Args:
        root: Folder of all runs.
        name: Name of the run, ``<corpus>/<method>/seed_<seed>``.
        test_events: Folder for the event file of a test.
        row: Name of a test's row.
    """

    def __init__(self, root: Path, name: str, test_events: Path, row: str) -> None:
        super().__init__(root / name)
        self.root = root
        self.name = name
        self.test_events = test_events
        self.row = row
        self._tagged: list[tuple[Sentence, Sequence[str]]] = []

    def on_validation_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget the sentences of the last epoch."""
        self._tagged = []

    def on_validation_batch_end(
        self,
        trainer: Trainer,
        pl_module: LightningModule,
        outputs: Any,
        batch: Sequence[Sentence | Episode],
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        """Keep the first tagged sentences."""
        if len(self._tagged) < SHOWN:
            tagged = zip(queries(batch), outputs["tags"], strict=True)
            self._tagged = [*self._tagged, *tagged][:SHOWN]

    def on_validation_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Keep the data of the epoch if it is the best one so far."""
        if trainer.sanity_checking or trainer.state.fn != "fit":
            return
        if (score := beats(trainer, self.best)) is not None:
            confusion = pl_module.dev_scores.confusion.tolist()
            self.best = {
                "monitored": score,
                "f1": logged_scores(trainer, "dev/")["f1"],
                "epoch": trainer.current_epoch,
                "step": max(trainer.global_step - 1, 0),  # the step at which scores are logged
                "confusion": most_confused(confusion, pl_module.dev_scores.entity_types),
                "sentences": sentence_table(self._tagged),
            }

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Flush the curves to disk, so that a resumed run finds them."""
        for logger in _event_loggers(trainer):
            logger.save()

    def on_fit_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Write the row of the finished run, and draw its best epoch."""
        loggers = [logger for logger in _event_loggers(trainer) if event_files(logger.folder)]
        for logger in loggers:
            writer = logger.open()
            data = corpus_of(trainer)
            options = _options(self.name, trainer, pl_module, data)
            options["train_size"] = len(data.sentences("train"))
            if self.best:
                options["tuning_f1"] = self.best["f1"]
                step = self.best["step"]
                title = f"{self.name}, epoch {self.best['epoch']}, dev F1 {self.best['f1']:.3f}"
                counts, rows, columns = self.best["confusion"]
                figure = confusion_picture(counts, rows, columns, title)
                writer.add_figure("views/dev/confusion", figure, step)
                writer.add_text("dev/sentences", self.best["sentences"], step)
            add_summaries(writer, [session_start(options, self.name), session_end()])
            writer.flush()
        if loggers:
            update_comparison(self.root)

    def on_test_end(self, trainer: Trainer, pl_module: Any) -> None:
        """Add the test F1 to the row of the run, or write a row for the test."""
        if not trainer.is_global_zero or not trainer.loggers:
            return
        with new_event_file(self.test_events, "test") as writer:
            if not read_rows(event_files(self.test_events)):
                options = _options(self.name, trainer, pl_module, corpus_of(trainer))
                tested, row = _of_test(self.name, self.row, pl_module)
                add_summaries(writer, [session_start(options | tested, row), session_end()])
            add_test_f1(writer, trainer.callback_metrics["test/f1"].item())
        update_comparison(self.root)


def _event_loggers(trainer: Trainer) -> list[EventsLogger]:
    """Return the logger of the event file; on other devices than the first, there is none."""
    if not trainer.is_global_zero:
        return []
    return [logger for logger in trainer.loggers if isinstance(logger, EventsLogger)]


def _options(name: str, trainer: Trainer, module: Method, data: Corpus) -> dict[str, Value]:
    """Collect the options of a run: its name and the options of method, data and Trainer."""
    corpus, method, seed = name.rsplit("/", 2)
    return {
        **_flat(module.hparams),
        "corpus": corpus,
        "language": _languages(data),
        "method": method,
        "seed": seed.removeprefix("seed_"),
        "batch_size": data.batch_size,
        "max_epochs": trainer.max_epochs or -1,
    }


def _languages(data: Corpus) -> str:
    """Name the languages of the test sets."""
    names = data.test_names
    if len(names) == 1 and data.language:
        return data.language
    return "unknown" if names == ["test"] else "+".join(names)


def _of_test(name: str, row: str, module: Method) -> tuple[dict[str, Value], str]:
    """Return the options of the run a tested checkpoint comes from, and the name of the row."""
    origin = module.origin or {}
    options: dict[str, Value] = {}
    if (f1 := origin.get("dev_score")) is not None:
        options["tuning_f1"] = f1
    if (trained := origin.get("corpus")) is None:
        return options, row
    variant, tested = origin.get("variant"), name.rsplit("/", 2)[0]
    options["method"] = f"{origin['method']}-{variant}" if variant else origin["method"]
    options["seed"] = str(origin["seed"])
    options["train_size"] = origin["train_sentences"]
    if trained != tested:
        options["corpus"] = f"{trained} → {tested}"
        row = f"{trained} → {row}"
    return options, row


def _flat(options: Mapping[str, Any], prefix: str = "") -> dict[str, Value]:
    """Flatten nested options to one level of plain values."""
    flat: dict[str, Value] = {}
    for key, value in options.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat |= _flat(value, f"{name}/")
        elif not key.startswith("_"):
            value = value.item() if isinstance(value, Tensor) else value
            flat[name] = value if isinstance(value, (bool, int, float, str)) else str(value)
    return flat
