"""The score that is compared: its unit, its direction, and what it is computed from."""

import math
from collections.abc import Iterable, Mapping
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

    def in_scores(self, scores: Mapping[str, float]) -> bool:
        """Tell whether a run has the score, as a number of which means can be computed."""
        return math.isfinite(scores.get(self.name, math.nan))

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
        ValueError: If no run has such a score, or none that is a finite number.
    """
    runs = list(runs)
    known = {score for run in runs for score in run.scores if score not in COUNTS}
    if name not in known:
        listed = sorted(known, key=lambda one: ("/" in one, one))[:MOST]
        hint = did_you_mean(name, known) or f" Use one of {', '.join(listed)}."
        raise ValueError(f"No run has a score {name[:80]!r}.{hint}")
    metric = Metric(name)
    if not any(metric.in_scores(run.scores) for run in runs):
        raise ValueError(
            f"No run has a score {name[:80]!r} that is a finite number. If their training "
            "diverged, train with a smaller `--model.optimizer.lr`, or compare another `--metric`."
        )
    return metric
