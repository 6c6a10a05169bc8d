"""Floor 4: tagging raw text with a trained tagger, from Python and for the command ``tag``."""

from lowner_pl.tagging.entities import TaggedEntity, TaggedText
from lowner_pl.tagging.loading import load
from lowner_pl.tagging.splitting import Split, Splitter
from lowner_pl.tagging.tagger import TextTagger

__all__ = ["Split", "Splitter", "TaggedEntity", "TaggedText", "TextTagger", "load"]
