"""One corpus a file. A data module yields lists of sentences; it knows no tokenizer."""

from lowner_pl.datamodules.augmented import AugmentedDataModule
from lowner_pl.datamodules.base import NERDataModule, Split
from lowner_pl.datamodules.conll import ConllDataModule
from lowner_pl.datamodules.conll2002 import CoNLL2002DataModule
from lowner_pl.datamodules.conll2003 import CoNLL2003DataModule
from lowner_pl.datamodules.cross_lingual import CrossLingualDataModule
from lowner_pl.datamodules.episodic import EpisodicDataModule
from lowner_pl.datamodules.europeana import EuropeanaDataModule
from lowner_pl.datamodules.masakhaner import MasakhaNERDataModule
from lowner_pl.datamodules.msra import MSRADataModule
from lowner_pl.datamodules.multilingual import MultilingualDataModule
from lowner_pl.datamodules.sample import SampleDataModule
from lowner_pl.datamodules.sentences import SentenceDataModule
from lowner_pl.datamodules.text import TextDataModule
from lowner_pl.datamodules.wikiann import WikiANNDataModule

__all__ = [
    "AugmentedDataModule",
    "CoNLL2002DataModule",
    "CoNLL2003DataModule",
    "ConllDataModule",
    "CrossLingualDataModule",
    "EpisodicDataModule",
    "EuropeanaDataModule",
    "MSRADataModule",
    "MasakhaNERDataModule",
    "MultilingualDataModule",
    "NERDataModule",
    "SampleDataModule",
    "SentenceDataModule",
    "Split",
    "TextDataModule",
    "WikiANNDataModule",
]
