"""TensorBoard's event files: one per run and command, with tags that open on what matters."""

import os
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from lightning.fabric.loggers.logger import _DummyExperiment, rank_zero_experiment
from lightning.pytorch.loggers import TensorBoardLogger
from lightning.pytorch.loggers.logger import Logger
from lightning.pytorch.utilities import rank_zero_only

EVENTS = "tfevents"  # TensorBoard reads every file with this in its name
HIDDEN = "superseded"  # instead of it, in the files of a run that is not to be counted
NEVER_NEW = ("epoch", "step", "words", "sentences", "entities", "masks")
FIRST = ("f1", "loss", "meta_loss", "mlm_loss", "accuracy", "perplexity", "log_likelihood")


def tag_of(name: str, *, of_tagger: bool = True) -> str | None:
    """Choose the TensorBoard tag of a logged number; ``None`` leaves the number out.

    TensorBoard opens the first two groups of the alphabet, so only the most important curves stay
    in ``dev`` and ``train``. Counts of the corpus never change, and conlleval's scores equal the
    strict ones: both are in ``metrics.csv`` alone. The curves of a language model are not on the
    scale of a tagger's, and have tags of their own, which stand behind those of taggers.

    >>> [tag_of(name) for name in ("dev/f1", "dev/f1/PER", "dev/recall", "dev/words", "epoch")]
    ['dev/f1', 'types/dev/f1/PER', 'various/dev/recall', None, None]
    """
    split, _, key = name.partition("/")
    last = key.rpartition("/")[2] or split
    if last in NEVER_NEW or last.startswith("conlleval_"):
        return None
    if split not in ("dev", "train"):
        return name
    if key in FIRST:
        return name if of_tagger else f"{split}/text_{key}"
    of_type = key.partition("/")[0] in ("f1", "precision", "recall") and "/" in key
    return f"{'types' if of_type else 'various'}/{name}"


class EventsLogger(TensorBoardLogger):
    """Writes the curves of ``fit`` to one event file.

    The file appears with the first numbers, so that a training that fails before leaves none. A
    resumed run takes over what its file has from before the checkpoint, and replaces that file.

    Args:
        folder: Folder of the file.
        resumed_step: Steps of the checkpoint that is resumed in place.
        of_tagger: Whether the numbers are a tagger's, not a language model's.
    """

    def __init__(
        self, folder: Path, resumed_step: int | None = None, *, of_tagger: bool = True
    ) -> None:
        # What TensorBoard has read of a resumed run, it reads again.
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
        """Folder of the file, as it is: Lightning would replace ``$`` and ``~`` in it."""
        return str(self.folder)

    @property
    @rank_zero_experiment
    def experiment(self) -> Any:
        """The writer; before the first numbers, when Lightning asks for one, it writes nothing."""
        return self._experiment or _DummyExperiment()

    def open(self) -> Any:
        """Return the writer, having made the file if there is none yet."""
        if self._experiment is None:
            earlier = event_files(self.folder) if self.resumed_step is not None else []
            events = [event for file in earlier for event in self._kept(file)]
            writer = TensorBoardLogger.experiment.fget(self)  # type: ignore[attr-defined]
            for event in events:
                _file_writer(writer).event_writer.add_event(event)
            writer.flush()
            for file in earlier:
                file.unlink(missing_ok=True)
        return self._experiment

    def _kept(self, file: Path) -> Iterator[Any]:
        """Yield the scalars of an event file from before the checkpoint."""
        for event in read_events(file):
            if event.step < (self.resumed_step or 0):
                if any(value.metadata.plugin_data.plugin_name for value in event.summary.value):
                    continue  # options and state of the run, which are written anew
                if event.HasField("summary"):
                    yield event

    @rank_zero_only
    def log_metrics(self, metrics: Any, step: int | None = None) -> None:
        """Log numbers under their tags."""
        tagged = {tag_of(name, of_tagger=self.of_tagger): value for name, value in metrics.items()}
        tagged.pop(None, None)
        if tagged:
            self.open()
            super().log_metrics({str(tag): value for tag, value in tagged.items()}, step)

    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Leave the options to the report that knows the run."""

    def save(self) -> None:
        """Hand over what was logged; Lightning would add an empty ``hparams.yaml``."""
        if self._experiment is not None:  # on the first device only
            self._experiment.flush()


class NoLogger(Logger):
    """Takes what ``validate``, ``test`` and ``predict`` log, which their reports show.

    Without any logger Lightning warns that nothing is logged.
    """

    @property
    def name(self) -> str:
        """No name."""
        return ""

    @property
    def version(self) -> str:
        """No version."""
        return ""

    def log_metrics(self, metrics: Any, step: int | None = None) -> None:
        """Log nothing."""

    def log_hyperparams(self, *args: Any, **kwargs: Any) -> None:
        """Log nothing."""


def event_files(folder: Path, *, kind: str = "") -> list[Path]:
    """List the event files of a folder, oldest first.

    Args:
        folder: The folder.
        kind: The command that wrote them; without, ``fit``.
    """
    files = sorted(folder.glob(f"*{EVENTS}*")) if folder.is_dir() else []
    return [file for file in files if file.suffix == f".{kind}" or (not kind and _is_of_fit(file))]


def _is_of_fit(file: Path) -> bool:
    """Return whether a file has no suffix of another command; it ends with process and number."""
    return file.suffix[1:].isdigit()


def read_events(file: Path, containing: bytes = b"") -> Iterator[Any]:
    """Read an event file, up to where a killed process left it.

    Args:
        file: The file.
        containing: Read only events with these bytes in them: a long file has few with options.
    """
    from tensorboard.compat.proto.event_pb2 import Event

    for _, record in _records(file.read_bytes()):
        if containing in record:
            yield Event.FromString(record)


def _records(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield the records of an event file and where they begin, up to where it breaks off."""
    begin = 0
    while begin + 12 <= len(data):  # a record: its length and a checksum, itself and a checksum
        begin, end = begin + 12, begin + 12 + int.from_bytes(data[begin : begin + 8], "little")
        if end + 4 > len(data):
            return
        yield begin, data[begin:end]
        begin = end + 4


def rename_tag(file: Path, old: str, new: str) -> None:
    """Rename a tag in an event file, in place: its writer may still be at work.

    Args:
        file: The file.
        old: The tag.
        new: A tag of the same length.
    """
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.compat.tensorflow_stub.pywrap_tensorflow import masked_crc32c

    data = file.read_bytes()
    if old.encode() not in data:
        return
    with file.open("r+b") as out:
        for begin, record in _records(data):
            event = Event.FromString(record) if old.encode() in record else Event()
            renamed = [value for value in event.summary.value if value.tag == old]
            for value in renamed:
                value.tag = new
            if renamed and len(new_record := event.SerializeToString()) == len(record):
                out.seek(begin)
                out.write(new_record + masked_crc32c(new_record).to_bytes(4, "little"))


@contextmanager
def new_event_file(folder: Path, kind: str) -> Iterator[Any]:
    """Give a writer of the one event file of a command, which replaces an earlier one.

    Args:
        folder: The folder of the file.
        kind: The command, which ends the file's name.
    """
    from torch.utils.tensorboard import SummaryWriter

    earlier = event_files(folder, kind=kind)
    writer = SummaryWriter(str(folder), filename_suffix=f".{kind}")
    try:
        yield writer
    finally:
        writer.close()
    for file in earlier:
        file.unlink(missing_ok=True)


def add_summaries(writer: Any, summaries: Sequence[Any]) -> None:
    """Write summaries that ``SummaryWriter`` has no method for."""
    for summary in summaries:
        _file_writer(writer).add_summary(summary)


def _file_writer(writer: Any) -> Any:
    return writer._get_file_writer()


def new_place(run: Path) -> Path:
    """Choose a folder in the run folder that no run had before, named after the time.

    TensorBoard never forgets what it read in a folder that still exists: a second run that wrote
    to the same one would show the numbers of the first.
    """
    return run / time.strftime("%m%d-%H%M%S")


def place_of(run: Path) -> Path:
    """Find the folder of a run's event files; the run folder itself in runs of old versions."""
    places = [file.parent for file in run.glob(f"[0-9]*-[0-9]*/*{EVENTS}*")]
    return max(places, key=os.path.getmtime, default=run)


def hide(run: Path) -> None:
    """Rename the event files below a folder, so that TensorBoard does not read them any more."""
    for file in [*run.rglob(f"*{EVENTS}*")]:
        file.rename(file.with_name(file.name.replace(EVENTS, HIDDEN)))


def show(run: Path) -> None:
    """Give the event files below a folder the names back that `hide` took."""
    for file in [*run.rglob(f"*{HIDDEN}*")]:
        file.rename(file.with_name(file.name.replace(HIDDEN, EVENTS)))
