"""Floor 2: torch modules."""

from lowner_pl.nn.backbone import Backbone, MaskedLMHead, max_positions
from lowner_pl.nn.crf import CRF
from lowner_pl.nn.heads import CRFHead, Head, HeadName, SoftmaxHead, build_head
from lowner_pl.nn.language_model import LSTMLanguageModel
from lowner_pl.nn.loading import load_backbone, save_backbone
from lowner_pl.nn.tagger import Tagger
from lowner_pl.nn.word_vectors import BackboneVectors

__all__ = [
    "CRF",
    "Backbone",
    "BackboneVectors",
    "CRFHead",
    "Head",
    "HeadName",
    "LSTMLanguageModel",
    "MaskedLMHead",
    "SoftmaxHead",
    "Tagger",
    "build_head",
    "load_backbone",
    "max_positions",
    "save_backbone",
]
