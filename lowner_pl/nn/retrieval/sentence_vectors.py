"""Sentence vectors from a pretrained backbone."""

import gc
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor

from lowner_pl.corpus import Sentence
from lowner_pl.encoding import WordEncoder, windows
from lowner_pl.nn.backbones.backbone import Backbone, max_positions
from lowner_pl.nn.backbones.identity import weights_identity
from lowner_pl.nn.backbones.loading import load_backbone
from lowner_pl.nn.retrieval.index import check_finite, fastest_device, full_precision
from lowner_pl.nn.retrieval.vector_cache import VectorCache, key_of

Pooling = Literal["first", "mean"]
FORMAT = 1
"""Version of the computation. Raise it when the same files and texts give different vectors."""
SUBWORDS_PER_BATCH = 8_192


class SentenceVectors:
    """Sentence vectors from the last layer of a pretrained backbone that was not fine-tuned.

    Of a sentence longer than a window, only the first window is read. The backbone is loaded when
    it is first needed and kept until `free` is called.

    Args:
        backbone: Hugging Face hub id or folder of a masked language model, or ``embedded``.
        pooling: ``first`` takes the hidden state of the first token (``[CLS]``; Wu et al., 2020,
            Eq. 5), ``mean`` the mean over all subwords except special tokens.
        max_length: Maximum number of subwords in a window, special tokens included. The backbone
            may have a lower limit.
        cache: Folder to cache vectors in; ``None`` for no cache.

    Raises:
        ValueError: If ``pooling`` has another value.
    """

    def __init__(
        self,
        backbone: str = "embedded",
        *,
        pooling: Pooling = "first",
        max_length: int = 512,
        cache: str | Path | None = None,
    ) -> None:
        if pooling not in get_args(Pooling):
            raise ValueError(f"`pooling` is {pooling!r}, but it must be 'first' or 'mean'.")
        self.backbone = backbone
        self.pooling = pooling
        self.max_length = max_length
        self.cache = None if cache is None else VectorCache(cache)
        self._identity: str | None = None
        self._loaded: tuple[Backbone, WordEncoder] | None = None

    def __call__(self, sentences: Sequence[Sentence], *, keep: bool = True) -> Tensor:
        """Compute the vectors of sentences. It saves time to pass each text only once.

        Args:
            sentences: The B sentences.
            keep: Whether to use the cache.

        Returns:
            32-bit floats on the CPU. Shape ``(B, H)``.

        Raises:
            FileNotFoundError: If the backbone can't be found.
            ValueError: If a vector is not finite, or the backbone is incomplete.
        """
        if self.cache is None or not keep:
            return self._embed(sentences)
        key = key_of(
            FORMAT,
            self._backbone_identity(),
            self.pooling,
            self.max_length,
            *(sentence.words for sentence in sentences),
        )
        return self.cache.get(key, len(sentences), lambda: self._embed(sentences))

    def free(self) -> None:
        """Release the backbone. It is loaded again when it is needed."""
        if self._loaded is not None:
            self._loaded = None
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def _backbone_identity(self) -> str:
        """Hash the backbone's files, downloading them first if necessary."""
        if self._identity is None:
            self._identity = weights_identity(self.backbone)
        if self._identity is None:
            self._model()
            self._identity = weights_identity(self.backbone)
        assert self._identity is not None
        return self._identity

    def _model(self) -> tuple[Backbone, WordEncoder]:
        """Load the backbone in evaluation mode, and make a word encoder for it."""
        if self._loaded is None:
            try:
                with torch.random.fork_rng(devices=[]):  # missing weights are random
                    backbone, _, tokenizer = load_backbone(self.backbone)
            except (FileNotFoundError, ValueError) as error:
                raise type(error)(f"`retrieval_backbone`: {error}") from error
            encoder = WordEncoder(
                tokenizer, max_length=min(self.max_length, max_positions(backbone))
            )
            self._loaded = backbone.eval().to(fastest_device()), encoder
        return self._loaded

    @torch.no_grad()
    def _embed(self, sentences: Sequence[Sentence]) -> Tensor:
        """Compute the vectors in batches of similar length."""
        backbone, encoder = self._model()
        encoder.remember(word for sentence in sentences for word in sentence.words)
        rows = [_first_window(sentence, encoder) for sentence in sentences]
        vectors = torch.empty(len(rows), backbone.hidden_size)
        with full_precision():
            for batch in _batches(rows):
                ids = torch.tensor([id_ for number in batch for id_ in rows[number]])
                lengths = tuple(len(rows[number]) for number in batch)
                hidden = backbone(ids.to(fastest_device()), lengths)
                vectors[torch.tensor(batch)] = self._pooled(hidden, lengths, encoder).cpu()
        check_finite(vectors)
        return vectors

    def _pooled(self, hidden: Tensor, lengths: tuple[int, ...], encoder: WordEncoder) -> Tensor:
        """Pool the hidden states ``(N, H)`` of R windows into vectors ``(R, H)``."""
        parts = hidden.split(lengths)
        if self.pooling == "first":
            return torch.stack([part[0] for part in parts])
        prefix, suffix = len(encoder.prefix), len(encoder.suffix)
        return torch.stack([part[prefix : len(part) - suffix].mean(0) for part in parts])


def _first_window(sentence: Sentence, encoder: WordEncoder) -> list[int]:
    """Encode the first window of a sentence, with special tokens."""
    # Every word has at least one subword, so later words can't be in the first window.
    pieces = [encoder.subwords(word) for word in sentence.words[: encoder.budget + 1]]
    sizes = [len(piece) for piece in pieces]
    window = next(iter(windows(sizes, budget=encoder.budget, context=encoder.context)))
    inner = [id_ for piece in pieces[: window.last] for id_ in piece]
    return [*encoder.prefix, *inner, *encoder.suffix]


def _batches(rows: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Yield batches of row indices, shortest rows first, with a limited number of subwords."""
    batch: list[int] = []
    used = 0
    for number in sorted(range(len(rows)), key=lambda number: len(rows[number])):
        if batch and used + len(rows[number]) > SUBWORDS_PER_BATCH:
            yield batch
            batch, used = [], 0
        batch.append(number)
        used += len(rows[number])
    if batch:
        yield batch
