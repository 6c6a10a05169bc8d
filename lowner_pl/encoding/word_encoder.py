"""Encoding sentences as subwords, with a marker before each word for MANER."""

import json
import warnings
from collections.abc import Iterable, Sequence
from typing import Literal, get_args

import torch
from transformers import PreTrainedTokenizerBase

from lowner_pl.corpus import Sentence, TagSet
from lowner_pl.encoding.batch import Batch
from lowner_pl.encoding.escaping import escaped, inside, special_tokens
from lowner_pl.encoding.windows import windows

Marker = Literal["none", "mask", "random"]
RANDOM_MARKER = "<rand>"
CACHED_WORDS = 131_072  # about 30 MB


class WordEncoder:
    r"""An encoder that tokenises sentences word by word and gives each word one anchor.

    The anchor of a word is its marker, if there is one
    (MANER: :math:`S' = m\, w_0\, m\, w_1 \dots`), otherwise its first subword. Each distinct word
    is tokenised once and cached. A word that the tokenizer maps to nothing is encoded as the
    unknown token. A word that looks like a special token, such as ``<mask>``, is encoded as text
    (``< mask>``): only the method inserts markers and masks.

    Attributes:
        prefix: Ids that the tokenizer puts before a sentence.
        suffix: Ids that it puts after a sentence.

    Args:
        tokenizer: A fast tokenizer.
        marker: The token before each word: none, the mask token, or a new token ``<rand>``, which
            is added to the tokenizer.
        max_length: Number of subwords in a window, including markers and special tokens.
        context: Number of subwords of context on each side of a window in a long sentence.

    Raises:
        ValueError: If the tokenizer is slow, if it has no mask token but the marker needs one, or
            if ``max_length`` leaves no room for a word.
    """

    def __init__(
        self,
        tokenizer: PreTrainedTokenizerBase,
        *,
        marker: Marker = "none",
        max_length: int = 512,
        context: int = 64,
    ) -> None:
        if not tokenizer.is_fast:
            raise ValueError(
                f"The tokenizer {type(tokenizer).__name__} is not a fast one. Save the backbone "
                "with a `tokenizer.json` of the `tokenizers` library."
            )
        if marker not in get_args(Marker):
            raise ValueError(f"There is no marker {marker!r}. Use one of {get_args(Marker)}.")
        self.tokenizer = tokenizer
        self.marker = marker
        self.max_length = max_length
        self.context = context
        self._space = " " if _wants_space(tokenizer) else ""
        self._marker_ids = self._ids_of_marker()
        self.prefix, self.suffix = self._specials()
        self._unknown_id = self._unknown()
        self.budget = max_length - len(self.prefix) - len(self.suffix)
        if self.budget < len(self._marker_ids) + 1:
            raise ValueError(
                f"`max_length` is {max_length}, which leaves no room for a subword besides "
                "the marker and the special tokens. Increase it."
            )
        self._pieces: dict[str, tuple[int, ...]] = {}
        special = special_tokens(tokenizer)
        self._within_special = inside(special)
        # The word `<unk>` stays the unknown token: DAGA writes it for unknown words.
        self._within_marking = inside(special - {str(tokenizer.unk_token)})

    @property
    def marker_size(self) -> int:
        """Number of subwords before each word: 1 with a marker, otherwise 0."""
        return len(self._marker_ids)

    @property
    def mask_id(self) -> int:
        """The id of the mask token.

        Raises:
            ValueError: If the tokenizer has none.
        """
        if self.tokenizer.mask_token_id is None:
            raise ValueError(
                "The tokenizer of the backbone has no mask token. Choose a masked language model "
                "(XLM-R, BERT, ModernBERT) as backbone, or SNER as method."
            )
        return int(self.tokenizer.mask_token_id)

    def __call__(
        self,
        sentences: Sequence[Sentence],
        tag_set: TagSet,
        *,
        masked: Sequence[Sequence[bool]] | None = None,
    ) -> Batch:
        """Encode sentences as one batch.

        Args:
            sentences: At least one sentence.
            tag_set: Gives the ids of the tags.
            masked: For each word, whether to replace it by a single mask token.
        """
        self.remember(word for sentence in sentences for word in sentence.words)
        width = max(len(sentence.words) for sentence in sentences)
        rows: list[tuple[list[int], int, int, list[int]]] = []  # ids, sentence, first word, anchors
        for index, sentence in enumerate(sentences):
            pieces = [self._pieces[word] for word in sentence.words]
            if masked is not None:
                pieces = [
                    (*self._marker_ids, self.mask_id) if hidden else piece
                    for piece, hidden in zip(pieces, masked[index], strict=True)
                ]
            rows.extend(self._rows(pieces, index))
        rows.sort(key=lambda row: len(row[0]))
        anchors = torch.zeros(len(sentences), width, dtype=torch.long)
        start = 0
        for ids, index, begin, local in rows:
            anchors[index, begin : begin + len(local)] = torch.tensor(local) + start
            start += len(ids)
        word_mask = torch.zeros(len(sentences), width, dtype=torch.bool)
        tags = torch.zeros(len(sentences), width, dtype=torch.long)
        for index, sentence in enumerate(sentences):
            word_mask[index, : len(sentence.words)] = True
            if sentence.tags is not None:
                tags[index, : len(sentence.words)] = torch.tensor(tag_set.encode(sentence.tags))
        return Batch(
            input_ids=torch.tensor([i for ids, *_ in rows for i in ids], dtype=torch.long),
            lengths=tuple(len(ids) for ids, *_ in rows),
            anchors=anchors,
            word_mask=word_mask,
            tags=tags,
        )

    def with_marker(self, marker: Marker) -> "WordEncoder":
        """Create an encoder that differs only in its marker."""
        return WordEncoder(
            self.tokenizer, marker=marker, max_length=self.max_length, context=self.context
        )

    def lines(self, sentences: Sequence[Sentence]) -> list[list[int]]:
        """Tokenise each sentence as running text, without special tokens.

        Text that looks like a special token, such as ``<mask>``, is encoded as text (``< mask>``).
        """
        encoded = self.tokenizer(
            [
                self._space + escaped(" ".join(sentence.words), self._within_special)
                for sentence in sentences
            ],
            add_special_tokens=False,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )
        ids: list[list[int]] = encoded["input_ids"]
        return ids

    def ids(self, words: Iterable[str]) -> set[int]:
        """Collect the ids that occur when words are encoded: subwords, markers, masks, specials."""
        found = {*self.prefix, *self.suffix, *self._marker_ids}
        if self.tokenizer.mask_token_id is not None:
            found.add(self.mask_id)
        for word in set(words):
            found.update(self.subwords(word))
        return found

    def subwords(self, word: str) -> tuple[int, ...]:
        """Return the ids of a word, including its marker."""
        self.remember([word])
        return self._pieces[word]

    def _rows(
        self, pieces: Sequence[tuple[int, ...]], index: int
    ) -> Iterable[tuple[list[int], int, int, list[int]]]:
        """Yield the windows of a sentence: ids, sentence index, first tagged word, anchors."""
        sizes = [len(piece) for piece in pieces]
        for window in windows(sizes, budget=self.budget, context=self.context):
            ids, anchors = list(self.prefix), []
            for position in range(window.first, window.last):
                if window.begin <= position < window.end:
                    anchors.append(len(ids))
                ids.extend(pieces[position])
            ids.extend(self.suffix)
            yield ids, index, window.begin, anchors

    def remember(self, words: Iterable[str]) -> None:
        """Tokenise new words in one call, and cache the result."""
        needed = dict.fromkeys(words)
        new = [word for word in needed if word not in self._pieces]
        if not new:
            return
        if len(self._pieces) + len(new) > CACHED_WORDS:
            self._pieces, new = {}, list(needed)
        encoded = self.tokenizer(
            [[self._space + escaped(word, self._within_marking)] for word in new],
            is_split_into_words=True,
            add_special_tokens=False,
            return_attention_mask=False,
            return_token_type_ids=False,
            verbose=False,
        )["input_ids"]
        room, cut = self.budget - len(self._marker_ids), 0
        for word, ids in zip(new, encoded, strict=True):
            cut += len(ids) > room
            self._pieces[word] = (*self._marker_ids, *(ids[:room] or [self._unknown_id]))
        if cut:
            longest = max(new, key=len)
            warnings.warn(
                f"{cut} of {len(new)} new words are longer than {room} subwords and are cut off, "
                f"for example {longest[:40]!r}… ({len(longest)} characters).",
                stacklevel=2,
            )

    def _ids_of_marker(self) -> tuple[int, ...]:
        """Return the ids of the marker, adding ``<rand>`` to the tokenizer if needed."""
        if self.marker == "none":
            return ()
        if self.marker == "mask":
            return (self.mask_id,)
        self.tokenizer.add_tokens([RANDOM_MARKER], special_tokens=True)
        return (self.tokenizer.get_vocab()[RANDOM_MARKER],)

    def _specials(self) -> tuple[list[int], list[int]]:
        """Find the ids that the tokenizer puts before and after a sentence."""
        word = [[self._space + "a"]]
        plain = self.tokenizer(word, is_split_into_words=True, add_special_tokens=False)
        whole = self.tokenizer(word, is_split_into_words=True)
        inner, outer = plain["input_ids"][0], whole["input_ids"][0]
        at = next(i for i in range(len(outer)) if outer[i : i + len(inner)] == inner)
        return outer[:at], outer[at + len(inner) :]

    def _unknown(self) -> int:
        """Find the id for words that the tokenizer maps to nothing."""
        for name in ("unk_token_id", "mask_token_id", "pad_token_id"):
            if (identifier := getattr(self.tokenizer, name)) is not None:
                return int(identifier)
        raise ValueError(
            "The tokenizer has no unknown, mask or padding token. Add one of them with "
            "`tokenizer.add_special_tokens`."
        )


def _wants_space(tokenizer: PreTrainedTokenizerBase) -> bool:
    """Tell whether a word needs a space in front to be tokenised as it is inside a sentence.

    Byte-level tokenizers (RoBERTa, ModernBERT) treat the space before a word as part of the word.
    """
    pre_tokenizer = tokenizer.backend_tokenizer.pre_tokenizer
    # `tokenizers` writes a part as JSON only when it is pickled; writing all takes seconds.
    state = {} if pre_tokenizer is None else json.loads(pre_tokenizer.__getstate__())
    parts = state.get("pretokenizers", [state])
    return any(
        part.get("type") == "ByteLevel" and not part.get("add_prefix_space") for part in parts
    )
