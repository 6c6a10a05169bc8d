"""Encoding of labelled sentences as sources and targets of a sequence-to-sequence model."""

import re
from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from lowner_pl.augmentation import Token, labelled
from lowner_pl.corpus import Sentence
from lowner_pl.encoding import label_token, language_token
from lowner_pl.modules.generation.labelled_subwords import LabelledSubwords
from lowner_pl.nn import add_tokens

IGNORED = -100
MASKS = ("<extra_id_0>", "▁<extra_id_0>")
"""Mask tokens in the vocabularies of T5 and mT5."""


class SequenceBatch(NamedTuple):
    """Padded sources and targets. Axes: B sentences, S and T subwords.

    Attributes:
        source: Encoder inputs. Shape ``(B, S)``.
        source_mask: ``True`` on real subwords. Shape ``(B, S)``.
        given: Decoder inputs, the targets shifted right by one. Shape ``(B, T)``.
        wanted: Targets, -100 where padded. Shape ``(B, T)``.
    """

    source: Tensor
    source_mask: Tensor
    given: Tensor
    wanted: Tensor


class SequenceEncoder:
    """MulDA's encoding: the source is the first words and a mask, the target the whole sentence.

    Args:
        model: The model. Label and language tokens are added to it and to the tokenizer.
        tokenizer: Its tokenizer.
        tags: The tags that get a label token.
        languages: Languages of the sentences; if empty, sources name no language. The token is the
            tokenizer's own, such as mBART's ``en_XX``, or else a new one such as ``<en>``.
        prefix_words: Maximum number of words in a source.
        max_length: Maximum number of subwords in a source or target, all tokens included.

    Raises:
        ValueError: If the tokenizer has no mask token or no end token.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        tags: Sequence[str],
        *,
        languages: Sequence[str],
        prefix_words: int,
        max_length: int,
    ) -> None:
        self.mask, self.end = _mask_id(tokenizer), _end_id(tokenizer)
        names = {language: _language_token(tokenizer, language) for language in languages}
        new = [*map(label_token, tags), *names.values()]
        add_tokens(model, tokenizer, dict.fromkeys(new, ()))
        known = tokenizer.get_vocab()
        self.languages = {language: known[name] for language, name in names.items()}
        self.subwords = LabelledSubwords(tokenizer, tags, max_length=max_length)
        self.prefix_words = prefix_words
        self.max_length = max_length
        self._start: int | None = model.config.decoder_start_token_id
        self.padding = int(model.config.pad_token_id or 0)

    def __call__(self, sentences: Sequence[Sentence], generator: torch.Generator) -> SequenceBatch:
        """Encode at least one sentence, with prefix lengths drawn from ``generator``."""
        sources, given, wanted = [], [], []
        for sentence in sentences:
            most = min(self.prefix_words, len(sentence.words) - 1)
            words = int(torch.randint(most + 1, (), generator=generator))
            tokens = labelled(sentence)
            target = [*self.subwords.encode(tokens), self.end][: self.max_length]
            sources.append(self.source(first_words(tokens, words), sentence.language))
            given.append([self.start(sentence.language), *target[:-1]])
            wanted.append(torch.tensor(target))
        source, source_mask = self.padded(sources)
        return SequenceBatch(
            source,
            source_mask,
            self.padded(given)[0],
            pad_sequence(wanted, batch_first=True, padding_value=IGNORED),
        )

    def source(self, prefix: Sequence[Token], language: str | None) -> list[int]:
        """Encode a source: language, first words, mask and end.

        For models whose decoder starts with the language, such as mBART, the language comes last in
        the source, as in their pre-training.
        """
        marker = self._marker(language)
        ids = self.subwords.encode(prefix)[: max(self.max_length - len(marker) - 2, 0)]
        if self._start is None:
            return [*ids, self.mask, self.end, *marker]
        return [*marker, *ids, self.mask, self.end]

    def start(self, language: str | None) -> int:
        """Return the decoder's first token: the model's own, else the language or the end token."""
        if self._start is not None:
            return self._start
        return (*self._marker(language), self.end)[0]

    def padded(self, rows: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
        """Pad rows of subwords; return them and their mask. Shape ``(B, S)`` each."""
        ids = pad_sequence(
            [torch.tensor(row) for row in rows], batch_first=True, padding_value=self.padding
        )
        lengths = torch.tensor([len(row) for row in rows])
        return ids, torch.arange(ids.shape[1]) < lengths[:, None]

    def _marker(self, language: str | None) -> list[int]:
        """Return the token of a language, or nothing if sources name no language.

        Raises:
            ValueError: If the language has no token.
        """
        if not self.languages:
            return []
        if language not in self.languages:
            raise ValueError(
                f"A sentence has the language {language!r}, which is not among `languages`, "
                f"{tuple(self.languages)}. Add it there, or set `language` in the data module."
            )
        return [self.languages[language]]


def first_words(tokens: Sequence[Token], words: int) -> list[Token]:
    """Return the first ``words`` words of a row of tokens, with their label tokens."""
    places = [place for place, token in enumerate(tokens) if not token.is_label]
    return list(tokens[: places[words - 1] + 1]) if words else []


def _language_token(tokenizer: PreTrainedTokenizerBase, language: str) -> str:
    """Return the tokenizer's own token for a language, or else the token to add."""
    own = re.compile(rf"{re.escape(language)}_[A-Z]{{2}}")
    return min(filter(own.fullmatch, tokenizer.get_added_vocab()), default=language_token(language))


def _mask_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the id of the mask token, or of T5's first sentinel."""
    known = tokenizer.get_vocab()
    ids = [known[name] for name in (tokenizer.mask_token, *MASKS) if name in known]
    if not ids:
        raise ValueError(
            "The backbone's tokenizer has neither a mask token nor '<extra_id_0>'. Choose a "
            "sequence-to-sequence model such as mBART or mT5."
        )
    return ids[0]


def _end_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the id of the token that ends a text."""
    if tokenizer.eos_token_id is None:
        raise ValueError(
            "The backbone's tokenizer has no end token. Choose a sequence-to-sequence model such "
            "as mBART or mT5."
        )
    return int(tokenizer.eos_token_id)
