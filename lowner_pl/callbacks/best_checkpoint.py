"""The rule for the best epoch, shared by ``best.ckpt`` and the reports."""

from pathlib import Path
from typing import Any, Literal

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor

from lowner_pl.runs.calibration import write_calibration
from lowner_pl.runs.paths import lies_in

LOWER = ("loss", "perplexity")
HIGHER = ("f1", "precision", "recall", "accuracy", "log_likelihood")


class KeptCheckpoint(ModelCheckpoint):
    """Lightning's `ModelCheckpoint` under its own name, so that older checkpoints still load."""

    @property
    def state_key(self) -> str:
        """Key of the callback's state in checkpoints, without the name of the subclass."""
        return super().state_key.replace(type(self).__qualname__, "ModelCheckpoint", 1)


def direction(monitor: str) -> Literal["min", "max"] | None:
    """Tell from its name whether a score is better low or high, or ``None`` if it is unknown.

    >>> [direction(name) for name in ("dev/loss", "dev/f1/PER", "dev/masks")]
    ['min', 'max', None]
    """
    parts = monitor.split("/")
    if any(part.endswith(LOWER) for part in parts):
        return "min"
    return "max" if any(part.endswith(HIGHER) for part in parts) else None


class BestCheckpoint(KeptCheckpoint):
    """Keeps the checkpoint of the best epoch, and the temperature of its confidences beside it.

    Args:
        monitor: The score that decides; ``null`` for the method's headline score.
        mode: Whether the score is better low (``min``) or high (``max``). With ``auto``, losses and
            perplexities are better low and other scores high.
        kwargs: Options of Lightning's `ModelCheckpoint`.
    """

    def __init__(
        self,
        monitor: str | None = None,
        mode: Literal["auto", "min", "max"] = "auto",
        **kwargs: Any,
    ) -> None:
        if mode == "auto":
            mode = (monitor and direction(monitor)) or "max"
        super().__init__(monitor=monitor, mode=mode, **kwargs)
        self._continues = False

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Note whether the checkpoint belongs to this run."""
        self._continues = lies_in(trainer.ckpt_path, Path(str(self.dirpath)).parent)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the best score of the resumed run, even if its folder has been moved.

        Lightning forgets the score if the path of the folder has changed. Then the next epoch,
        however bad, would replace the best one.
        """
        if not self._continues:  # the best checkpoint is in another run's folder
            return
        state = dict(state_dict)
        for key in ("best_model_path", "kth_best_model_path", "last_model_path"):
            state[key] = self._here(state.get(key, ""))
        scores = state.get("best_k_models", {})
        state["best_k_models"] = {self._here(file): score for file, score in scores.items()}
        super().load_state_dict({**state, "dirpath": self.dirpath})

    def check_monitor_top_k(self, trainer: Trainer, current: Tensor | None = None) -> bool:
        """Tell whether a score beats the best one. With ``monitor: epoch``, every epoch does."""
        return self.monitor == "epoch" or super().check_monitor_top_k(trainer, current)

    def _save_checkpoint(self, trainer: Trainer, filepath: str) -> None:
        """Fit the temperature of these weights, which the checkpoint holds, too; then write both.

        It is fitted on scores of the validation that has just ended, so it costs no pass over data.
        """
        calibrate = getattr(trainer.lightning_module, "calibrate", None)
        record = None if calibrate is None else calibrate()
        super()._save_checkpoint(trainer, filepath)
        if trainer.is_global_zero:
            write_calibration(Path(filepath).parents[1], record)

    def _here(self, file: str) -> str:
        """Return the path of a checkpoint in the folder of this run."""
        return str(Path(str(self.dirpath)) / Path(file).name) if file else ""

    def _should_save_on_train_epoch_end(self, trainer: Trainer) -> bool:
        """Save after validation for a dev score, and at the end of the epoch for other scores.

        Lightning guesses from `trainer.val_check_interval`, and may pair a dev score with the
        weights at the end of the epoch.
        """
        return not str(self.monitor).startswith("dev/")


class KeepsBest(Callback):
    """Base class of reports on the best epoch; their data survive a resumption.

    Args:
        run: The run folder.
    """

    def __init__(self, run: Path) -> None:
        self.run = run
        self.best: dict[str, Any] = {}
        self._continues = False

    def state_dict(self) -> dict[str, Any]:
        """Return the data of the best epoch, for the checkpoint."""
        return {"best": self.best}

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Note whether the checkpoint belongs to this run."""
        self._continues = lies_in(trainer.ckpt_path, self.run)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Restore the data of the best epoch, unless they are another run's."""
        if self._continues:
            self.best = state_dict["best"]


def beats(trainer: Trainer, best: dict[str, Any]) -> float | None:
    """Compare the epoch that was just validated with the best one so far.

    Args:
        trainer: The trainer, which has the new scores.
        best: Data of the best epoch, with its score under ``monitored``; empty at first.

    Returns:
        The new score if it is better by the rule of `BestCheckpoint`, otherwise ``None``.
    """
    rules = [
        (callback.monitor, callback.mode)
        for callback in trainer.checkpoint_callbacks
        if isinstance(callback, BestCheckpoint) and callback.monitor is not None
    ]
    monitor, mode = rules[0] if rules else ("dev/f1", "max")
    if monitor == "epoch":  # the last epoch is the best; Lightning counts epochs itself
        return float(trainer.current_epoch)
    if monitor not in trainer.callback_metrics:
        return None
    score = trainer.callback_metrics[monitor].item()
    if not best:
        return score
    # Checkpoints of older versions have only the scores.
    before = best.get("monitored", best.get("scores", {}).get(monitor.removeprefix("dev/")))
    better = before is None or (score < before if mode == "min" else score > before)
    return score if better else None
