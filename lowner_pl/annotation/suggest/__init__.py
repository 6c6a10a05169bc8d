"""Choosing the sentences to annotate next."""

from lowner_pl.annotation.suggest.choosing import (
    MEASURES,
    STRATEGIES,
    PathMeasure,
    Strategy,
    Suggestion,
    Suggestions,
    choose,
)

__all__ = [
    "MEASURES",
    "STRATEGIES",
    "PathMeasure",
    "Strategy",
    "Suggestion",
    "Suggestions",
    "choose",
]
