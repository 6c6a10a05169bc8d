"""Floor 1: scores of entities and of masked subwords."""

from lowner_pl.metrics.entities import EntityScores
from lowner_pl.metrics.masked import MaskedScores, ScoresByPart

__all__ = ["EntityScores", "MaskedScores", "ScoresByPart"]
