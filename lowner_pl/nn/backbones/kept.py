"""Backbones that a process keeps in memory, because it will load them again and again."""

import copy
import mmap
import os
from collections.abc import Callable

import torch
from torch import Tensor, nn
from transformers import PreTrainedModel, PreTrainedTokenizerBase

Loaded = tuple[PreTrainedModel, PreTrainedTokenizerBase, list[str]]
LARGE = 2**24  # bytes from which a weight is mapped instead of copied


class _State:
    """The backbones that are kept, by their source; ``None`` keeps none."""

    kept: dict[tuple[str, str], "_Kept"] | None = None


def keep() -> None:
    """Keep every backbone that is loaded from now on until the process ends."""
    _State.kept = {} if _State.kept is None else _State.kept


def loaded_once(source: str, family: str, load: Callable[[], Loaded]) -> Loaded:
    """Load a model and its tokenizer, or copy those that are kept.

    Args:
        source: A Hugging Face hub id or a folder.
        family: The class that loads it.
        load: Loads it.

    Returns:
        A model of its own for every caller. The tokenizer is shared; see `own_tokenizer`.
    """
    if _State.kept is None:
        return load()
    key = (source, family)
    if key not in _State.kept:
        _State.kept[key] = _Kept(*load())
    return _State.kept[key].copied()


def own_tokenizer(tokenizer: PreTrainedTokenizerBase) -> PreTrainedTokenizerBase:
    """Copy a tokenizer that is about to change if others share it."""
    kept = (_State.kept or {}).values()
    return copy.deepcopy(tokenizer) if any(tokenizer is k.tokenizer for k in kept) else tokenizer


class _Kept:
    """A model whose large weights lie in a file in memory.

    Copies map that file, and the system copies only the pages that training changes: most rows of a
    large vocabulary never change.
    """

    def __init__(
        self, model: PreTrainedModel, tokenizer: PreTrainedTokenizerBase, missing: list[str]
    ) -> None:
        self.tokenizer = tokenizer
        self.missing = missing
        self._mapped: dict[int, _Mapped] = {}
        if hasattr(os, "memfd_create"):
            for weight in model.parameters():
                if weight.numel() * weight.element_size() >= LARGE and not weight.is_meta:
                    self._mapped[id(weight)] = mapped = _Mapped(weight.detach())
                    weight.data = mapped.tensor()
        self._model = model

    def copied(self) -> Loaded:
        """Return a copy of the model, with the shared tokenizer."""
        memo: dict[int, object] = {}
        for weight in self._model.parameters():
            if (mapped := self._mapped.get(id(weight))) is not None:
                memo[id(weight)] = nn.Parameter(mapped.tensor(), weight.requires_grad)
        return copy.deepcopy(self._model, memo), self.tokenizer, list(self.missing)


class _Mapped:
    """A tensor in an anonymous file."""

    def __init__(self, tensor: Tensor) -> None:
        self.shape, self.dtype = tensor.shape, tensor.dtype
        self.bytes = tensor.numel() * tensor.element_size()
        self._file = os.memfd_create("backbone")
        os.truncate(self._file, self.bytes)
        with mmap.mmap(self._file, self.bytes) as shared:
            torch.frombuffer(shared, dtype=self.dtype).view(self.shape).copy_(tensor)

    def tensor(self) -> Tensor:
        """Return a tensor that can be changed without changing others."""
        private = mmap.mmap(self._file, self.bytes, access=mmap.ACCESS_COPY)
        return torch.frombuffer(private, dtype=self.dtype).view(self.shape)
