"""How often the subwords of a backbone occur in raw text, language by language."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from tokenizers import normalizers

from lowner_pl.corpus import Sentence
from lowner_pl.encoding import WordEncoder

_LINES = 2_000  # tokenised at once


class LanguageText(NamedTuple):
    """Raw text of a language.

    Attributes:
        size: Number of lines that the language weighs by, at least 1.
        lines: Lines to count, all of them or some.
        held_out: Other lines, to see what a smaller vocabulary costs.
    """

    size: int
    lines: Iterable[Sentence]
    held_out: Sequence[Sentence]


class Counts(NamedTuple):
    """What occurs in the text of a language.

    Attributes:
        subwords: How often each subword occurs. Shape ``(V,)``.
        characters: How often each character occurs, as the tokenizer normalises it.
    """

    subwords: npt.NDArray[np.int64]
    characters: Counter[str]


def counted(encoder: WordEncoder, lines: Iterable[Sentence]) -> Counts:
    """Count subwords and characters.

    Args:
        encoder: The encoder of the backbone.
        lines: The text.
    """
    subwords = np.zeros(max(encoder.tokenizer.get_vocab().values()) + 1, dtype=np.int64)
    characters: Counter[str] = Counter()
    normalizer: normalizers.Normalizer | None = encoder.tokenizer.backend_tokenizer.normalizer
    rest = iter(lines)
    while some := list(islice(rest, _LINES)):
        ids = np.fromiter((i for line in encoder.lines(some) for i in line), dtype=np.int64)
        subwords += np.bincount(ids, minlength=len(subwords))
        for line in some:
            text = " ".join(line.words)
            characters.update(text if normalizer is None else normalizer.normalize_str(text))
    return Counts(subwords, characters)


def mixture(
    subwords: Mapping[str, npt.NDArray[np.int64]], sizes: Mapping[str, int], *, exponent: float
) -> npt.NDArray[np.float64]:
    r"""Compute each subword's share of the running subwords in a mixture of languages.

    With :math:`n_l` lines, language :math:`l` weighs :math:`n_l^\alpha`, as in `language_counts`:

    .. math:: p_i = \sum_l \frac{n_l^\alpha}{\sum_k n_k^\alpha} \frac{c_{li}}{\sum_j c_{lj}}

    Args:
        subwords: How often each subword occurs in each language, :math:`c_{li}`. Shape ``(V,)``.
        sizes: Number of lines of each language.
        exponent: The exponent :math:`\alpha`: 1 is proportional to size, 0 is uniform.

    Returns:
        The shares, which add up to 1. Shape ``(V,)``.
    """
    weights = {language: size**exponent for language, size in sizes.items()}
    total = sum(weights.values())
    parts = [weights[name] / total * (row / max(row.sum(), 1)) for name, row in subwords.items()]
    return np.asarray(np.sum(parts, axis=0), dtype=np.float64)
