"""Floor 1: encoding, which turns sentences into tensors."""

from lowner_pl.encoding.batch import Batch
from lowner_pl.encoding.coverage import Coverage, coverage
from lowner_pl.encoding.linearization import (
    LinearEncoder,
    Linearization,
    MaskedRow,
    Unit,
    delinearize,
    label_token,
    language_token,
    linearize,
)
from lowner_pl.encoding.masking import (
    gaussian_mask,
    mask_entities,
    mask_entity_words,
    mask_subwords,
    mask_words,
)
from lowner_pl.encoding.packing import pack_lines, unspelt_share
from lowner_pl.encoding.spelling import Kind, Spelling
from lowner_pl.encoding.windows import Window, windows
from lowner_pl.encoding.word_encoder import RANDOM_MARKER, Marker, WordEncoder

__all__ = [
    "RANDOM_MARKER",
    "Batch",
    "Coverage",
    "Kind",
    "LinearEncoder",
    "Linearization",
    "Marker",
    "MaskedRow",
    "Spelling",
    "Unit",
    "Window",
    "WordEncoder",
    "coverage",
    "delinearize",
    "gaussian_mask",
    "label_token",
    "language_token",
    "linearize",
    "mask_entities",
    "mask_entity_words",
    "mask_subwords",
    "mask_words",
    "pack_lines",
    "unspelt_share",
    "windows",
]
