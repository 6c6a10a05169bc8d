"""Floor 1: augmentations, which turn tagged sentences into new tagged sentences."""

from lowner_pl.augmentation.base import Augmenter
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
    "UNKNOWN",
    "Augmenter",
    "CodeMixing",
    "EntitySimilarityCodeMixing",
    "LabelWiseSubstitution",
    "RandomCodeMixing",
    "Token",
    "TokenVocabulary",
    "UnknownWords",
    "VecFiles",
    "VectorFunction",
    "WordVectors",
    "consistent",
    "labelled",
    "parsed",
    "read_vectors",
]
