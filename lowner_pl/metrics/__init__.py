"""Floor 1: scores of entities and their confidences, and of masked subwords."""

from lowner_pl.metrics.calibration import EntityCalibration
from lowner_pl.metrics.entities import EntityScores
from lowner_pl.metrics.masked import MaskedScores, ScoresByPart
from lowner_pl.metrics.tagging import TaggingScores

__all__ = ["EntityCalibration", "EntityScores", "MaskedScores", "ScoresByPart", "TaggingScores"]
