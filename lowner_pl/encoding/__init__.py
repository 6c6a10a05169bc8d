"""Floor 1: sentences to tensors."""

from lowner_pl.encoding.batch import Batch
from lowner_pl.encoding.masking import mask_subwords, mask_words
from lowner_pl.encoding.packing import pack_lines, unspelt_share
from lowner_pl.encoding.windows import Window, windows
from lowner_pl.encoding.word_encoder import RANDOM_MARKER, Marker, WordEncoder

__all__ = [
    "RANDOM_MARKER",
    "Batch",
    "Marker",
    "Window",
    "WordEncoder",
    "mask_subwords",
    "mask_words",
    "pack_lines",
    "unspelt_share",
    "windows",
]
