"""How well the vocabulary of a backbone spells the words of a corpus."""

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple

from lowner_pl.encoding.packing import unspelt
from lowner_pl.encoding.word_encoder import WordEncoder


class Coverage(NamedTuple):
    """How words are spelt.

    Attributes:
        words: How many words there are.
        subwords: How many subwords spell them, markers not counted.
        unknown: Words of which a part is the unknown token.
        bytes: Words of which a part is spelt by pieces of a character.
        unknown_token: The unknown token.
    """

    words: int
    subwords: int
    unknown: int
    bytes: int
    unknown_token: str

    @property
    def per_word(self) -> float:
        """Mean number of subwords of a word."""
        return self.subwords / max(self.words, 1)


def coverage(encoder: WordEncoder, words: Iterable[str]) -> Coverage:
    """Measure how an encoder spells words; nothing random is drawn.

    Args:
        encoder: The encoder.
        words: The words, in which repeated ones count again.
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
