"""Loggers for TensorBoard: which numbers are drawn, and under which tags."""

import threading
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from lightning.fabric.loggers.logger import _DummyExperiment, rank_zero_experiment
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

from lowner_pl.runs.logs.event_files import event_files, file_writer, read_events

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

NOT_DRAWN = ("epoch", "step", "words", "sentences", "entities", "masks")
MAIN_CURVES = ("f1", "loss", "meta_loss", "mlm_loss", "accuracy", "perplexity", "log_likelihood")
_WRITER_THREAD = "_AsyncWriterThread"  # of TensorBoard
_former_hook = threading.excepthook


def tag_of(name: str, *, of_tagger: bool = True) -> str | None:
    """Choose the TensorBoard tag of a logged number, or ``None`` if it is not drawn.

    TensorBoard opens the first two groups of tags in alphabetical order, so ``dev`` and ``train``
    hold only the main curves. Counts of the corpus never change, and conlleval's scores equal the
    strict ones: both are in ``metrics.csv`` only. The loss of a language model is on another scale
    than a tagger's and gets tags of its own.

    >>> [tag_of(name) for name in ("dev/f1", "dev/f1/PER", "dev/recall", "dev/words", "epoch")]
    ['dev/f1', 'types/dev/f1/PER', 'various/dev/recall', None, None]
    """
    split, _, key = name.partition("/")
    last = key.rpartition("/")[2] or split
    if last in NOT_DRAWN or last.startswith("conlleval_"):
        return None
    if split not in ("dev", "train"):
        return name
    if key in MAIN_CURVES:
        return name if of_tagger else f"{split}/text_{key}"
    of_type = key.partition("/")[0] in ("f1", "precision", "recall") and "/" in key
    return f"{'types' if of_type else 'various'}/{name}"


class EventsLogger(TensorBoardLogger):
    """Logger that writes the curves of ``fit`` to one event file.

    The file is created with the first numbers, so a run that fails earlier leaves none. A resumed
    run copies what its file has from before the checkpoint and replaces the file.

    Args:
        folder: Folder of the file.
        resumed_step: Number of steps in the checkpoint that is resumed in place.
        of_tagger: Whether the numbers are a tagger's, not a language model's.
    """

    def __init__(
        self, folder: Path, resumed_step: int | None = None, *, of_tagger: bool = True
    ) -> None:
        # `purge_step` makes an open TensorBoard read a resumed run again from its first step.
        restart: dict[str, Any] = {} if resumed_step is None else {"purge_step": 0}
        super().__init__(
            folder.parent,
            name="",
            version=folder.name,
            default_hp_metric=False,
            flush_secs=10,
            **restart,
        )
        self.folder = folder
        self.resumed_step = resumed_step
        self.of_tagger = of_tagger

    @property
    def log_dir(self) -> str:
        """Folder of the file. Lightning would expand ``$`` and ``~`` in its path."""
        return str(self.folder)

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The writer, or a dummy before the first numbers: Lightning asks for one early."""
        return self._experiment or _DummyExperiment()

    def open(self) -> "SummaryWriter":
        """Return the writer, and create the event file if there is none yet."""
        if self._experiment is None:
            earlier = event_files(self.folder) if self.resumed_step is not None else []
            events = [event for file in earlier for event in self._kept(file)]
            writer = TensorBoardLogger.experiment.fget(self)  # type: ignore[attr-defined]
            for event in events:
                file_writer(writer).event_writer.add_event(event)
            writer.flush()
            for file in earlier:
                file.unlink(missing_ok=True)
        return cast("SummaryWriter", self._experiment)

    def _kept(self, file: Path) -> Iterator[Any]:
        """Yield the scalars of an event file from before the checkpoint."""
        for event in read_events(file):
            if event.step < (self.resumed_step or 0):
                if any(value.metadata.plugin_data.plugin_name for value in event.summary.value):
                    continue  # options and state of the run, which are written again
                if event.HasField("summary"):
                    yield event

    @rank_zero_only
    def log_metrics(self, metrics: Mapping[str, Any], step: int | None = None) -> None:
        """Log numbers under their tags."""
        tagged = {tag_of(name, of_tagger=self.of_tagger): value for name, value in metrics.items()}
        tagged.pop(None, None)
        if tagged:
            self.open()
            super().log_metrics({str(tag): value for tag, value in tagged.items()}, step)

    def log_hyperparams(self, *args: object, **kwargs: object) -> None:
        """Do nothing: `TensorBoardReport` writes the options of the run."""

    def save(self) -> None:
        """Flush the event file. Lightning would also write an empty ``hparams.yaml``."""
        if self._experiment is not None:  # on the first device only
            self._experiment.flush()


class NoLogger(Logger):
    """Logger of ``validate``, ``test`` and ``predict`` that drops everything.

    Their reports show the scores. Without any logger, Lightning warns that nothing is logged.
    """

    @property
    def name(self) -> str:
        """An empty name."""
        return ""

    @property
    def version(self) -> str:
        """An empty version."""
        return ""

    def log_metrics(self, metrics: Mapping[str, float], step: int | None = None) -> None:
        """Do nothing."""

    def log_hyperparams(self, *args: object, **kwargs: object) -> None:
        """Do nothing."""


def hush_writer() -> None:
    """Hide tracebacks of TensorBoard's writer thread; the main thread raises its errors too."""
    threading.excepthook = _report_others


def _report_others(caught: threading.ExceptHookArgs) -> None:
    """Handle an uncaught exception of a thread other than TensorBoard's writer."""
    if type(caught.thread).__name__ != _WRITER_THREAD:
        _former_hook(caught)
