"""Floor 1: tagged sentences → new tagged sentences."""

from lowner_pl.augmentation.base import (
    DUPLICATE,
    DUPLICATE_OF_SOURCE,
    AugmentationReport,
    Augmenter,
    SeenSentences,
    only_new,
)
from lowner_pl.augmentation.code_mixing import (
    CodeMixing,
    EntitySimilarityCodeMixing,
    RandomCodeMixing,
)
from lowner_pl.augmentation.consistency import consistent
from lowner_pl.augmentation.labelled_text import (
    UNKNOWN,
    Token,
    TokenVocabulary,
    UnknownWords,
    labelled,
    parsed,
)
from lowner_pl.augmentation.substitution import LabelWiseSubstitution
from lowner_pl.augmentation.word_vectors import (
    VecFiles,
    VectorFunction,
    WordVectors,
    read_vectors,
)

__all__ = [
    "DUPLICATE",
    "DUPLICATE_OF_SOURCE",
    "UNKNOWN",
    "AugmentationReport",
    "Augmenter",
    "CodeMixing",
    "EntitySimilarityCodeMixing",
    "LabelWiseSubstitution",
    "RandomCodeMixing",
    "SeenSentences",
    "Token",
    "TokenVocabulary",
    "UnknownWords",
    "VecFiles",
    "VectorFunction",
    "WordVectors",
    "consistent",
    "labelled",
    "only_new",
    "parsed",
    "read_vectors",
]
