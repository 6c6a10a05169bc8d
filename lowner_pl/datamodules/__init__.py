"""Corpora. A data module yields lists of sentences; it knows nothing about tokenizers."""

from lowner_pl.datamodules.base import NERDataModule, Split
from lowner_pl.datamodules.composed.annotated import AnnotatedDataModule
from lowner_pl.datamodules.composed.augmented import AugmentedDataModule
from lowner_pl.datamodules.composed.cross_lingual import CrossLingualDataModule
from lowner_pl.datamodules.composed.multilingual import MultilingualDataModule
from lowner_pl.datamodules.corpora.conll import ConllDataModule
from lowner_pl.datamodules.corpora.conll2002 import CoNLL2002DataModule
from lowner_pl.datamodules.corpora.conll2003 import CoNLL2003DataModule
from lowner_pl.datamodules.corpora.europeana import EuropeanaDataModule
from lowner_pl.datamodules.corpora.masakhaner import MasakhaNERDataModule
from lowner_pl.datamodules.corpora.msra import MSRADataModule
from lowner_pl.datamodules.corpora.sample import SampleDataModule
from lowner_pl.datamodules.corpora.wikiann import WikiANNDataModule
from lowner_pl.datamodules.episodic import EpisodicDataModule
from lowner_pl.datamodules.sentences import SentenceDataModule
from lowner_pl.datamodules.text import TextDataModule

__all__ = [
    "AnnotatedDataModule",
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
