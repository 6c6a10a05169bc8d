"""Packing lines of subwords into windows of equal length, without padding or losses."""

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
    """Concatenate lines and cut them into windows.

    ``suffix`` separates lines. Each window begins with ``prefix`` and ends with ``suffix``. All
    windows have ``length`` subwords except the first, which takes the remainder.

    Args:
        lines: Subword ids of each line, without special tokens.
        length: Number of subwords in a window.
        prefix: Ids that the tokenizer puts before a text.
        suffix: Ids that it puts after a text.

    Returns:
        The ids of all windows, concatenated, shape ``(N,)``, and the length of each window.
    """
    stream: list[int] = []
    for line in lines:
        if stream and line:
            stream.extend(suffix)
        stream.extend(line)
    room = length - len(prefix) - len(suffix)
    rest = len(stream) % room  # the short window comes first, so that lengths ascend
    starts = [*([0] if rest else []), *range(rest, len(stream), room)]
    ids: list[int] = []
    lengths = []
    for start, end in zip(starts, [*starts[1:], len(stream)], strict=True):
        ids += [*prefix, *stream[start:end], *suffix]
        lengths.append(len(prefix) + end - start + len(suffix))
    return torch.tensor(ids, dtype=torch.long), tuple(lengths)


def unspelt_share(ids: Sequence[int], tokenizer: PreTrainedTokenizerBase) -> float:
    """Compute the share of subwords, from 0 to 1, that are less than a whole character.

    These are the unknown token, single bytes, and byte pairs that are part of a character.
    """
    tokens = Counter(tokenizer.convert_ids_to_tokens(list(ids)))
    return sum(tokens[token] for token in unspelt(tokens, tokenizer)) / max(tokens.total(), 1)


def unspelt(tokens: Iterable[str], tokenizer: PreTrainedTokenizerBase) -> set[str]:
    """Find the subwords that are less than a whole character; see :func:`unspelt_share`.

    Args:
        tokens: The subwords as the tokenizer writes them.
        tokenizer: The tokenizer.
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
