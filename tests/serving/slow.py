"""A tagger for tests that waits in each batch until it is told to go on."""

import threading
from typing import Any, cast

from lowner_pl.corpus import Sentence
from lowner_pl.modules.tagging.steps import TaggingModule
from lowner_pl.tagging import TextTagger

from ..tagging.capitals import Capitals

SLOWEST = 20
"""Seconds after which a batch fails that was not told to go on."""


class Slow(Capitals):
    """Finds capitalised words, but waits in each batch for `go`."""

    def __init__(self) -> None:
        super().__init__()
        self.begun = threading.Event()
        self.go = threading.Event()

    def tag_with_confidence(self, batch: list[Sentence], temperature: float) -> Any:
        self.begun.set()
        assert self.go.wait(SLOWEST)
        return super().tag_with_confidence(batch, temperature)


def slow() -> tuple[TextTagger, Slow]:
    """Make a slow tagger; also return its module."""
    module = Slow()
    return TextTagger(cast(TaggingModule, module)), module
