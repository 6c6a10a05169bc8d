"""Conversion between label tokens and words on one side and subwords on the other."""

from collections.abc import Sequence
from functools import cached_property

from transformers import PreTrainedTokenizerBase

from lowner_pl.augmentation import UNKNOWN, Token
from lowner_pl.encoding import Spelling, WordEncoder, label_token

BROKEN_WORD = "broken_word"


class LabelledSubwords:
    """Encoder and decoder of label tokens (one subword each) and words (one or more subwords).

    Args:
        tokenizer: A fast tokenizer that knows the label tokens and marks the starts of words.
        tags: The tags that have a label token.
        max_length: Maximum number of subwords per word; the rest of a longer word is cut.
    """

    def __init__(
        self, tokenizer: PreTrainedTokenizerBase, tags: Sequence[str], *, max_length: int
    ) -> None:
        self.tokenizer = tokenizer
        self._word_encoder = WordEncoder(tokenizer, max_length=max_length)
        known = tokenizer.get_vocab()
        self._ids = {tag: known[label_token(tag)] for tag in tags}
        self._tags = {id_: tag for tag, id_ in self._ids.items()}
        self._size = len(tokenizer)

    def encode(self, tokens: Sequence[Token]) -> list[int]:
        """Encode label tokens and words as subwords.

        Raises:
            ValueError: If a tag has no label token.
        """
        odd = [token.text for token in tokens if token.is_label and token.text not in self._ids]
        if odd:
            raise ValueError(
                f"The tag {odd[0]!r} has no label token; {tuple(self._ids)} have one. Add its "
                "entity type to `entity_types`, or map it to 'O' in the data module."
            )
        self._word_encoder.remember(token.text for token in tokens if not token.is_label)
        return [
            id_
            for token in tokens
            for id_ in (
                [self._ids[token.text]]
                if token.is_label
                else self._word_encoder.subwords(token.text)
            )
        ]

    def decode(self, ids: Sequence[int]) -> list[Token] | str:
        """Decode subwords into label tokens and words, or return the reason why that fails.

        A word must start with a word-initial subword, be visible and contain no special token. A
        word with an unknown subword becomes ``<unk>``.
        """
        if any(id_ >= self._size for id_ in ids):  # embedding rows without a subword
            return BROKEN_WORD
        tokens = [self._token(part) for part in self._parts(ids)]
        whole = [token for token in tokens if token is not None]
        return whole if len(whole) == len(tokens) else BROKEN_WORD

    @cached_property
    def _spelling(self) -> Spelling:
        """Speller, created on first use because it reads the whole vocabulary."""
        return Spelling(self.tokenizer, keep_script=False)

    def _parts(self, ids: Sequence[int]) -> list[list[int]]:
        """Split subwords into those of each label token and word."""
        parts: list[list[int]] = []
        for id_ in ids:
            alone = not parts or id_ in self._tags or parts[-1][0] in self._tags
            if alone or self._begins(id_):
                parts.append([id_])
            else:
                parts[-1].append(id_)
        return parts

    def _token(self, part: list[int]) -> Token | None:
        """Decode one label token or word; ``None`` if the subwords are neither."""
        if part[0] in self._tags:
            return Token(self._tags[part[0]], is_label=True)
        if self.tokenizer.unk_token_id in part:
            return Token(UNKNOWN)
        if self._begins(part[0]) and self._spelling.spells(part):
            return Token(self._spelling.word(part))
        return None

    def _begins(self, id_: int) -> bool:
        """Tell whether a subword is word-initial."""
        return self._spelling.kind([id_], 0).initial
