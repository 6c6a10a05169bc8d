"""Rows of label tokens and words as subwords, and back from the subwords that a model wrote."""

from collections.abc import Sequence
from functools import cached_property

from transformers import PreTrainedTokenizerBase

from lowner_pl.augmentation import UNKNOWN, Token
from lowner_pl.encoding import Spelling, WordEncoder, label_token

BROKEN_WORD = "broken_word"


class LabelledSubwords:
    """Spells label tokens and words in subwords: a label token is one, a word as many as it has.

    Args:
        tokenizer: A fast tokenizer that has the label tokens and marks where words begin.
        tags: The tags that have a label token.
        max_length: A word of more subwords is read by its first.
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
        """Return the subwords of label tokens and words.

        Raises:
            ValueError: If a tag has no label token.
        """
        odd = [token.text for token in tokens if token.is_label and token.text not in self._ids]
        if odd:
            raise ValueError(
                f"Tag {odd[0]!r} is not among those with a label token, {tuple(self._ids)}. Add "
                "its entity type to `entity_types`, or map it to 'O' in the data module."
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
        """Return the label tokens and words that subwords spell, or what is wrong with them.

        A word must begin with a subword that begins words, and show: no special token is part of
        it. One with an unknown subword is ``<unk>``.
        """
        if any(id_ >= self._size for id_ in ids):  # rows of the embeddings that are no subwords
            return BROKEN_WORD
        tokens = [self._token(part) for part in self._parts(ids)]
        whole = [token for token in tokens if token is not None]
        return whole if len(whole) == len(tokens) else BROKEN_WORD

    @cached_property
    def _spelling(self) -> Spelling:
        """What spells; made when first asked for, as it reads the whole vocabulary."""
        return Spelling(self.tokenizer, keep_script=False)

    def _parts(self, ids: Sequence[int]) -> list[list[int]]:
        """Return the subwords of each label token and word."""
        parts: list[list[int]] = []
        for id_ in ids:
            alone = not parts or id_ in self._tags or parts[-1][0] in self._tags
            if alone or self._begins(id_):
                parts.append([id_])
            else:
                parts[-1].append(id_)
        return parts

    def _token(self, part: list[int]) -> Token | None:
        """Return the label token or the word of some subwords, ``None`` if they are neither."""
        if part[0] in self._tags:
            return Token(self._tags[part[0]], is_label=True)
        if self.tokenizer.unk_token_id in part:
            return Token(UNKNOWN)
        if self._begins(part[0]) and self._spelling.spells(part):
            return Token(self._spelling.word(part))
        return None

    def _begins(self, id_: int) -> bool:
        """Return whether a subword begins a word."""
        return self._spelling.kind([id_], 0).initial
