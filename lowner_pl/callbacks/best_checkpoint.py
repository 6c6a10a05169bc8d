"""Which epoch is the best one: the same for ``best.ckpt`` and for what the reports show."""

from typing import Any, Literal

from lightning.pytorch import Trainer
from lightning.pytorch.callbacks import ModelCheckpoint

LOWER = ("loss", "perplexity")
HIGHER = ("f1", "precision", "recall", "accuracy", "log_likelihood")


def direction(monitor: str) -> Literal["min", "max"] | None:
    """Tell whether a score is better low or high, by its name; ``None`` if that is not known.

    >>> [direction(name) for name in ("dev/loss", "dev/f1/PER", "dev/masks")]
    ['min', 'max', None]
    """
    parts = monitor.split("/")
    if any(part.endswith(LOWER) for part in parts):
        return "min"
    return "max" if any(part.endswith(HIGHER) for part in parts) else None


class BestCheckpoint(ModelCheckpoint):
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

    @property
    def state_key(self) -> str:
        """The name of the state in checkpoints: as Lightning's, which older checkpoints have."""
        return super().state_key.replace(type(self).__qualname__, "ModelCheckpoint", 1)


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
    scores = {"f1": best.get("f1"), **best.get("scores", {})}  # of older checkpoints
    before = best.get("monitored", scores.get(monitor.removeprefix("dev/")))
    better = before is None or (score < before if mode == "min" else score > before)
    return score if better else None
