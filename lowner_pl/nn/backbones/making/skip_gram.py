"""Skip-gram vectors as the initial input embeddings of a backbone."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

DEVIATION = 0.1
"""Standard deviation of the vectors. The backbone also scores its vocabulary with them: with the
0.02 of BERT all scores are nearly equal at first, and learning starts late."""


def word2vec() -> Any:
    """Import the class of `gensim` that trains the vectors. The package has no type hints.

    Raises:
        ValueError: If `gensim` is not installed.
    """
    try:
        from gensim.models import Word2Vec
    except ImportError as error:
        raise ValueError(
            "Skip-gram vectors need the package `gensim`, which is not installed. Run "
            "`pip install 'lowner_pl[pretrain]'`."
        ) from error
    return Word2Vec


def skip_gram_vectors(
    lines: Iterable[list[int]], *, vocabulary: int, size: int, epochs: int = 3, seed: int = 0
) -> Tensor:
    """Train skip-gram vectors of subwords with standard deviation 0.1. Shape ``(V, size)``.

    Skip-gram with negative sampling (`Mikolov et al., 2013 <https://arxiv.org/abs/1310.4546>`_),
    as in `gensim`. The vectors are centred. Rows of subwords that do not occur are drawn from a
    normal distribution. The same seed gives the same vectors.

    Args:
        lines: Subword ids of each sentence.
        vocabulary: Number of subwords V.
        size: Length of a vector.
        epochs: Passes over the lines.
        seed: Random seed.

    Raises:
        ValueError: If `gensim` is not installed.
    """
    named = [[str(subword) for subword in line] for line in lines]
    model = word2vec()(
        named, vector_size=size, sg=1, min_count=1, workers=1, seed=seed, epochs=epochs
    )
    found = torch.tensor([int(name) for name in model.wv.index_to_key])
    table = torch.randn(vocabulary, size, generator=torch.Generator().manual_seed(seed)) * DEVIATION
    vectors = torch.from_numpy(model.wv.vectors.copy())
    vectors -= vectors.mean(0)
    table[found] = vectors * (DEVIATION / (vectors.square().mean().sqrt() + math.ulp(1.0)))
    return table


def start_from_vectors(folder: Path | str, vectors: Tensor) -> None:
    """Replace the input embeddings of the backbone in ``folder``.

    Raises:
        ValueError: If the vectors do not have the shape of the embeddings.
    """
    from transformers import AutoModelForMaskedLM

    model = AutoModelForMaskedLM.from_pretrained(folder)
    weight = model.get_input_embeddings().weight
    if weight.shape != vectors.shape:
        raise ValueError(
            f"The vectors have shape {tuple(vectors.shape)}, but the embeddings of the backbone "
            f"have shape {tuple(weight.shape)}."
        )
    with torch.no_grad():
        weight.copy_(vectors)
    model.save_pretrained(folder)
