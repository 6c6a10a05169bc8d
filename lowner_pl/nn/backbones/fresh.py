"""Untrained backbones with a tokenizer of their own, for pre-training, tests and benchmarks."""

import json
import os
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
_RARE_STEP = 0.0001  # by which the trainer of `tokenizers` tells rare characters apart


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
        seed: The same seed gives the same weights. The tokenizer is the same every time, but for
            word pieces (BERT), where the library draws the order of equally frequent ones.
        dtype: Type of the numbers on disk.

    Raises:
        ValueError: If a number is out of its range; see `check_shape`.
    """
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
    model.to(dtype).save_pretrained(folder)  # type: ignore[arg-type]
    tokenizer.save_pretrained(folder)
    return Path(folder)


def check_shape(
    *, kind: Kind, vocabulary: int, layers: int, hidden: int, heads: int, positions: int, seed: int
) -> None:
    """Refuse numbers that no text could make a backbone of; see `fresh_backbone`.

    Raises:
        ValueError: If one is out of its range.
    """
    fixed = len(_special_tokens(kind)) + (0 if kind in ("xlm-roberta", "bert") else len(BYTES))
    numbers = {"layers": layers, "heads": heads, "hidden": hidden}
    least = {name: (number, 1) for name, number in numbers.items()}
    # A window is at least one subword and the two special tokens around it.
    least |= {"positions": (positions, 3), "vocabulary": (vocabulary, fixed + 1), "seed": (seed, 0)}
    for name, (number, lowest) in least.items():
        if number < lowest:
            raise ValueError(f"`{name}` must be at least {lowest}, was: {number}.")
    most = {"vocabulary": (vocabulary, 10**7), "layers": (layers, 1000), "hidden": (hidden, 10**6)}
    most |= {"positions": (positions, 10**6), "seed": (seed, 2**32 - 1)}
    for name, (number, highest) in most.items():
        if number > highest:
            raise ValueError(f"`{name}` must be at most {highest}, was: {number}.")
    step = heads if kind in ("xlm-roberta", "bert") else 2 * heads
    if hidden % step:
        half = "" if step == heads else "twice "
        raise ValueError(f"`hidden` must be a multiple of {half}`heads`, {step}, was: {hidden}.")
    _check_memory(layers, hidden, positions)


def _check_memory(layers: int, hidden: int, positions: int) -> None:
    """Refuse a model whose weights alone are larger than the memory of this machine."""
    needed = 4 * hidden * (12 * layers * hidden + positions)
    if not hasattr(os, "sysconf"):  # on Windows
        return
    there = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if needed > there:
        raise ValueError(
            f"A model of {layers} `layers` and a `hidden` size of {hidden} takes about "
            f"{needed / 2**30:,.0f} GiB, but this machine has {there / 2**30:,.0f} GiB of memory. "
            "Lower one of them."
        )


def fresh_tokenizer(
    texts: Iterable[str], *, kind: Kind, vocabulary: int
) -> PreTrainedTokenizerFast:
    """Train a fast tokenizer of a kind on ``texts``.

    Raises:
        ValueError: If the vocabulary cannot hold the characters of the text.
    """
    too_small = (
        f"`vocabulary` must hold every character of the text, was: {vocabulary}, which is too "
        f"small for it as {kind!r}. Raise it."
    )
    try:
        tokenizer = _trained(texts, kind, vocabulary)
    except Exception as error:  # `tokenizers` knows no other
        if "not large enough" not in str(error):
            raise
        raise ValueError(too_small) from error
    if len(tokenizer) > vocabulary:
        raise ValueError(too_small)
    return tokenizer


def _trained(texts: Iterable[str], kind: Kind, vocabulary: int) -> PreTrainedTokenizerFast:
    """Return the trained tokenizer."""
    names = _special_tokens(kind)
    core, trainer = _untrained(kind, vocabulary, names)
    if kind == "multilingual":
        texts = _without_rare_characters(texts)
    core.train_from_iterator(texts, trainer)
    if kind in ("xlm-roberta", "multilingual"):
        unknown = names["unk_token"]
        core.model = _unigram(core, specials=len(names), unknown=unknown, kind=kind)
    if kind == "multilingual":
        core.decoder = decoders.Sequence(
            [decoders.ByteFallback(), decoders.Metaspace(), decoders.Fuse()]
        )
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


def _unigram(core: Tokenizer, *, specials: int, unknown: str, kind: Kind) -> models.Unigram:
    """Return the trained sentence pieces in an order and with scores that are the same every run.

    The trainer sums in the order of a hash table, and gives characters that only bytes or the
    unknown token would spell rising scores in that order: here all of them get the least.

    Args:
        core: The tokenizer.
        specials: How many special tokens it begins with.
        unknown: Its unknown token.
        kind: ``multilingual`` gets the 256 bytes behind the special tokens, as a last resort.
    """
    vocabulary = [(p, round(score, 6)) for p, score in json.loads(core.to_str())["model"]["vocab"]]
    first, learnt = vocabulary[:specials], vocabulary[specials:]
    least = min(score for _, score in learnt)
    rare = least + _RARE_STEP * sum(len(piece) == 1 for piece, _ in learnt)
    even = [(p, least if len(p) == 1 and score <= rare else score) for p, score in learnt]
    if kind == "multilingual":
        first += [(piece, least - 10.0) for piece in BYTES]
    pieces = first + sorted(even, key=lambda piece: (-piece[1], piece[0]))
    unknown_id = [piece for piece, _ in pieces].index(unknown)
    return models.Unigram(pieces, unk_id=unknown_id, byte_fallback=kind == "multilingual")


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
