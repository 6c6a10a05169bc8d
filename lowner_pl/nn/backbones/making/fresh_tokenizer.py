"""Tokenizers trained on raw text, for backbones that start from scratch."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Literal, assert_never

from tokenizers import (
    Tokenizer,
    decoders,
    models,
    normalizers,
    pre_tokenizers,
    processors,
    trainers,
)
from transformers import PreTrainedTokenizerFast

Kind = Literal["xlm-roberta", "bert", "modernbert", "multilingual"]
BYTES = tuple(f"<0x{byte:02X}>" for byte in range(256))
"""Subwords that spell, byte by byte, what the vocabulary does not cover."""
_RARE_STEP = 0.0001  # the trainer of `tokenizers` ranks rare characters in steps of this score


def fresh_tokenizer(
    texts: Iterable[str], *, kind: Kind, vocabulary: int
) -> PreTrainedTokenizerFast:
    """Train a fast tokenizer on ``texts``.

    Args:
        texts: The sentences.
        kind: Type of subwords; see `fresh_backbone`.
        vocabulary: Maximum number of subwords, special tokens included.

    Raises:
        ValueError: If the vocabulary is too small for the characters of the text.
    """
    too_small = (
        f"`vocabulary` is {vocabulary}, which is too small for the characters of the text with "
        f"{kind!r}. Raise it."
    )
    try:
        tokenizer = _trained(texts, kind, vocabulary)
    except Exception as error:  # `tokenizers` has no exception of its own
        if "not large enough" not in str(error):
            raise
        raise ValueError(too_small) from error
    if len(tokenizer) > vocabulary:
        raise ValueError(too_small)
    return tokenizer


def _trained(texts: Iterable[str], kind: Kind, vocabulary: int) -> PreTrainedTokenizerFast:
    """Train a tokenizer and add the special tokens."""
    names = special_tokens(kind)
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


def _untrained(
    kind: Kind, vocabulary: int, names: dict[str, str]
) -> tuple[Tokenizer, trainers.Trainer]:
    """Create an untrained tokenizer and its trainer."""
    specials = list(names.values())
    match kind:
        case "xlm-roberta" | "multilingual":
            core = Tokenizer(models.Unigram())
            core.normalizer = normalizers.NFKC()
            core.pre_tokenizer = pre_tokenizers.Metaspace()
            core.decoder = decoders.Metaspace()
            trainer: trainers.Trainer = trainers.UnigramTrainer(
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
    """Yield the texts without their rarest characters, which will be spelt with bytes.

    A sentence-piece model has a subword for every character of its text. With many scripts, the
    rare ones would fill the vocabulary.
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
    """Make trained sentence pieces reproducible, with the same order and scores in every run.

    The trainer sums in the order of a hash table, and gives characters that would otherwise be
    unknown (or spelt with bytes) increasing scores in that order. Here they all get the lowest one.

    Args:
        core: The tokenizer.
        specials: Number of special tokens, which come first.
        unknown: The unknown token.
        kind: ``multilingual`` gets the 256 bytes after the special tokens, as a last resort.
    """
    vocabulary = [(p, round(score, 6)) for p, score in json.loads(core.to_str())["model"]["vocab"]]
    first, learned = vocabulary[:specials], vocabulary[specials:]
    least = min(score for _, score in learned)
    rare = least + _RARE_STEP * sum(len(piece) == 1 for piece, _ in learned)
    even = [(p, least if len(p) == 1 and score <= rare else score) for p, score in learned]
    if kind == "multilingual":
        first += [(piece, least - 10.0) for piece in BYTES]
    pieces = first + sorted(even, key=lambda piece: (-piece[1], piece[0]))
    unknown_id = [piece for piece, _ in pieces].index(unknown)
    return models.Unigram(pieces, unk_id=unknown_id, byte_fallback=kind == "multilingual")


def special_tokens(kind: Kind) -> dict[str, str]:
    """Return the special tokens of a kind of tokenizer, in the order of their ids."""
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
