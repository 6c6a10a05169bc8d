"""Floor 1: scores of entities and their confidences, and of masked subwords."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lowner_pl.metrics.calibration import EntityCalibration
    from lowner_pl.metrics.entities import EntityScores
    from lowner_pl.metrics.masked import MaskedScores, ScoresByPart

__all__ = ["EntityCalibration", "EntityScores", "MaskedScores", "ScoresByPart"]
_PLACES = {
    "EntityCalibration": "calibration",
    "EntityScores": "entities",
    "MaskedScores": "masked",
    "ScoresByPart": "masked",
}


def __getattr__(name: str) -> Any:
    """Import a metric when it is first asked for: `compare` starts without torch."""
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
