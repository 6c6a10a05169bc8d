"""Untrained backbones with a tokenizer of their own, for pretraining, tests and benchmarks."""

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from transformers import PreTrainedModel, PreTrainedTokenizerFast

from lowner_pl.nn.backbones.making.fresh_tokenizer import (
    BYTES,
    Kind,
    fresh_tokenizer,
    special_tokens,
)
from lowner_pl.runs.ranges import check_range


def fresh_backbone(
    folder: Path | str,
    texts: Iterable[str],
    *,
    kind: Kind = "xlm-roberta",
    vocabulary: int = 1000,
    layers: int = 2,
    hidden: int = 64,
    heads: int = 4,
    positions: int = 512,
    seed: int = 0,
    dtype: torch.dtype = torch.float32,
) -> Path:
    """Train a tokenizer on ``texts``, initialise a masked language model, and save both.

    Args:
        folder: Output folder, loadable by ``AutoModelForMaskedLM.from_pretrained``.
        texts: Sentences for the tokenizer.
        kind: Architecture and tokenizer: XLM-R (sentence pieces), BERT (word pieces), ModernBERT
            (byte pairs), or ``multilingual``: the layers of ModernBERT with sentence pieces and
            bytes for whatever they do not cover, so that no script has unknown subwords.
        vocabulary: Maximum number of subwords, special tokens included.
        layers: Number of transformer layers.
        hidden: Hidden size H; a multiple of ``heads``.
        heads: Number of attention heads.
        positions: Maximum number of subwords in a window.
        seed: The same seed gives the same weights. The tokenizer is the same every time, except
            with word pieces (BERT): the library orders equally frequent ones at random.
        dtype: Number format on disk.

    Raises:
        ValueError: If a number is out of range; see `check_shape`.
    """
    from transformers.utils.logging import disable_progress_bar

    check_shape(
        kind=kind,
        vocabulary=vocabulary,
        layers=layers,
        hidden=hidden,
        heads=heads,
        positions=positions,
        seed=seed,
    )
    tokenizer = fresh_tokenizer(texts, kind=kind, vocabulary=vocabulary)
    tokenizer.model_max_length = positions
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _model(kind, tokenizer, layers, hidden, heads, positions)
    disable_progress_bar()  # for writing a file
    model.to(dtype).save_pretrained(folder)  # type: ignore[arg-type]
    tokenizer.save_pretrained(folder)
    return Path(folder)


def check_shape(
    *, kind: Kind, vocabulary: int, layers: int, hidden: int, heads: int, positions: int, seed: int
) -> None:
    """Check the numbers of a new backbone before any text is read; see `fresh_backbone`.

    Raises:
        ValueError: If one is out of range, or the model would not fit in memory.
    """
    fixed = len(special_tokens(kind)) + (0 if kind in ("xlm-roberta", "bert") else len(BYTES))
    check_range("layers", layers, 1, 1000)
    check_range("heads", heads, 1)
    check_range("hidden", hidden, 1, 10**6)
    # A window has at least one subword and the two special tokens around it.
    check_range("positions", positions, 3, 10**6)
    check_range("vocabulary", vocabulary, fixed + 1, 10**7)
    check_range("seed", seed, 0, 2**32 - 1)
    step = heads if kind in ("xlm-roberta", "bert") else 2 * heads
    if hidden % step:
        twice = "" if step == heads else "twice "
        raise ValueError(
            f"`hidden` is {hidden}, but it must be a multiple of {twice}`heads`, that is of {step}."
        )
    _check_memory(layers, hidden, positions)


def _check_memory(layers: int, hidden: int, positions: int) -> None:
    """Raise an error if the weights alone need more memory than this machine has."""
    needed = 4 * hidden * (12 * layers * hidden + positions)
    if not hasattr(os, "sysconf"):  # on Windows
        return
    available = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > available:
        raise ValueError(
            f"A model with {layers} `layers` and a `hidden` size of {hidden} needs about "
            f"{needed / 2**30:,.0f} GiB, but this machine has {available / 2**30:,.0f} GiB. "
            "Lower one of them."
        )


def _model(
    kind: Kind,
    tokenizer: PreTrainedTokenizerFast,
    layers: int,
    hidden: int,
    heads: int,
    positions: int,
) -> PreTrainedModel:
    """Create a masked language model with random weights."""
    from transformers import AutoConfig, AutoModelForMaskedLM

    shape: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "num_hidden_layers": layers,
        "hidden_size": hidden,
        "num_attention_heads": heads,
        "intermediate_size": 4 * hidden,
        "max_position_embeddings": positions,
        "pad_token_id": tokenizer.pad_token_id,
        "bos_token_id": tokenizer.cls_token_id,
        "eos_token_id": tokenizer.sep_token_id,
    }
    if kind == "xlm-roberta":
        shape["max_position_embeddings"] += tokenizer.pad_token_id + 1
        shape["type_vocab_size"] = 1
    if kind in ("modernbert", "multilingual"):
        shape["intermediate_size"] = 8 * round(4 * hidden * 2 / 3 / 8)  # a multiple of 8 is faster
        shape |= {"cls_token_id": tokenizer.cls_token_id, "sep_token_id": tokenizer.sep_token_id}
        # Local attention of 256 spans windows of 128 subwords completely.
        shape["local_attention"] = 32 if kind == "modernbert" else 256
        shape["tie_word_embeddings"] = True
    body = "modernbert" if kind == "multilingual" else kind
    model: PreTrainedModel = AutoModelForMaskedLM.from_config(AutoConfig.for_model(body, **shape))
    return model
