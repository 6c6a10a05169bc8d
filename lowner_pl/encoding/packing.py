"""Lines of subwords, end to end, cut into windows of one length: no padding, nothing left out."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence

import torch
from tokenizers import decoders
from torch import Tensor
from transformers import PreTrainedTokenizerBase

_BYTE = re.compile(r"<0x[0-9A-F]{2}>")


def pack_lines(
    lines: Iterable[Sequence[int]], *, length: int, prefix: Sequence[int], suffix: Sequence[int]
) -> tuple[Tensor, tuple[int, ...]]:
    """Return the ids of all windows end to end ``(N,)``, and the subwords of each window.

    Between lines stands ``suffix``; a window has ``prefix`` before and ``suffix`` after it. All
    windows have ``length`` subwords but the first, which has what is left.

    Args:
        lines: Subword ids of each line, without special tokens.
        length: Subwords in a window.
        prefix: What the tokenizer puts before a text.
        suffix: What it puts behind.
    """
    stream: list[int] = []
    for line in lines:
        if stream and line:
            stream.extend(suffix)
        stream.extend(line)
    room = length - len(prefix) - len(suffix)
    rest = len(stream) % room  # the short window first: equal lengths lie side by side
    starts = [*([0] if rest else []), *range(rest, len(stream), room)]
    ids: list[int] = []
    lengths = []
    for start, end in zip(starts, [*starts[1:], len(stream)], strict=True):
        ids += [*prefix, *stream[start:end], *suffix]
        lengths.append(len(prefix) + end - start + len(suffix))
    return torch.tensor(ids, dtype=torch.long), tuple(lengths)


def unspelt_share(ids: Sequence[int], tokenizer: PreTrainedTokenizerBase) -> float:
    """Return which share of subwords spells no whole character, from 0 to 1.

    Such are the unknown token, a single byte, and in byte pairs a part of a character.
    """
    tokens = Counter(tokenizer.convert_ids_to_tokens(list(ids)))
    return sum(tokens[token] for token in unspelt(tokens, tokenizer)) / max(tokens.total(), 1)


def unspelt(tokens: Iterable[str], tokenizer: PreTrainedTokenizerBase) -> set[str]:
    """Find the subwords that spell no whole character; see `unspelt_share`.

    Args:
        tokens: Subwords by name.
        tokenizer: Their tokenizer.
    """
    decoder = getattr(tokenizer.backend_tokenizer, "decoder", None)
    pairs = decoder if isinstance(decoder, decoders.ByteLevel) else None
    return {
        token
        for token in tokens
        if token == tokenizer.unk_token
        or _BYTE.fullmatch(token)
        or (pairs is not None and "\ufffd" in pairs.decode([token]))
    }
