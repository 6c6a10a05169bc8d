"""Keeping text from being read as special tokens: ``<mask>`` in a text becomes ``< mask>``."""

import re
import unicodedata
from collections.abc import Iterable

from transformers import PreTrainedTokenizerBase


def special_tokens(tokenizer: PreTrainedTokenizerBase) -> set[str]:
    """Collect the special tokens of a tokenizer, including those that were added to it."""
    added = tokenizer.added_tokens_decoder.values()
    return {*tokenizer.all_special_tokens, *(token.content for token in added if token.special)}


def inside(tokens: Iterable[str]) -> re.Pattern[str]:
    """Compile a pattern that finds the position after the first character of each token."""
    long = [token for token in tokens if len(token) > 1]
    # A look-behind for just the first characters rules out nearly all positions, which makes the
    # search three times as fast.
    firsts = "".join(sorted({re.escape(token[0]) for token in long}))
    parts = "|".join(f"(?<={re.escape(token[0])}){re.escape(token[1:])}" for token in sorted(long))
    return re.compile(f"(?<=[{firsts}])(?={parts})" if long else "(?!)")


def escaped(text: str, tokens: re.Pattern[str]) -> str:
    """Put a space into everything in a text that the tokenizer would read as a special token.

    Args:
        text: The text.
        tokens: Pattern of the special tokens from :func:`inside`.
    """
    read = unicodedata.normalize("NFKC", text)  # the form in which SentencePiece reads text
    return tokens.sub(" ", read) if tokens.search(read) else text
