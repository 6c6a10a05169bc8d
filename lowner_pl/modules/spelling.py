"""Checking that a tokenizer can spell the text that a language model is to read."""

from collections.abc import Iterable

from lightning.pytorch.utilities import rank_zero_warn
from transformers import PreTrainedTokenizerBase

from lowner_pl.corpus import Sentence
from lowner_pl.encoding import WordEncoder, unspelt_share

WARNED_SHARE, REFUSED_SHARE = 0.1, 0.5


def check_spelling(
    sentences: Iterable[Sentence], encoder: WordEncoder, tokenizer: PreTrainedTokenizerBase
) -> None:
    """Warn of a language with over 10 % of unknown or single-byte subwords.

    Args:
        sentences: Held-out sentences of all languages.
        encoder: Splits words into subwords.
        tokenizer: Its tokenizer.

    Raises:
        ValueError: If at least 50 % of the subwords of a language are unknown or single bytes.
    """
    texts: dict[str, list[Sentence]] = {}
    for sentence in sentences:
        texts.setdefault(sentence.language or "the text", []).append(sentence)
    for language, lines in texts.items():
        ids = [subword for line in encoder.lines(lines) for subword in line]
        share = unspelt_share(ids, tokenizer)
        message = (
            f"{share:.0%} of the subwords of {language} are unknown or single bytes: the "
            "tokenizer can't spell this text. Choose a backbone that knows its script."
        )
        if share >= REFUSED_SHARE:
            raise ValueError(message)
        if share >= WARNED_SHARE:
            rank_zero_warn(message)
