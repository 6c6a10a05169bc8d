"""Tagged sentences as one row of label tokens and words, and back from what a model wrote."""

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
    """A label token or a word; a word may be spelt as a label is.

    Attributes:
        text: The word, or the tag that the label stands for.
        is_label: Which of the two it is.
    """

    text: str
    is_label: bool = False


def labelled(sentence: Sentence) -> list[Token]:
    """Return a sentence with a label token before each word of an entity (Ding et al., 2020).

    Raises:
        ValueError: If the sentence has no tags.
    """
    if sentence.tags is None:
        raise ValueError(
            f"A sentence needs tags to be labelled, was: {' '.join(sentence.words[:20])!r} without."
        )
    return [
        token
        for word, tag in zip(sentence.words, sentence.tags, strict=True)
        for token in ([] if tag == "O" else [Token(tag, is_label=True)]) + [Token(word)]
    ]


def parsed(
    tokens: Sequence[Token], *, language: str | None = None, unknown: UnknownWords = "keep"
) -> Candidate:
    """Return the sentence that a row of tokens stands for, or what is wrong with it.

    Args:
        tokens: Label tokens and words.
        language: Language of the sentence.
        unknown: Whether a sentence with some words ``<unk>`` is kept. One without any other word
            never is.
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
    """Return whether each ``I-`` tag continues an entity of its type."""
    before = "O"
    for tag in tags:
        if tag.startswith("I-") and before[2:] != tag[2:]:
            return False
        before = tag
    return True


class TokenVocabulary:
    """Numbers tokens: 0 ends and begins a sentence, 1 is any unknown token, then labels and words.

    Args:
        labels: Label tokens, as tags.
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
        """Return the vocabulary of sentences: their labels, and the words they have twice or more.

        Raises:
            ValueError: If they hold no entity, or no word twice.
        """
        counts = Counter(token for sentence in sentences for token in labelled(sentence))
        labels = sorted(token.text for token in counts if token.is_label)
        words = [t.text for t, count in counts.items() if count > 1 and not t.is_label]
        if not labels or not words:
            missing = "no entity" if not labels else "no word twice"
            raise ValueError(
                "A vocabulary of labelled text needs entities, and words that are there more than "
                f"once, was: {missing} in the training sentences. Give more of them."
            )
        return cls(labels, words)

    def encode(self, tokens: Iterable[Token]) -> list[int]:
        """Return the ids of tokens."""
        return [self._ids.get(token, self.unknown) for token in tokens]

    def decode(self, ids: Iterable[int]) -> list[Token]:
        """Return the tokens of ids."""
        return [self._tokens[id_] for id_ in ids]

    def __len__(self) -> int:
        return len(self._tokens)
