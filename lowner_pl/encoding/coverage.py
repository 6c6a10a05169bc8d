"""How well the vocabulary of a backbone covers the words of a corpus."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from lowner_pl.encoding.packing import unspelt
from lowner_pl.encoding.word_encoder import WordEncoder


class Coverage(NamedTuple):
    """Counts of how a tokenizer splits words.

    Attributes:
        words: Number of words.
        subwords: Number of their subwords, without markers.
        unknown: Number of words that contain the unknown token.
        bytes: Number of words with a character split into bytes.
        unknown_token: The unknown token.
    """

    words: int
    subwords: int
    unknown: int
    bytes: int
    unknown_token: str

    @property
    def per_word(self) -> float:
        """Mean number of subwords per word."""
        return self.subwords / max(self.words, 1)


def coverage(encoder: WordEncoder, words: Iterable[str]) -> Coverage:
    """Count how an encoder splits words.

    Args:
        encoder: The encoder.
        words: The words. Each repetition counts.
    """
    counts = Counter(words)
    encoder.remember(counts)
    tokenizer = encoder.tokenizer
    spelt = {word: encoder.subwords(word)[encoder.marker_size :] for word in counts}
    ids = list({id_ for row in spelt.values() for id_ in row})
    names = dict(zip(ids, tokenizer.convert_ids_to_tokens(ids), strict=True))
    nothing = unspelt(names.values(), tokenizer)
    odd = {id_ for id_, name in names.items() if name in nothing}
    unknown_ids = odd & {tokenizer.unk_token_id}
    byte_ids = odd - unknown_ids
    return Coverage(
        words=counts.total(),
        subwords=sum(count * len(spelt[word]) for word, count in counts.items()),
        unknown=sum(n for word, n in counts.items() if not unknown_ids.isdisjoint(spelt[word])),
        bytes=sum(n for word, n in counts.items() if not byte_ids.isdisjoint(spelt[word])),
        unknown_token=str(tokenizer.unk_token),
    )
