"""Untrained backbones with a tokenizer of their own, for pre-training, tests and benchmarks."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, assert_never

import torch
from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedModel, PreTrainedTokenizerFast

Kind = Literal["xlm-roberta", "bert", "modernbert"]


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
        folder: Where to write; loadable by ``AutoModelForMaskedLM.from_pretrained``.
        texts: Sentences for the tokenizer.
        kind: Architecture and tokenizer: XLM-R (sentence pieces), BERT (word pieces) or ModernBERT
            (byte pairs).
        vocabulary: Subwords at most, special tokens included.
        layers: Transformer layers.
        hidden: Width H; a multiple of ``heads``.
        heads: Attention heads.
        positions: Subwords in a window at most.
        seed: The same seed gives the same weights.
        dtype: Type of the numbers on disk.
    """
    tokenizer = fresh_tokenizer(texts, kind=kind, vocabulary=vocabulary)
    tokenizer.model_max_length = positions
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = _model(kind, tokenizer, layers, hidden, heads, positions)
    model.to(dtype).save_pretrained(folder)  # type: ignore[arg-type]
    tokenizer.save_pretrained(folder)
    return Path(folder)


def fresh_tokenizer(
    texts: Iterable[str], *, kind: Kind, vocabulary: int
) -> PreTrainedTokenizerFast:
    """Train a fast tokenizer of a kind on ``texts``."""
    names = _special_tokens(kind)
    specials = list(names.values())
    match kind:
        case "xlm-roberta":
            core = Tokenizer(models.Unigram())
            core.normalizer = normalizers.NFKC()
            core.pre_tokenizer = pre_tokenizers.Metaspace()
            core.decoder = decoders.Metaspace()
            trainer: Any = trainers.UnigramTrainer(
                vocab_size=vocabulary,
                special_tokens=specials,
                unk_token=names["unk_token"],
                show_progress=False,
            )
        case "bert":
            core = Tokenizer(models.WordPiece(unk_token=names["unk_token"]))
            core.normalizer = normalizers.BertNormalizer(lowercase=False)
            core.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
            core.decoder = decoders.WordPiece()
            trainer = trainers.WordPieceTrainer(
                vocab_size=vocabulary, special_tokens=specials, show_progress=False
            )
        case "modernbert":
            core = Tokenizer(models.BPE())
            core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
            core.decoder = decoders.ByteLevel()
            trainer = trainers.BpeTrainer(
                vocab_size=vocabulary,
                special_tokens=specials,
                initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
                show_progress=False,
            )
        case _:
            assert_never(kind)
    core.train_from_iterator(texts, trainer)
    first, last = names["cls_token"], names["sep_token"]
    core.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}",
        pair=f"{first} $A {last} $B {last}",
        special_tokens=[(token, core.token_to_id(token)) for token in (first, last)],
    )
    return PreTrainedTokenizerFast(tokenizer_object=core, **names)


def _special_tokens(kind: Kind) -> dict[str, str]:
    """Return the special tokens of a kind, in the order of their ids."""
    if kind == "xlm-roberta":
        return {
            "cls_token": "<s>",
            "pad_token": "<pad>",
            "sep_token": "</s>",
            "unk_token": "<unk>",
            "mask_token": "<mask>",
        }
    return {
        "pad_token": "[PAD]",
        "unk_token": "[UNK]",
        "cls_token": "[CLS]",
        "sep_token": "[SEP]",
        "mask_token": "[MASK]",
    }


def _model(
    kind: Kind,
    tokenizer: PreTrainedTokenizerFast,
    layers: int,
    hidden: int,
    heads: int,
    positions: int,
) -> PreTrainedModel:
    """Return a masked language model with random weights."""
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
    if kind == "modernbert":
        shape["intermediate_size"] = round(4 * hidden * 2 / 3)
        shape |= {"cls_token_id": tokenizer.cls_token_id, "sep_token_id": tokenizer.sep_token_id}
        shape |= {"local_attention": 32, "tie_word_embeddings": True}
    model: PreTrainedModel = AutoModelForMaskedLM.from_config(AutoConfig.for_model(kind, **shape))
    return model
