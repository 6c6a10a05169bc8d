"""Untrained backbones with a tokenizer of their own, for pre-training, tests and benchmarks."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
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

Kind = Literal["xlm-roberta", "bert", "modernbert", "multilingual"]
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
"""The subwords that spell what the vocabulary does not hold, byte by byte."""


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
        kind: Architecture and tokenizer: XLM-R (sentence pieces), BERT (word pieces), ModernBERT
            (byte pairs), or ``multilingual``: ModernBERT's layers under sentence pieces that
            spell what they do not hold byte by byte, so that no script has unknown subwords.
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
    core, trainer = _untrained(kind, vocabulary, names)
    if kind == "multilingual":
        core.train_from_iterator(_without_rare_characters(texts), trainer)
        core.model = _with_bytes(core, first=len(specials), unknown=names["unk_token"])
        core.decoder = decoders.Sequence(
            [decoders.ByteFallback(), decoders.Metaspace(), decoders.Fuse()]
        )
    else:
        core.train_from_iterator(texts, trainer)
    first, last = names["cls_token"], names["sep_token"]
    core.post_processor = processors.TemplateProcessing(
        single=f"{first} $A {last}",
        pair=f"{first} $A {last} $B {last}",
        special_tokens=[(token, core.token_to_id(token)) for token in (first, last)],
    )
    return PreTrainedTokenizerFast(tokenizer_object=core, **names)


def _untrained(kind: Kind, vocabulary: int, names: dict[str, str]) -> tuple[Tokenizer, Any]:
    """Return the tokenizer of a kind before it has seen text, and what trains it."""
    specials = list(names.values())
    match kind:
        case "xlm-roberta" | "multilingual":
            core = Tokenizer(models.Unigram())
            core.normalizer = normalizers.NFKC()
            core.pre_tokenizer = pre_tokenizers.Metaspace()
            core.decoder = decoders.Metaspace()
            trainer: Any = trainers.UnigramTrainer(
                vocab_size=vocabulary - (len(BYTES) if kind == "multilingual" else 0),
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
    return core, trainer


def _without_rare_characters(texts: Iterable[str], coverage: float = 0.9995) -> Iterator[str]:
    """Yield the texts without their rarest characters, which bytes will spell.

    A sentence-piece model gives every character of its text a subword; in many scripts, the rare
    ones would fill the vocabulary.
    """
    lines = list(texts)
    counts = Counter(character for line in lines for character in line)
    left = coverage * counts.total()
    kept = set()
    for character, count in counts.most_common():
        if left <= 0:
            break
        kept.add(character)
        left -= count
    for line in lines:
        yield "".join(character for character in line if character in kept)


def _with_bytes(core: Tokenizer, *, first: int, unknown: str) -> models.Unigram:
    """Return the trained model with the 256 bytes from id ``first``, as a last resort."""
    pieces = [(piece, score) for piece, score in json.loads(core.to_str())["model"]["vocab"]]
    least = min(score for _, score in pieces) - 10.0
    pieces[first:first] = [(piece, least) for piece in BYTES]
    names = [piece for piece, _ in pieces]
    return models.Unigram(pieces, unk_id=names.index(unknown), byte_fallback=True)


def _special_tokens(kind: Kind) -> dict[str, str]:
    """Return the special tokens of a kind, in the order of their ids."""
    if kind in ("xlm-roberta", "multilingual"):
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
    if kind in ("modernbert", "multilingual"):
        shape["intermediate_size"] = 8 * round(4 * hidden * 2 / 3 / 8)  # matrices like multiples
        shape |= {"cls_token_id": tokenizer.cls_token_id, "sep_token_id": tokenizer.sep_token_id}
        # A window of 128 subwords sees itself whole in the layers of local attention, too.
        shape["local_attention"] = 32 if kind == "modernbert" else 256
        shape["tie_word_embeddings"] = True
    body = "modernbert" if kind == "multilingual" else kind
    model: PreTrainedModel = AutoModelForMaskedLM.from_config(AutoConfig.for_model(body, **shape))
    return model
