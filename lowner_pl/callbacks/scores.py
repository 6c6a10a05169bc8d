"""Logged scores: read from the trainer, and rounded for files."""

from collections.abc import Mapping

from lightning.pytorch import Trainer

COUNTS = ("entities", "predicted_entities", "words", "sentences", "masks")
PER_TOKEN = ("loss", "log_likelihood", "perplexity")
"""Scores that are not shares, so they are never shown in percent."""


def logged_scores(trainer: Trainer, prefix: str) -> dict[str, float]:
    """Collect the logged scores whose names begin with a prefix, and drop the prefix."""
    return {
        name.removeprefix(prefix): value.item()
        for name, value in trainer.callback_metrics.items()
        if name.startswith(prefix)
    }


def rounded(key: str, value: float) -> float | int:
    """Round a score to 6 decimals, and a count to a whole number."""
    return round(value) if key in COUNTS else round(value, 6)


def rounded_scores(scores: Mapping[str, float]) -> dict[str, float | int]:
    """Round scores, and put F1 first."""
    names = sorted(scores, key=lambda name: name != "f1")
    return {name: rounded(name, scores[name]) for name in names}
