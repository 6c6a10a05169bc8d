"""Floor 2: torch modules."""

from lowner_pl.nn.adaptation import Adaptation, adapted_weights
from lowner_pl.nn.backbone import Backbone, MaskedLMHead, max_positions
from lowner_pl.nn.crf import CRF
from lowner_pl.nn.heads import Average, CRFHead, Head, HeadName, SoftmaxHead, build_head
from lowner_pl.nn.inner_update import InnerUpdate, inner_update
from lowner_pl.nn.language_model import LSTMLanguageModel
from lowner_pl.nn.loading import (
    add_tokens,
    load_backbone,
    load_sequence_to_sequence,
    save_backbone,
    tokenizer_identity,
)
from lowner_pl.nn.retrieval import SentenceIndex
from lowner_pl.nn.retriever import Retriever
from lowner_pl.nn.sentence_vectors import Pooling, SentenceVectors
from lowner_pl.nn.shared_start import FirstGradient, SharedStart
from lowner_pl.nn.tagger import Tagger
from lowner_pl.nn.trial_optimizer import OptimizerFactory, trial_optimizer
from lowner_pl.nn.weights_identity import weights_identity
from lowner_pl.nn.word_vectors import BackboneVectors

__all__ = [
    "CRF",
    "Adaptation",
    "Average",
    "Backbone",
    "BackboneVectors",
    "CRFHead",
    "FirstGradient",
    "Head",
    "HeadName",
    "InnerUpdate",
    "LSTMLanguageModel",
    "MaskedLMHead",
    "OptimizerFactory",
    "Pooling",
    "Retriever",
    "SentenceIndex",
    "SentenceVectors",
    "SharedStart",
    "SoftmaxHead",
    "Tagger",
    "adapted_weights",
    "add_tokens",
    "build_head",
    "inner_update",
    "load_backbone",
    "load_sequence_to_sequence",
    "max_positions",
    "save_backbone",
    "tokenizer_identity",
    "trial_optimizer",
    "weights_identity",
]
