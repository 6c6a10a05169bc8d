"""Floor 4: tagging raw text with a trained tagger, from Python and for the command ``tag``."""

from typing import TYPE_CHECKING

from lowner_pl.tagging.entities import TaggedEntity, TaggedText
from lowner_pl.tagging.splitting.splitter import Split, Splitter

if TYPE_CHECKING:
    from lowner_pl.tagging.loading import load
    from lowner_pl.tagging.tagger import TextTagger

__all__ = ["Split", "Splitter", "TaggedEntity", "TaggedText", "TextTagger", "load"]


if not TYPE_CHECKING:  # a type checker would believe in every name

    def __getattr__(name: str) -> object:
        """Import what needs torch when it is first used, so that splitting text stays light."""
        if name == "load":
            from lowner_pl.tagging.loading import load

            return load
        if name == "TextTagger":
            from lowner_pl.tagging.tagger import TextTagger

            return TextTagger
        raise AttributeError(f"module 'lowner_pl.tagging' has no attribute {name!r}")
