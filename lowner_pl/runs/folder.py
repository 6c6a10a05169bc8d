"""The folder of a run: where it is, who writes it, and what it logs to."""

import csv
import shutil
from pathlib import Path

from filelock import BaseFileLock
from lightning.fabric.loggers.csv_logs import _ExperimentWriter as PlainWriter
from lightning.fabric.loggers.logger import rank_zero_experiment
from lightning.pytorch.loggers import CSVLogger
from lightning.pytorch.loggers.csv_logs import ExperimentWriter
from lightning.pytorch.loggers.logger import Logger

from lowner_pl.runs.event_files import EventsLogger, hide, new_place, place_of, show
from lowner_pl.runs.files import Partial, claim, clear_abandoned, lies_in
from lowner_pl.runs.safety import refused

SUPERSEDED = "superseded"


class RunFolder:
    """The folder ``<root>/<corpus>/<method>/seed_<seed>``.

    Args:
        root: Folder of all runs.
        corpus: Name of the corpus.
        method: Name of the method.
        seed: Seed of the run.
    """

    def __init__(self, root: Path, corpus: str, method: str, seed: int) -> None:
        self.root = root
        self.name = f"{corpus}/{method}"
        self.version = f"seed_{seed}"
        self.path = root / self.name / self.version
        self.checkpoints = self.path / "checkpoints"
        self.last_can_go = self.checkpoints / "last_can_go"
        self._lock: BaseFileLock | None = None

    def lock(self) -> None:
        """Claim the folder until this process ends.

        Raises:
            ValueError: If another process is training into it.
            OSError: If it cannot be written.
        """
        refusal = (
            f"A run folder must have one writer, was: '{self.path}', which another process is "
            "training into. Wait for it, or give another `--seed_everything` or `--variant`."
        )
        try:
            self._lock = claim(self.path, refusal)
        except OSError as error:
            raise refused(self.path, error) from error
        for folder in (self.path, self.checkpoints):
            clear_abandoned(folder)

    def release(self) -> None:
        """Give the folder back."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def set_aside(self, *, keep_config: bool = True) -> Path | None:
        """Move an earlier run out of the way, to ``superseded/``; nothing is deleted.

        It becomes ``<root>/superseded/<corpus>/<method>/seed_<seed>.1``, ``.2`` and so on. Its
        event files get another name, so that TensorBoard does not count it beside the new run.

        Args:
            keep_config: Whether a copy of its ``config.yaml`` stays, which may be what the new run
                is configured by.

        Returns:
            Where the earlier run is now, or ``None`` if there was none.
        """
        if not self.path.exists() or not any(self.path.iterdir()):
            return None
        number = 1
        place = self.root / SUPERSEDED / self.name
        while (aside := place / f"{self.version}.{number}").exists():
            number += 1
        place.mkdir(parents=True, exist_ok=True)
        self.path.rename(aside)
        hide(aside)
        if keep_config and (config := aside / "config.yaml").exists():
            self.path.mkdir()
            shutil.copy2(config, self.path)
        return aside

    def put_back(self, aside: Path) -> Path | None:
        """Put an earlier run back in place of one that came to no checkpoint.

        Args:
            aside: Where the earlier run is.

        Returns:
            Where this run is now, or ``None`` if it left nothing.
        """
        left = self.set_aside(keep_config=False)
        if self.path.exists():
            self.path.rmdir()
        aside.rename(self.path)
        show(self.path)
        return left

    def has_checkpoint(self) -> bool:
        """Return whether a run lies here that can be tested or resumed."""
        return any(self.checkpoints.glob("*.ckpt"))

    def holds(self, file: Path | None) -> bool:
        """Return whether a file lies in the folder, however its path is written."""
        return lies_in(file, self.path)

    def remove_last(self) -> None:
        """Remove ``last.ckpt`` if training, told not to keep it, has noted that it ended."""
        if self.last_can_go.is_file():
            (self.checkpoints / "last.ckpt").unlink(missing_ok=True)

    def checkpoint(self, which: str) -> Path:
        """Return the file that ``best``, ``last`` or a path stands for.

        Raises:
            FileNotFoundError: If there is none; never a silent fresh start.
        """
        if which not in ("best", "last"):
            if not Path(which).is_file():
                raise FileNotFoundError(
                    f"`--ckpt_path` must be 'best', 'last' or a checkpoint file, was: {which!r}, "
                    "which is none."
                )
            return Path(which)
        file = self.checkpoints / f"{which}.ckpt"
        if not file.is_file() and which == "last" and self.last_can_go.is_file():
            raise FileNotFoundError(
                f"There is no '{file}': `--keep_last false` removed it once the run was tested. "
                "Use `--ckpt_path best`; to train longer, start again with `fit`."
            )
        if not file.is_file() and which == "best" and (self.checkpoints / "last.ckpt").is_file():
            raise FileNotFoundError(
                f"There is no '{file}': the run has no dev scores (yet), only a last.ckpt. Use "
                "`--ckpt_path last`, or go on training with `fit` and `--ckpt_path last`."
            )
        if not file.is_file():
            raise FileNotFoundError(
                f"`--ckpt_path {which}` needs a checkpoint, was: no '{file}'. Train first with "
                "`fit` and without `--ckpt_path`; a run that was stopped before its first "
                "checkpoint gives the same weights when it is started again."
            )
        return file

    def reports(self, checkpoint: Path | None) -> Path:
        """Return where tests and predictions are written.

        That is the run folder, but for a checkpoint from elsewhere a folder in it named after the
        checkpoint, so that its results do not replace the run's own.
        """
        if checkpoint is None or self.holds(checkpoint):
            return self.path
        *_, corpus, method, seed, place, _ = ("", "", "", "", *checkpoint.resolve().parts)
        source = (corpus, method, seed) if place == "checkpoints" else (place, checkpoint.stem)
        return self.path / f"from_{'_'.join(source)}"

    def training_loggers(self, resumed_step: int | None, *, of_tagger: bool = True) -> list[Logger]:
        """Return the loggers of ``fit``; the first one is at home in the run folder.

        Args:
            resumed_step: Steps of the checkpoint that is resumed in place; see `forget_after`.
            of_tagger: Whether a tagger is trained, not a language model.
        """
        curves = _KeepingCSVLogger(
            self.root, name=self.name, version=self.version, flush_logs_every_n_steps=1
        )
        place = new_place(self.path) if resumed_step is None else place_of(self.path)
        return [curves, EventsLogger(place, resumed_step, of_tagger=of_tagger)]

    def test_events(self, checkpoint: Path | None) -> tuple[Path, str]:
        """Return where the event file of a test belongs, and the name of its row in HPARAMS.

        The scores of the run's ``best`` lie beside its curves. Those of other checkpoints have a
        folder of their own, so that none takes the place of another in TensorBoard.
        """
        row = f"{self.name}/{self.version}"
        place = place_of(self.path)
        if checkpoint is None or (self.holds(checkpoint) and checkpoint.stem == "best"):
            return place, row
        folder = place / checkpoint.stem if self.holds(checkpoint) else self.reports(checkpoint)
        return folder, f"{row}/{folder.name}"

    def forget_after(self, step: int) -> None:
        """Drop what ``metrics.csv`` has from ``step`` on: a resumed run logs it again."""
        _trim(self.path / "metrics.csv", step)


class _KeepingCSVLogger(CSVLogger):
    """Adds to the ``metrics.csv`` that is there, where Lightning's logger deletes it."""

    @property
    @rank_zero_experiment
    def experiment(self) -> PlainWriter:
        """Return the writer."""
        if self._experiment is None:
            self._experiment = _KeepingWriter(log_dir=self.log_dir)
        return self._experiment


class _KeepingWriter(ExperimentWriter):
    """Writes rows behind those that are there."""

    def _check_log_dir_exists(self) -> None:
        """Take over the columns of the file, instead of deleting it."""
        file = Path(self.metrics_file_path)
        if file.is_file():
            with file.open(newline="") as rows:
                self.metrics_keys = next(csv.reader(rows), [])

    def save(self) -> None:
        """Write the rows; the configuration is in ``config.yaml`` already."""
        PlainWriter.save(self)


def _trim(file: Path, step: int) -> None:
    """Keep the rows of a ``metrics.csv`` from before ``step``."""
    if not file.is_file():
        return
    with file.open(newline="") as lines:
        reader = csv.DictReader(lines)
        rows = [row for row in reader if (row.get("step") or "").isdigit()]
        columns = list(reader.fieldnames or [])
    with Partial(file) as partial, partial.path.open("w", newline="") as lines:
        writer = csv.DictWriter(lines, columns)
        writer.writeheader()
        writer.writerows(row for row in rows if int(row["step"]) < step)
