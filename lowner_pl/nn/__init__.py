"""Torch modules: backbones, taggers, meta-learning, retrieval and generation (floor 2)."""

from lowner_pl.nn.backbones.backbone import Backbone, max_positions
from lowner_pl.nn.backbones.files.weights_file import add_checksums, verify_file
from lowner_pl.nn.backbones.identity import tokenizer_identity, weights_identity
from lowner_pl.nn.backbones.loading import load_backbone, load_sequence_to_sequence, load_tokenizer
from lowner_pl.nn.backbones.masked_head import MaskedLMHead
from lowner_pl.nn.backbones.new_tokens import add_tokens
from lowner_pl.nn.backbones.packed_model import staying_packed
from lowner_pl.nn.backbones.packed_table import PackedTable
from lowner_pl.nn.backbones.saving import make_plain, save_backbone
from lowner_pl.nn.backbones.training.dropout import set_dropout
from lowner_pl.nn.backbones.training.sampled_softmax import SampledSoftmax, check_sampling
from lowner_pl.nn.backbones.training.teacher import Teacher, unexplained_variance
from lowner_pl.nn.backbones.word_vectors import BackboneVectors
from lowner_pl.nn.generation.language_model import LSTMLanguageModel
from lowner_pl.nn.meta.adaptation import Adaptation, adapted_weights
from lowner_pl.nn.meta.inner_update import (
    InnerUpdate,
    OptimizerFactory,
    inner_update,
    trial_optimizer,
)
from lowner_pl.nn.retrieval.index import SentenceIndex
from lowner_pl.nn.retrieval.retriever import Retriever
from lowner_pl.nn.retrieval.sentence_vectors import Pooling, SentenceVectors
from lowner_pl.nn.tagging.calibration import Temperature, fit_temperature
from lowner_pl.nn.tagging.confidence import entity_confidences, log_likelihoods
from lowner_pl.nn.tagging.crf import CRF
from lowner_pl.nn.tagging.dev_paths import DevPath, DevPaths
from lowner_pl.nn.tagging.heads import (
    Average,
    Chain,
    CRFHead,
    Head,
    HeadName,
    SoftmaxHead,
    build_head,
)
from lowner_pl.nn.tagging.tagger import Tagger
from lowner_pl.nn.tagging.uncertainty import (
    Uncertainty,
    dropout_on,
    has_dropout,
    mutual_information,
    uncertainty,
    word_probabilities,
)

__all__ = [
    "CRF",
    "Adaptation",
    "Average",
    "Backbone",
    "BackboneVectors",
    "CRFHead",
    "Chain",
    "DevPath",
    "DevPaths",
    "Head",
    "HeadName",
    "InnerUpdate",
    "LSTMLanguageModel",
    "MaskedLMHead",
    "OptimizerFactory",
    "PackedTable",
    "Pooling",
    "Retriever",
    "SampledSoftmax",
    "SentenceIndex",
    "SentenceVectors",
    "SoftmaxHead",
    "Tagger",
    "Teacher",
    "Temperature",
    "Uncertainty",
    "adapted_weights",
    "add_checksums",
    "add_tokens",
    "build_head",
    "check_sampling",
    "dropout_on",
    "entity_confidences",
    "fit_temperature",
    "has_dropout",
    "inner_update",
    "load_backbone",
    "load_sequence_to_sequence",
    "load_tokenizer",
    "log_likelihoods",
    "make_plain",
    "max_positions",
    "mutual_information",
    "save_backbone",
    "set_dropout",
    "staying_packed",
    "tokenizer_identity",
    "trial_optimizer",
    "uncertainty",
    "unexplained_variance",
    "verify_file",
    "weights_identity",
    "word_probabilities",
]
