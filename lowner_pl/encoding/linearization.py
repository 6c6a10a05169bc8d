"""Linearisation in MELM: entity words between label tokens, and masks over their subwords."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from lowner_pl.corpus import Sentence
from lowner_pl.encoding.windows import windows
from lowner_pl.encoding.word_encoder import WordEncoder


class Unit(NamedTuple):
    """A word with the tokens around it. A word outside entities has none.

    Attributes:
        before: The language token, if languages are marked, and the label token.
        word: The word.
        after: The label token again.
    """

    before: tuple[str, ...]
    word: str
    after: tuple[str, ...]


def label_token(tag: str) -> str:
    """Return the label token of a tag, such as ``<B-ORG>``."""
    return f"<{tag}>"


def language_token(language: str) -> str:
    """Return the token of a language, such as ``<sw>``."""
    return f"<{language}>"


def linearize(sentence: Sentence, *, mark_language: bool = False) -> list[Unit]:
    """Put label tokens around each word of an entity.

    Section 2.1 of `Zhou et al. (2022) <https://arxiv.org/abs/2108.13655>`_. The unit is the word,
    as in the released code: no label token goes between the subwords of a word.

    Args:
        sentence: The sentence.
        mark_language: Whether to put a language token before the first label token of each entity
            word (Figure 3 of the paper). In code-mixed text it names the language of the entities.

    Raises:
        ValueError: If the sentence has no tags, or needs a language and has none.
    """
    if sentence.tags is None:
        raise ValueError(
            f"{sentence.excerpt} has no tags, so it can't be linearised. Give a file with tags."
        )
    if mark_language and sentence.language is None:
        raise ValueError(
            f"The language of {sentence.excerpt} is unknown, so it can't be marked. Set `language` "
            "in the data module, or leave out `languages`."
        )
    marker = (language_token(sentence.language),) if mark_language and sentence.language else ()
    return [
        Unit((), word, ())
        if tag == "O"
        else Unit((*marker, label_token(tag)), word, (label_token(tag),))
        for word, tag in zip(sentence.words, sentence.tags, strict=True)
    ]


def delinearize(units: Iterable[Unit], *, language: str | None = None) -> Sentence:
    """Convert units back to the sentence; the inverse of :func:`linearize`.

    Args:
        units: The words with the tokens around them.
        language: Language of the sentence.
    """
    units = list(units)
    return Sentence(
        tuple(unit.word for unit in units),
        tuple(unit.after[0][1:-1] if unit.after else "O" for unit in units),
        language,
    )


class Linearization(NamedTuple):
    """A sentence of any length as one sequence of subwords, without special tokens.

    Attributes:
        ids: Subword ids.
        units: Position in ``ids`` where each unit begins, and the end of the last unit.
        words: Positions in ``ids`` where the subwords of each word begin and end.
        entities: Positions in ``ids`` of the subwords of each entity, ascending.
    """

    ids: tuple[int, ...]
    units: tuple[int, ...]
    words: tuple[tuple[int, int], ...]
    entities: tuple[tuple[int, ...], ...]


class MaskedRow(NamedTuple):
    """Windows with masks, concatenated into one row. Axes: N subwords, M masks.

    Attributes:
        input_ids: Subword ids with masks. Shape ``(N,)``.
        lengths: Number of subwords in each window, ascending, so that windows of the same length
            are neighbours.
        positions: Position in ``input_ids`` where each mask is predicted, in the order in which the
            masks were given, sentence by sentence. Shape ``(M,)``.
    """

    input_ids: Tensor
    lengths: tuple[int, ...]
    positions: Tensor


class LinearEncoder:
    """An encoder of tagged sentences as subwords with label tokens and masks.

    A sentence that is too long is split into overlapping windows of whole units. Masks are chosen
    for the whole sentence. A mask appears in every window that contains its position, but it is
    predicted in one window only, where it has context on both sides. A word that is too long for a
    window is cut off.

    Args:
        word_encoder: Provides the subwords of words, the special tokens and the window size.
        labels: Whether to put label tokens around the words of entities.
        languages: Languages to mark. If empty, languages are not marked.
        context: Number of subwords of context on each side of a window in a long sentence.

    Raises:
        ValueError: If a window has no room for a word between its tokens, or if languages are
            marked without labels.
    """

    def __init__(
        self,
        word_encoder: WordEncoder,
        *,
        labels: bool = True,
        languages: Sequence[str] = (),
        context: int = 64,
    ) -> None:
        if languages and not labels:
            raise ValueError(
                f"`languages` is {str(list(languages))[:80]}, but languages can only be marked "
                "beside label tokens. Leave out `languages`, or set `linearize: true`."
            )
        self.word_encoder = word_encoder
        self.labels = labels
        self.languages = tuple(languages)
        self.context = context
        self.room = word_encoder.budget - (2 + bool(languages) if labels else 0)
        if self.room < 1:
            raise ValueError(
                f"`max_length` is {word_encoder.max_length}, which leaves no room for a subword "
                "besides the special tokens and label tokens. Increase it."
            )
        self._vocabulary: dict[str, int] = word_encoder.tokenizer.get_vocab()

    def __call__(self, sentence: Sentence) -> Linearization:
        """Convert a sentence to subwords.

        Raises:
            ValueError: If it has no tags, or a tag or language without a token of its own.
        """
        units = linearize(sentence, mark_language=bool(self.languages))
        ids: list[int] = []
        starts, words = [0], []
        for unit in units:
            if self.labels:
                ids.extend(map(self._id, unit.before))
            begin = len(ids)
            ids.extend(self.word_encoder.subwords(unit.word)[: self.room])
            words.append((begin, len(ids)))
            if self.labels:
                ids.extend(map(self._id, unit.after))
            starts.append(len(ids))
        entities = tuple(
            tuple(
                position
                for word in range(entity.start, entity.end)
                for position in range(*words[word])
            )
            for entity in sentence.entities
        )
        return Linearization(tuple(ids), tuple(starts), tuple(words), entities)

    def remember(self, sentences: Iterable[Sentence]) -> None:
        """Tokenise the words of many sentences in one call, and cache the result."""
        self.word_encoder.remember(word for sentence in sentences for word in sentence.words)

    def mask(self, rows: Sequence[Linearization], masked: Sequence[Sequence[int]]) -> MaskedRow:
        """Mask sentences and split them into windows.

        Args:
            rows: The sentences.
            masked: Positions to mask in the ids of each sentence, ascending.
        """
        parts: list[tuple[list[int], list[tuple[int, int]]]] = []  # ids, (mask, position in ids)
        number = 0
        for row, hidden in zip(rows, masked, strict=True):
            parts.extend(self._windows(row, hidden, number))
            number += len(hidden)
        parts.sort(key=lambda part: len(part[0]))
        positions = torch.zeros(number, dtype=torch.long)
        start = 0
        for ids, predicted in parts:
            for mask, local in predicted:
                positions[mask] = start + local
            start += len(ids)
        return MaskedRow(
            torch.tensor([i for ids, _ in parts for i in ids], dtype=torch.long),
            tuple(len(ids) for ids, _ in parts),
            positions,
        )

    def _windows(
        self, row: Linearization, hidden: Sequence[int], number: int
    ) -> Iterable[tuple[list[int], list[tuple[int, int]]]]:
        """Yield the windows of a sentence: its ids, and the masks that are predicted there."""
        encoder = self.word_encoder
        ids = list(row.ids)
        for position in hidden:
            ids[position] = encoder.mask_id
        sizes = [end - start for start, end in zip(row.units, row.units[1:], strict=False)]
        for window in windows(sizes, budget=encoder.budget, context=self.context):
            first, last = row.units[window.first], row.units[window.last]
            begin, end = row.units[window.begin], row.units[window.end]
            shift = len(encoder.prefix) - first
            predicted = [
                (number + mask, position + shift)
                for mask, position in enumerate(hidden)
                if begin <= position < end
            ]
            yield [*encoder.prefix, *ids[first:last], *encoder.suffix], predicted

    def _id(self, token: str) -> int:
        """Look up the id of a label or language token."""
        try:
            return self._vocabulary[token]
        except KeyError:
            known = sorted(self.languages)
            raise ValueError(
                f"The vocabulary has no token {token!r}. Add its entity type to `entity_types`, or "
                f"its language to `languages`, now {str(known)[:80]}."
            ) from None
