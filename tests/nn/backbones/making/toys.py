"""Tokenizers small enough to work out by hand."""

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors
from transformers import PreTrainedTokenizerFast

from lowner_pl.corpus import Sentence

NAMES = {
    "cls_token": "<s>",
    "pad_token": "<pad>",
    "sep_token": "</s>",
    "unk_token": "<unk>",
    "mask_token": "<mask>",
}
SPECIAL = tuple(NAMES.values())


def fast(core: Tokenizer) -> PreTrainedTokenizerFast:
    """Add the special tokens and the usual ends of a sentence."""
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=core, **NAMES)
    tokenizer.backend_tokenizer.post_processor = processors.RobertaProcessing(
        ("</s>", tokenizer.sep_token_id), ("<s>", tokenizer.cls_token_id)
    )
    return tokenizer


def unigram(**scores: float) -> PreTrainedTokenizerFast:
    """Sentence pieces after the special tokens; ``_`` stands for the space before a word."""
    pieces = [(name.replace("_", "▁"), score) for name, score in scores.items()]
    core = Tokenizer(models.Unigram([*((name, 0.0) for name in SPECIAL), *pieces], unk_id=3))
    core.pre_tokenizer = pre_tokenizers.Metaspace()
    core.decoder = decoders.Metaspace()
    return fast(core)


def wordpiece(*pieces: str) -> PreTrainedTokenizerFast:
    """Word pieces; the special tokens come last, outside the model's vocabulary but for one."""
    vocabulary = {name: id_ for id_, name in enumerate(["<unk>", *pieces])}
    core = Tokenizer(models.WordPiece(vocabulary, unk_token="<unk>"))
    core.pre_tokenizer = pre_tokenizers.Whitespace()
    return fast(core)


def byte_pairs(*merges: str) -> PreTrainedTokenizerFast:
    """Byte-level BPE with all bytes and some merges, written ``a b``; ``Ġ`` is a space."""
    pairs = [(left, right) for left, right in (merge.split() for merge in merges)]
    names = [*SPECIAL, *sorted(pre_tokenizers.ByteLevel.alphabet())]
    names += [left + right for left, right in pairs]
    core = Tokenizer(models.BPE({name: id_ for id_, name in enumerate(names)}, pairs))
    core.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    core.decoder = decoders.ByteLevel()
    return fast(core)


def sentences(*lines: str) -> list[Sentence]:
    return [Sentence(tuple(line.split())) for line in lines]
