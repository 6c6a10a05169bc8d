"""Labelled text: tagged sentences as sequences of label tokens and words, as in DAGA."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Literal, NamedTuple

from lowner_pl.corpus import NO_ENTITY, Candidate, Sentence

UNKNOWN = "<unk>"
NO_WORDS = "no_words"
LABEL_WITHOUT_WORD = "label_without_word"
ILLEGAL_TAGS = "illegal_tags"
UNKNOWN_WORDS = "unknown_words"

UnknownWords = Literal["keep", "drop"]


class Token(NamedTuple):
    """A label token or a word. A word may have the same text as a label.

    Attributes:
        text: The word, or the tag of the label.
        is_label: Whether this is a label.
    """

    text: str
    is_label: bool = False


def labelled(sentence: Sentence) -> list[Token]:
    """Put a label token before each word of an entity (Ding et al., 2020).

    Raises:
        ValueError: If the sentence has no tags.
    """
    if sentence.tags is None:
        raise ValueError(
            f"{sentence.excerpt} has no tags, so it can't be labelled. Give a file with tags."
        )
    return [
        token
        for word, tag in zip(sentence.words, sentence.tags, strict=True)
        for token in ([] if tag == "O" else [Token(tag, is_label=True)]) + [Token(word)]
    ]


def parsed(
    tokens: Sequence[Token], *, language: str | None = None, unknown: UnknownWords = "keep"
) -> Candidate:
    """Convert tokens back to a tagged sentence, or return what is wrong with them.

    Args:
        tokens: Label tokens and words.
        language: Language of the sentence.
        unknown: Whether to keep or drop a sentence in which some words are ``<unk>``. A sentence
            without any other word is always dropped.
    """
    words = [token.text for token in tokens if not token.is_label]
    if not words:
        return NO_WORDS
    pairs = zip(tokens, [*tokens[1:], Token("", is_label=True)], strict=True)
    if any(token.is_label and after.is_label for token, after in pairs):
        return LABEL_WITHOUT_WORD
    labels = [Token("O"), *tokens]
    tags = tuple(
        before.text if before.is_label else "O"
        for before, token in zip(labels, tokens, strict=False)
        if not token.is_label
    )
    if not _is_legal(tags):
        return ILLEGAL_TAGS
    if not any(tag != "O" for tag in tags):
        return NO_ENTITY
    if UNKNOWN in words and (unknown == "drop" or set(words) == {UNKNOWN}):
        return UNKNOWN_WORDS
    return Sentence(tuple(words), tags, language)


def _is_legal(tags: Sequence[str]) -> bool:
    """Tell whether each ``I-`` tag continues an entity of its type."""
    before = "O"
    for tag in tags:
        if tag.startswith("I-") and before[2:] != tag[2:]:
            return False
        before = tag
    return True


class TokenVocabulary:
    """The ids of tokens: 0 for a sentence boundary, 1 for unknown words, then labels and words.

    Args:
        labels: The tags of the label tokens.
        words: The words.
    """

    boundary, unknown = 0, 1

    def __init__(self, labels: Sequence[str], words: Sequence[str]) -> None:
        self.labels, self.words = list(labels), list(words)
        self._tokens = [
            Token(""),
            Token(UNKNOWN),
            *(Token(label, is_label=True) for label in labels),
            *map(Token, words),
        ]
        self._ids = {token: id_ for id_, token in enumerate(self._tokens) if id_ > self.unknown}

    @classmethod
    def of(cls, sentences: Iterable[Sentence]) -> "TokenVocabulary":
        """Collect all labels of the sentences, and the words that occur at least twice.

        Raises:
            ValueError: If the sentences have no entity, or no word occurs twice.
        """
        counts = Counter(token for sentence in sentences for token in labelled(sentence))
        labels = sorted(token.text for token in counts if token.is_label)
        words = [t.text for t, count in counts.items() if count > 1 and not t.is_label]
        if not labels or not words:
            problem = "have no entities" if not labels else "have no word that occurs twice"
            raise ValueError(f"The training sentences {problem}. Train on more sentences.")
        return cls(labels, words)

    def encode(self, tokens: Iterable[Token]) -> list[int]:
        """Convert tokens to ids."""
        return [self._ids.get(token, self.unknown) for token in tokens]

    def decode(self, ids: Iterable[int]) -> list[Token]:
        """Convert ids to tokens."""
        return [self._tokens[id_] for id_ in ids]

    def __len__(self) -> int:
        return len(self._tokens)
