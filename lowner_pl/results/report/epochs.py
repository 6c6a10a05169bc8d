"""The dev scores of runs by epoch, averaged over test sets, with a band over seeds."""

import csv
import math
from collections import defaultdict
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import fmean

from lowner_pl.results.groups import Cells
from lowner_pl.results.pictures.curves import Curve
from lowner_pl.results.report.bands import banded


def epoch_curves(cells: Cells, metric: str) -> list[Curve]:
    """Draw the dev score of each system by epoch.

    A seed's score at an epoch is the mean over rows; the curve is the mean over seeds, and the band
    their standard deviation to both sides. Epochs that not all runs of a system have are left out,
    and so are seeds that not all of its rows have.

    Args:
        cells: The runs of each row and system, by seed.
        metric: The score, such as ``f1``.
    """
    by_seed: dict[str, dict[int, list[Mapping[int, float]]]] = defaultdict(
        lambda: defaultdict(list)
    )
    rows: dict[str, int] = defaultdict(int)
    for (_, system), runs in cells.items():
        rows[system] += 1
        for seed, run in runs.items():
            by_seed[system][seed].append(dev_scores(run.folder / "metrics.csv", metric))
    curves = []
    for system, seeds in by_seed.items():
        complete = [scores for scores in seeds.values() if len(scores) == rows[system]]
        epochs = _shared(one for scores in complete for one in scores)
        if epochs:
            means = [
                [fmean(one[epoch] for one in scores) for epoch in epochs] for scores in complete
            ]
            curves.append(banded(system, epochs, means))
    return curves


def dev_scores(file: Path, metric: str) -> dict[int, float]:
    """Read the dev score of each epoch from a ``metrics.csv``.

    Epochs count from 1. A file that is missing or damaged has no scores, and neither have epochs
    whose score is no finite number.

    Args:
        file: The file.
        metric: The score.
    """
    scores: dict[int, float] = {}
    try:
        with file.open(newline="", encoding="utf-8") as lines:
            rows = csv.reader(lines)
            heading = next(rows, [])
            at, epoch = heading.index(f"dev/{metric}"), heading.index("epoch")
            for row in rows:
                known = len(row) > max(at, epoch) and row[at] and row[epoch]
                if known and math.isfinite(score := float(row[at])):
                    scores[int(row[epoch]) + 1] = score
    except (OSError, ValueError, csv.Error):
        return {}
    return scores


def _shared(curves: Iterable[Mapping[int, float]]) -> list[int]:
    """List the places that all curves have."""
    places = [set(curve) for curve in curves]
    return sorted(set.intersection(*places)) if places else []
