"""The score that is compared: its unit, its direction, and what it is computed from."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, get_args

from lowner_pl.commands.options.nearest import did_you_mean
from lowner_pl.results.tested.tested_run import TestedRun

Kind = Literal["f1", "precision", "recall"]
NOT_SHARES = ("loss", "log_likelihood", "perplexity")
LOWER_IS_BETTER = ("loss", "perplexity", "calibration_error", "brier")
COUNTS = ("entities", "predicted_entities", "words", "sentences", "masks")
MOST = 12  # metrics that a message lists


@dataclass(frozen=True)
class Metric:
    """A score of ``test_metrics.json``.

    Args:
        name: Its name there: ``f1``, ``recall``, ``f1/PER``, ``word_accuracy`` and so on.
    """

    name: str

    @property
    def in_percent(self) -> bool:
        """Whether it is a share, which is shown in percent."""
        return self.name not in NOT_SHARES

    @property
    def lower_is_better(self) -> bool:
        """Whether a lower score is better."""
        return self.name in LOWER_IS_BETTER

    @property
    def title(self) -> str:
        """Its name for people."""
        return self.name.replace("f1", "F1").replace("_", " ")

    @property
    def counted(self) -> tuple[Kind, str | None] | None:
        """The kind of score and the entity type, if it follows from counts of entities."""
        kind, _, type_ = self.name.partition("/")
        return next(((one, type_ or None) for one in get_args(Kind) if one == kind), None)


def find_metric(name: str, runs: Iterable[TestedRun]) -> Metric:
    """Find a score by its name.

    Raises:
        ValueError: If no run has such a score.
    """
    known = {score for run in runs for score in run.scores if score not in COUNTS}
    if name not in known:
        listed = sorted(known, key=lambda one: ("/" in one, one))[:MOST]
        hint = did_you_mean(name, known) or f" Use one of {', '.join(listed)}."
        raise ValueError(f"No run has a score {name[:80]!r}.{hint}")
    return Metric(name)
