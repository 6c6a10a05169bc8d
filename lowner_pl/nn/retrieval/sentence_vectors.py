"""Vectors of sentences, as a pre-trained backbone gives them."""

import gc
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Literal, get_args

import torch
from torch import Tensor

from lowner_pl.corpus import Sentence
from lowner_pl.encoding import WordEncoder, windows
from lowner_pl.nn.backbones.backbone import Backbone, max_positions
from lowner_pl.nn.backbones.compute import fastest_device, full_precision
from lowner_pl.nn.backbones.loading import load_backbone
from lowner_pl.nn.backbones.weights_identity import weights_identity
from lowner_pl.nn.retrieval.index import check_finite
from lowner_pl.nn.retrieval.vector_cache import VectorCache, key_of

Pooling = Literal["first", "mean"]
FORMAT = 1
"""To be raised when the same files and texts give other vectors."""
SUBWORDS_AT_A_TIME = 8_192


class SentenceVectors:
    """The last hidden states of a backbone that nothing was fine-tuned in, one vector a sentence.

    A sentence that is longer than a window is read by its first window. The backbone is loaded
    when it is first needed, and kept until `free`.

    Args:
        backbone: Hugging Face hub id or folder of a masked language model, or ``embedded``.
        pooling: ``first`` takes the hidden state of the first token (``[CLS]``; Wu et al., 2020,
            Eq. 5), ``mean`` that of all subwords but the special tokens.
        max_length: Subwords in a window, special tokens included; the backbone's limit where lower.
        cache: Folder in which vectors are kept; without, or with ``None``, they are not.

    Raises:
        ValueError: If ``pooling`` is neither.
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
            raise ValueError(f"`pooling` must be one of {get_args(Pooling)}, was: {pooling!r}.")
        self.backbone = backbone
        self.pooling = pooling
        self.max_length = max_length
        self.cache = None if cache is None else VectorCache(cache)
        self._identity: str | None = None
        self._loaded: tuple[Backbone, WordEncoder] | None = None

    def __call__(self, sentences: Sequence[Sentence], *, keep: bool = True) -> Tensor:
        """Return the vectors of some sentences, best of different words.

        Args:
            sentences: The B sentences.
            keep: Whether they are looked for in the cache, and kept there.

        Returns:
            32-bit floats on the host. Shape ``(B, H)``.

        Raises:
            FileNotFoundError: If the backbone is not there.
            ValueError: If a vector is not finite, or the backbone is not whole.
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
        """Let go of the backbone; it is loaded again when it is needed again."""
        if self._loaded is not None:
            self._loaded = None
            gc.collect()
            if torch.cuda.is_available():
                torch.cuda.empty_cache()

    def _backbone_identity(self) -> str:
        """Return what tells backbones apart; one that is nowhere yet is loaded first."""
        if self._identity is None:
            self._identity = weights_identity(self.backbone)
        if self._identity is None:
            self._model()
            self._identity = weights_identity(self.backbone)
        assert self._identity is not None
        return self._identity

    def _model(self) -> tuple[Backbone, WordEncoder]:
        """Return the backbone in evaluation mode and what encodes for it."""
        if self._loaded is None:
            try:
                with torch.random.fork_rng(devices=[]):  # weights that a file lacks are drawn
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
        """Return the vectors of sentences, computed in batches of like length."""
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
        """Return one vector ``(R, H)`` for each of R windows of hidden states ``(N, H)``."""
        parts = hidden.split(lengths)
        if self.pooling == "first":
            return torch.stack([part[0] for part in parts])
        begin, behind = len(encoder.prefix), len(encoder.suffix)
        return torch.stack([part[begin : len(part) - behind].mean(0) for part in parts])


def _first_window(sentence: Sentence, encoder: WordEncoder) -> list[int]:
    """Return the subwords of the first window of a sentence, with special tokens."""
    # A word has a subword at least: words beyond the budget are in no first window.
    pieces = [encoder.subwords(word) for word in sentence.words[: encoder.budget + 1]]
    sizes = [len(piece) for piece in pieces]
    window = next(iter(windows(sizes, budget=encoder.budget, context=encoder.context)))
    inner = [id_ for piece in pieces[: window.last] for id_ in piece]
    return [*encoder.prefix, *inner, *encoder.suffix]


def _batches(rows: Sequence[Sequence[int]]) -> Iterator[list[int]]:
    """Yield the numbers of rows, shortest first, in batches of so many subwords."""
    batch: list[int] = []
    used = 0
    for number in sorted(range(len(rows)), key=lambda number: len(rows[number])):
        if batch and used + len(rows[number]) > SUBWORDS_AT_A_TIME:
            yield batch
            batch, used = [], 0
        batch.append(number)
        used += len(rows[number])
    if batch:
        yield batch
