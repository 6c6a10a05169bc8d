"""Labelled sentences as the sources and targets of a sequence-to-sequence model."""

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
"""What stands for a mask in the vocabularies of T5 and mT5."""


class SequenceBatch(NamedTuple):
    """Padded sources and targets. Axes: B sentences, S and T subwords.

    Attributes:
        source: What the encoder reads. Shape ``(B, S)``.
        source_mask: ``True`` on real subwords. Shape ``(B, S)``.
        given: What the decoder reads: the target, one place later. Shape ``(B, T)``.
        wanted: The target, -100 where padded. Shape ``(B, T)``.
    """

    source: Tensor
    source_mask: Tensor
    given: Tensor
    wanted: Tensor


class SequenceEncoder:
    """Encodes sentences as MulDA does: from their first words and a mask to the whole.

    Args:
        model: The model; it and the tokenizer are given label and language tokens.
        tokenizer: Its tokenizer.
        tags: The tags that get a label token.
        languages: Languages of the sentences; sources say no language without. The token is the
            tokenizer's own, such as mBART's ``en_XX``, or a new one, ``<en>``.
        prefix_words: Words of a sentence in its source at most.
        max_length: Subwords in a source or target, all tokens included.

    Raises:
        ValueError: If the tokenizer has no mask or no end token.
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
        """Return at least one sentence as a batch, with lengths drawn from ``generator``."""
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
        """Return what the encoder reads: language, first words, mask and end.

        Where the decoder begins with the language, as mBART's does, the language stands last in
        the source, as in that model's pre-training.
        """
        marker = self._marker(language)
        ids = self.subwords.encode(prefix)[: max(self.max_length - len(marker) - 2, 0)]
        if self._start is None:
            return [*ids, self.mask, self.end, *marker]
        return [*marker, *ids, self.mask, self.end]

    def start(self, language: str | None) -> int:
        """Return what the decoder begins with: the model's own token, else language or end."""
        if self._start is not None:
            return self._start
        return (*self._marker(language), self.end)[0]

    def padded(self, rows: Sequence[list[int]]) -> tuple[Tensor, Tensor]:
        """Return rows of subwords as one tensor, and where it is real. Shape ``(B, S)`` each."""
        ids = pad_sequence(
            [torch.tensor(row) for row in rows], batch_first=True, padding_value=self.padding
        )
        lengths = torch.tensor([len(row) for row in rows])
        return ids, torch.arange(ids.shape[1]) < lengths[:, None]

    def _marker(self, language: str | None) -> list[int]:
        """Return the language's token, nothing where languages are not said.

        Raises:
            ValueError: If it has none.
        """
        if not self.languages:
            return []
        if language not in self.languages:
            raise ValueError(
                f"The language of a sentence must be among {tuple(self.languages)}, was: "
                f"{language!r}. Add it to `languages`, or set `language` in the data module."
            )
        return [self.languages[language]]


def first_words(tokens: Sequence[Token], words: int) -> list[Token]:
    """Return the first words of a row, with their label tokens."""
    places = [place for place, token in enumerate(tokens) if not token.is_label]
    return list(tokens[: places[words - 1] + 1]) if words else []


def _language_token(tokenizer: PreTrainedTokenizerBase, language: str) -> str:
    """Return the tokenizer's own token of a language, or else one to be added."""
    own = re.compile(rf"{re.escape(language)}_[A-Z]{{2}}")
    return min(filter(own.fullmatch, tokenizer.get_added_vocab()), default=language_token(language))


def _mask_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the mask token, or T5's first sentinel."""
    known = tokenizer.get_vocab()
    ids = [known[name] for name in (tokenizer.mask_token, *MASKS) if name in known]
    if not ids:
        raise ValueError(
            "The backbone must have a mask token or '<extra_id_0>', was: a tokenizer without "
            "either. Choose a sequence-to-sequence model such as mBART or mT5."
        )
    return ids[0]


def _end_id(tokenizer: PreTrainedTokenizerBase) -> int:
    """Return the token that ends a text."""
    if tokenizer.eos_token_id is None:
        raise ValueError(
            "The backbone must have an end token, was: a tokenizer without one. Choose a "
            "sequence-to-sequence model such as mBART or mT5."
        )
    return int(tokenizer.eos_token_id)
