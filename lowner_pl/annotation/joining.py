"""Words to text and back: the text that annotators see, and the places of the words in it."""

import re
from collections.abc import Sequence

from lowner_pl.annotation.documents import Document, Place, Span
from lowner_pl.corpus.sentence import Sentence

# Letters and punctuation of the scripts that are written without spaces: Thai, Lao, Burmese,
# Khmer, Han and kana.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u312f\u31a0-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f"
    "\uf900-\ufaff\ufe30-\ufe4f\uff00-\uffef\U00020000-\U0003ffff]"
)


def join_words(words: Sequence[str]) -> tuple[str, tuple[Place, ...]]:
    """Join words to a text, with a space between them where their script has spaces.

    >>> join_words(["Nyeri", ",", "Kenya"])
    ('Nyeri , Kenya', ((0, 5), (6, 7), (8, 13)))
    >>> join_words(["北京", "。"])
    ('北京。', ((0, 2), (2, 3)))

    Returns:
        The text, and the place of each word in it.
    """
    parts: list[str] = []
    places: list[Place] = []
    at, before = 0, ""
    for word in words:
        spaced = not (_UNSPACED.match(before) and _UNSPACED.match(word[:1]))
        if places and spaced:
            parts.append(" ")
            at += 1
        parts.append(word)
        places.append((at, at + len(word)))
        at, before = at + len(word), word[-1:]
    return "".join(parts), tuple(places)


def find_words(words: Sequence[str], text: str) -> tuple[Place, ...] | None:
    """Find words in the text that was joined from them.

    If something else joined them, each word is looked for after the one before it, across white
    space only.

    Returns:
        The place of each word, or ``None`` if the text has other words.
    """
    joined, places = join_words(words)
    if joined == text:
        return places
    found: list[Place] = []
    at = 0
    for word in words:
        while not text.startswith(word, at) and text[at : at + 1].isspace():
            at += 1
        if not text.startswith(word, at):
            return None
        found.append((at, at + len(word)))
        at += len(word)
    return None if text[at:].strip() else tuple(found)


def document_of(sentence: Sentence, *, place: str = "") -> Document:
    """Make a document of a sentence. It is open if the sentence has no tags.

    Args:
        sentence: The sentence.
        place: Where the sentence comes from; by default its own place.
    """
    text, words = join_words(sentence.words)
    if not place and sentence.place is not None:
        place = f"{sentence.place[0]}, line {sentence.place[1]}"
    if sentence.tags is None:
        return Document(text, (), words, (0,), state="open", place=place)
    spans = tuple(
        Span(words[entity.start][0], words[entity.end - 1][1], entity.type)
        for entity in sentence.entities
    )
    return Document(text, spans, words, (0,), place=place)


def words_of(document: Document) -> list[str]:
    """List the words of a document whose words are known."""
    return [document.text[start:end] for start, end in document.words or ()]


def joined_by_line(documents: Sequence[Document]) -> Document:
    """Join documents to one, in which each begins on a line of its own.

    Metadata and scores of the documents are dropped. Documents without words must not be mixed
    with others.
    """
    spans: list[Span] = []
    words: list[Place] = []
    sentences: list[int] = []
    at = 0
    for document in documents:
        spans += (moved(span, at) for span in document.spans)
        sentences += (len(words) + first for first in document.sentences)
        words += ((start + at, end + at) for start, end in document.words or ())
        at += len(document.text) + 1
    return Document(
        "\n".join(document.text for document in documents),
        tuple(spans),
        tuple(words) if any(document.words is not None for document in documents) else None,
        tuple(sentences) if all(document.sentences for document in documents) else (),
        place=documents[0].place,
    )


def moved(span: Span, by: int) -> Span:
    """Move a span by a number of characters."""
    fragments = tuple((start + by, end + by) for start, end in span.fragments)
    return Span(span.start + by, span.end + by, span.type, span.score, fragments)
