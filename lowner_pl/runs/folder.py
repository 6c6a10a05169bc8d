"""The folder of a run: its path, its lock, its checkpoints and where its reports go."""

import shutil
from pathlib import Path

from filelock import BaseFileLock
from lightning.pytorch.loggers.logger import Logger

from lowner_pl.runs.disk import refused
from lowner_pl.runs.files import Partial, claim, clear_abandoned
from lowner_pl.runs.logs.event_files import hide, new_place, place_of, show
from lowner_pl.runs.logs.loggers import EventsLogger
from lowner_pl.runs.logs.metrics_file import MetricsLogger, forget_after
from lowner_pl.runs.paths import lies_in

SUPERSEDED = "superseded"


class RunFolder:
    """The folder ``<root>/<corpus>/<method>/seed_<seed>``.

    Args:
        root: Folder of all runs.
        corpus: Name of the corpus.
        method: Name of the method, with the variant if there is one.
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
        """Lock the folder until `release` or until this process ends.

        Raises:
            ValueError: If another process is training into the folder.
            OSError: If the folder can't be written.
        """
        refusal = (
            f"Another process is training into the run folder '{self.path}'. Wait until it ends, "
            "or give this run another `--seed_everything` or `--variant`."
        )
        try:
            self._lock = claim(self.path, refusal)
        except OSError as error:
            raise refused(self.path, error) from error
        for folder in (self.path, self.checkpoints):
            clear_abandoned(folder)

    def release(self) -> None:
        """Release the lock."""
        if self._lock is not None:
            self._lock.release()
            self._lock = None

    def set_aside(self, *, keep_config: bool = True) -> Path | None:
        """Move an earlier run to ``superseded/``; nothing is deleted.

        It becomes ``<root>/superseded/<corpus>/<method>/seed_<seed>.1``, ``.2`` and so on. Its
        event files are renamed, so that TensorBoard does not show it beside the new run.

        Args:
            keep_config: Whether a copy of its ``config.yaml`` stays, since the new run may be
                configured by it.

        Returns:
            The new folder of the earlier run, or ``None`` if there was none.
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
            with Partial(self.path / config.name) as partial:
                shutil.copy2(config, partial.path)
        return aside

    def put_back(self, aside: Path) -> Path | None:
        """Restore an earlier run after a run that wrote no checkpoint.

        Args:
            aside: Folder of the earlier run.

        Returns:
            The new folder of the failed run, or ``None`` if it left nothing.
        """
        left = self.set_aside(keep_config=False)
        if self.path.exists():
            self.path.rmdir()
        aside.rename(self.path)
        show(self.path)
        return left

    def has_checkpoint(self) -> bool:
        """Tell whether the folder holds a checkpoint that can be tested or resumed."""
        return any(self.checkpoints.glob("*.ckpt"))

    def holds(self, file: Path | None) -> bool:
        """Tell whether a file lies in the folder, however its path is written."""
        return lies_in(file, self.path)

    def remove_last(self) -> None:
        """Remove ``last.ckpt`` if the run ended under ``--keep_last false``."""
        if self.last_can_go.is_file():
            (self.checkpoints / "last.ckpt").unlink(missing_ok=True)

    def checkpoint(self, which: str) -> Path:
        """Find the checkpoint file for ``best``, ``last`` or a path.

        Raises:
            FileNotFoundError: If there is no such file. Training never starts afresh instead.
        """
        if which not in ("best", "last"):
            if not Path(which).is_file():
                raise FileNotFoundError(
                    f"There is no checkpoint file '{which[:80]}'. Give `--ckpt_path` the path of a "
                    "file, or best or last."
                )
            return Path(which)
        file = self.checkpoints / f"{which}.ckpt"
        if file.is_file():
            return file
        if which == "last" and self.last_can_go.is_file():
            raise FileNotFoundError(
                f"There is no '{file}': `--keep_last false` removed it after the test. Use "
                "`--ckpt_path best`, or run `fit` again to train longer."
            )
        if which == "best" and (self.checkpoints / "last.ckpt").is_file():
            raise FileNotFoundError(
                f"There is no '{file}', only a last.ckpt, because the run has no dev scores yet. "
                "Use `--ckpt_path last`, or continue training with `fit` and `--ckpt_path last`."
            )
        raise FileNotFoundError(
            f"There is no '{file}'. Train first with `fit`, without `--ckpt_path`. A run that was "
            "stopped before its first checkpoint reaches the same weights when started again."
        )

    def reports(self, checkpoint: Path | None) -> Path:
        """Choose the folder for tests and predictions of a checkpoint.

        It is the run folder. A checkpoint from elsewhere gets a sub-folder named after it, so that
        its results don't replace the run's own.
        """
        if checkpoint is None or self.holds(checkpoint):
            return self.path
        *_, corpus, method, seed, place, _ = ("", "", "", "", *checkpoint.resolve().parts)
        source = (corpus, method, seed) if place == "checkpoints" else (place, checkpoint.stem)
        return self.path / f"from_{'_'.join(source)}"

    def training_loggers(self, resumed_step: int | None, *, of_tagger: bool = True) -> list[Logger]:
        """Make the loggers of ``fit``. The log folder of the first one is the run folder.

        Args:
            resumed_step: Number of steps in the checkpoint that is resumed in place; see
                `forget_after`.
            of_tagger: Whether a tagger is trained, not a language model.
        """
        place = new_place(self.path) if resumed_step is None else place_of(self.path)
        return [
            MetricsLogger(self.path),
            MetricsLogger(self.path, steps=True),
            EventsLogger(place, resumed_step, of_tagger=of_tagger),
        ]

    def test_events(self, checkpoint: Path | None) -> tuple[Path, str]:
        """Choose the folder for a test's event file, and the name of its row in HPARAMS.

        Scores of the run's ``best`` go beside its curves. Scores of other checkpoints get a folder
        of their own, so that none replaces another in TensorBoard.
        """
        row = f"{self.name}/{self.version}"
        place = place_of(self.path)
        if checkpoint is None or (self.holds(checkpoint) and checkpoint.stem == "best"):
            return place, row
        folder = place / checkpoint.stem if self.holds(checkpoint) else self.reports(checkpoint)
        return folder, f"{row}/{folder.name}"

    def forget_after(self, step: int) -> None:
        """Drop what was logged from ``step`` on; a resumed run logs it again."""
        forget_after(self.path, step)
