"""Annotating suggested sentences one after another: a journal, the state, and retraining."""

from lowner_pl.annotation.session.items import Item
from lowner_pl.annotation.session.journal import Journal
from lowner_pl.annotation.session.output import Output
from lowner_pl.annotation.session.session import Session, StaleError
from lowner_pl.annotation.session.view import View

__all__ = ["Item", "Journal", "Output", "Session", "StaleError", "View"]
