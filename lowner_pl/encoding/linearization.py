"""MELM's linearised sentences: words between label tokens, in windows, with masks over entities."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor

from lowner_pl.corpus import Sentence
from lowner_pl.encoding.windows import windows
from lowner_pl.encoding.word_encoder import WordEncoder


class Unit(NamedTuple):
    """One word with what stands around it.

    Attributes:
        before: Language token, if any, and label token; nothing for a word outside entities.
        word: The word.
        after: The label token again.
    """

    before: tuple[str, ...]
    word: str
    after: tuple[str, ...]


def label_token(tag: str) -> str:
    """Return the token that says a tag, such as ``<B-ORG>``."""
    return f"<{tag}>"


def language_token(language: str) -> str:
    """Return the token that says a language, such as ``<sw>``."""
    return f"<{language}>"


def linearize(sentence: Sentence, *, mark_language: bool = False) -> list[Unit]:
    """Return a tagged sentence with label tokens around each word of an entity.

    Section 2.1 of `Zhou et al. (2022) <https://arxiv.org/abs/2108.13655>`_. The unit is the word,
    as in the released code: no label token stands between the subwords of a word.

    Args:
        sentence: The sentence.
        mark_language: Put the sentence's language before the first label token of each word of
            an entity (their Figure 3). In code-mixed text, that is the language of the entities.

    Raises:
        ValueError: If the sentence has no tags, or no language where it is to be marked.
    """
    if sentence.tags is None:
        raise ValueError(
            f"A sentence must have tags to be linearised, was: untagged "
            f"{' '.join(sentence.words[:20])!r}. Give a file with a tag column."
        )
    if mark_language and sentence.language is None:
        raise ValueError(
            f"A sentence must have a language to be marked, was: none for "
            f"{' '.join(sentence.words[:20])!r}. Set `language` in the data module, or leave "
            "`languages` out."
        )
    marker = (language_token(sentence.language),) if mark_language and sentence.language else ()
    return [
        Unit((), word, ())
        if tag == "O"
        else Unit((*marker, label_token(tag)), word, (label_token(tag),))
        for word, tag in zip(sentence.words, sentence.tags, strict=True)
    ]


def delinearize(units: Iterable[Unit], *, language: str | None = None) -> Sentence:
    """Return the sentence that `linearize` took apart.

    Args:
        units: The words with what stands around them.
        language: Language of the sentence, which unmarked units do not say.
    """
    units = list(units)
    return Sentence(
        tuple(unit.word for unit in units),
        tuple(unit.after[0][1:-1] if unit.after else "O" for unit in units),
        language,
    )


class Linearization(NamedTuple):
    """A sentence as one row of subwords, without special tokens, however long it is.

    Attributes:
        ids: Subword ids.
        units: Where each unit begins in ``ids``, and the end of the last.
        words: Where the subwords of each word begin in ``ids``, and their end.
        entities: Positions in ``ids`` of the subwords of each entity, in order.
    """

    ids: tuple[int, ...]
    units: tuple[int, ...]
    words: tuple[tuple[int, int], ...]
    entities: tuple[tuple[int, ...], ...]


class MaskedRow(NamedTuple):
    """Windows with masks, end to end. Axes: N subwords, M masks.

    Attributes:
        input_ids: Subword ids, masked. Shape ``(N,)``.
        lengths: Subwords in each window, ascending: equal lengths lie side by side.
        positions: Where each mask is to be predicted, sentence after sentence and in the order in
            which the masks were given. Shape ``(M,)``.
    """

    input_ids: Tensor
    lengths: tuple[int, ...]
    positions: Tensor


class LinearEncoder:
    """Turns tagged sentences into rows of subwords with masks.

    A sentence that is too long becomes overlapping windows of whole units. Its masks are drawn
    for the whole sentence, stand in every window that shows them, and each is predicted once,
    where it has context on both sides. A word too long for a window is read by its beginning.

    Args:
        word_encoder: Gives the subwords of a word, the special tokens and the window.
        labels: Whether label tokens stand around the words of entities.
        languages: Languages to mark; none marks no language.
        context: Subwords of context on each side of a window's words, where a sentence is longer.

    Raises:
        ValueError: If a window has no room for a word between its tokens, or languages are to be
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
                f"Languages are marked beside label tokens, was: `languages: {list(languages)}` "
                "with `linearize: false`. Leave one of them out."
            )
        self.word_encoder = word_encoder
        self.labels = labels
        self.languages = tuple(languages)
        self.context = context
        self.room = word_encoder.budget - (2 + bool(languages) if labels else 0)
        if self.room < 1:
            raise ValueError(
                f"`max_length` must hold the special tokens, label tokens and a subword, was: "
                f"{word_encoder.max_length}. Raise it."
            )
        self._vocabulary: dict[str, int] = word_encoder.tokenizer.get_vocab()

    def __call__(self, sentence: Sentence) -> Linearization:
        """Return a sentence as a row of subwords.

        Raises:
            ValueError: If it has no tags, a tag of a type without label token, or a language
                that is not among those to be marked.
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
        """Tokenise the words of many sentences in one call."""
        self.word_encoder.remember(word for sentence in sentences for word in sentence.words)

    def mask(self, rows: Sequence[Linearization], masked: Sequence[Sequence[int]]) -> MaskedRow:
        """Return sentences as windows with masks.

        Args:
            rows: The sentences.
            masked: Positions in the ids of each sentence that a mask hides, ascending.
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
        """Yield the windows of a sentence: ids, and which of its masks are predicted there."""
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
        """Return the id of a label or language token."""
        try:
            return self._vocabulary[token]
        except KeyError:
            known = sorted(self.languages)
            raise ValueError(
                f"Each tag and language must have a token of its own, was: none for {token!r}. Add "
                f"its entity type to `entity_types`, or the language to `languages` {known}."
            ) from None
