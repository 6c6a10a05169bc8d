"""Which epoch is the best one: the same for ``best.ckpt`` and for what the reports show."""

from pathlib import Path
from typing import Any, Literal

from lightning.pytorch import Callback, Trainer
from lightning.pytorch.callbacks import ModelCheckpoint
from torch import Tensor

from lowner_pl.runs.paths import lies_in

LOWER = ("loss", "perplexity")
HIGHER = ("f1", "precision", "recall", "accuracy", "log_likelihood")


class KeptCheckpoint(ModelCheckpoint):
    """Lightning's `ModelCheckpoint`, whose state has its name in checkpoints, as in older ones."""

    @property
    def state_key(self) -> str:
        """The name of the state in checkpoints, without the name of the subclass."""
        return super().state_key.replace(type(self).__qualname__, "ModelCheckpoint", 1)


def direction(monitor: str) -> Literal["min", "max"] | None:
    """Tell whether a score is better low or high, by its name; ``None`` if that is not known.

    >>> [direction(name) for name in ("dev/loss", "dev/f1/PER", "dev/masks")]
    ['min', 'max', None]
    """
    parts = monitor.split("/")
    if any(part.endswith(LOWER) for part in parts):
        return "min"
    return "max" if any(part.endswith(HIGHER) for part in parts) else None


class BestCheckpoint(KeptCheckpoint):
    """Keeps the checkpoint of the best epoch.

    Args:
        monitor: The score that decides; the method's headline score if ``null``.
        mode: Whether the score is better low (``min``) or high (``max``); ``auto`` knows it from
            the score: a loss or a perplexity is better low, all others high.
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
        self._goes_on = False

    def on_load_checkpoint(self, trainer: Trainer, pl_module: Any, checkpoint: Any) -> None:
        """Note whether the checkpoint is one of this run."""
        self._goes_on = lies_in(trainer.ckpt_path, Path(str(self.dirpath)).parent)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over the best score of the same run, wherever its folder was when it was written.

        Lightning forgets the score if the folder was moved or is written in another way, so that
        the next epoch, however bad, would take the place of the best one.
        """
        if not self._goes_on:  # its best checkpoint is not here
            return
        state = dict(state_dict)
        for key in ("best_model_path", "kth_best_model_path", "last_model_path"):
            state[key] = self._here(state.get(key, ""))
        scores = state.get("best_k_models", {})
        state["best_k_models"] = {self._here(file): score for file, score in scores.items()}
        super().load_state_dict({**state, "dirpath": self.dirpath})

    def check_monitor_top_k(self, trainer: Trainer, current: Tensor | None = None) -> bool:
        """Return whether a score beats the best one; an epoch also itself, once it went on."""
        return self.monitor == "epoch" or super().check_monitor_top_k(trainer, current)

    def _here(self, file: str) -> str:
        """Return the path of a checkpoint in the folder of this run."""
        return str(Path(str(self.dirpath)) / Path(file).name) if file else ""

    def _should_save_on_train_epoch_end(self, trainer: Trainer) -> bool:
        """Decide once the score is new: a dev score behind its validation, others with the epoch.

        Lightning guesses from `trainer.val_check_interval`, and takes a dev score for one of the
        weights that the epoch ends with.
        """
        return not str(self.monitor).startswith("dev/")


class KeepsBest(Callback):
    """Keeps what a report shows of the best epoch, also where the run is resumed.

    Args:
        run: The run folder.
    """

    def __init__(self, run: Path) -> None:
        self.run = run
        self.best: dict[str, Any] = {}
        self._goes_on = False

    def state_dict(self) -> dict[str, Any]:
        """Return what is kept, for a resumed run."""
        return {"best": self.best}

    def on_load_checkpoint(self, trainer: Trainer, pl_module: Any, checkpoint: Any) -> None:
        """Note whether the checkpoint is one of this run."""
        self._goes_on = lies_in(trainer.ckpt_path, self.run)

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over what the resumed run kept; the best epoch of another run is not one of here."""
        if self._goes_on:
            self.best = state_dict["best"]


def beats(trainer: Trainer, best: dict[str, Any]) -> float | None:
    """Compare the epoch that was just validated with the best one so far.

    Args:
        trainer: The trainer, which has the new scores.
        best: What is kept of the best epoch, with its score under ``monitored``; empty at first.

    Returns:
        The new score if it is better by `BestCheckpoint`'s rule, otherwise ``None``.
    """
    rules = [
        (callback.monitor, callback.mode)
        for callback in trainer.checkpoint_callbacks
        if isinstance(callback, BestCheckpoint) and callback.monitor is not None
    ]
    monitor, mode = rules[0] if rules else ("dev/f1", "max")
    if monitor == "epoch":  # the last weights count, as Lightning counts epochs itself
        return float(trainer.current_epoch)
    if monitor not in trainer.callback_metrics:
        return None
    score = trainer.callback_metrics[monitor].item()
    if not best:
        return score
    # Checkpoints of older versions have the scores alone.
    before = best.get("monitored", best.get("scores", {}).get(monitor.removeprefix("dev/")))
    better = before is None or (score < before if mode == "min" else score > before)
    return score if better else None
