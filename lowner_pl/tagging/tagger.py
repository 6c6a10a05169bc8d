"""A trained tagger for raw text."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from threading import Lock
from typing import NamedTuple, cast

import torch

from lowner_pl.corpus import Entity, Sentence, entities_of
from lowner_pl.modules.tagging.predictions import TaggedGroup
from lowner_pl.modules.tagging.steps import TaggingModule
from lowner_pl.runs.memory import give_back_memory
from lowner_pl.runs.ranges import check_range
from lowner_pl.tagging.entities import TaggedEntity, TaggedText
from lowner_pl.tagging.splitting.boundaries import Span
from lowner_pl.tagging.splitting.splitter import Split, Splitter, visible
from lowner_pl.tagging.support import Batches, plain_batches

POOL = 16
"""Batches that are read ahead, so that sentences of similar length can be tagged together."""
MOST_WORDS = 4_096
"""Words of a batch, unless it is a single sentence."""
MOST_CHARACTERS = 500_000
"""Characters that are read ahead, unless they are a single text."""


class Words(NamedTuple):
    """A text with its words and entities.

    Attributes:
        text: The text.
        sentences: The places of the words of each sentence.
        entities: The entities of each sentence in words, each with its confidence.
    """

    text: str
    sentences: list[list[Span]]
    entities: list[list[tuple[Entity, float]]]

    def tagged(self, min_confidence: float = 0.0) -> TaggedText:
        """Convert the entities to places in the text.

        Args:
            min_confidence: Entities below this confidence are left out.
        """
        found = TaggedText(self.text)
        for words, entities in zip(self.sentences, self.entities, strict=True):
            for entity, confidence in entities:
                start, end = words[entity.start][0], words[entity.end - 1][1]
                if confidence >= min_confidence:
                    inner = self.text[start:end]
                    found.append(TaggedEntity(start, end, entity.type, inner, confidence))
        return found


class TextTagger:
    """A trained tagger for raw text; made by `lowner_pl.load`.

    Its results don't depend on what else is tagged in the same call, up to rounding.

    Args:
        module: The method, in evaluation mode.
        batches: Makes what the method tags from sentences.
        split: How texts are split; see `Splitter`.
        language: ISO 639 code of the training data, or ``None`` if unknown.
        source: The checkpoint, for messages.

    Attributes:
        entity_types: The types that the tagger finds.
        adapts: Whether it adapts to each sentence, which takes many times as long.
        temperature: Divides all scores before they become confidences; found by `fit`, or 1.
        splitter: The splitter.
    """

    def __init__(
        self,
        module: TaggingModule,
        *,
        batches: Batches = plain_batches,
        split: str = "unicode",
        language: str | None = None,
        source: Path | None = None,
    ) -> None:
        self.module = module
        self.source = source
        self.language = language
        self.temperature = module.temperature or 1.0
        self.entity_types = module.entity_types
        self.splitter = Splitter(cast(Split, split), language)
        self.adapts = batches is not plain_batches
        self._batches = batches
        self._lock = Lock()  # adaptation changes the weights, and the words are cached

    def __call__(self, text: str, *, min_confidence: float = 0.0) -> TaggedText:
        """Tag one text.

        Args:
            text: The text, of any length.
            min_confidence: Entities below this confidence are left out. From 0 to 1.
        """
        return self.tag([text], min_confidence=min_confidence)[0]

    def tag(
        self, texts: Iterable[str], *, batch_size: int = 32, min_confidence: float = 0.0
    ) -> list[TaggedText]:
        """Tag texts.

        Args:
            texts: The texts, of any length.
            batch_size: Sentences that are tagged together, at least 1.
            min_confidence: Entities below this confidence are left out. From 0 to 1.

        Raises:
            TypeError: If something is not a text.
            ValueError: If a number is out of range.
        """
        check_range("min_confidence", min_confidence, 0.0, 1.0)
        words = self.stream(texts, batch_size=batch_size)
        return [one.tagged(min_confidence) for one in words]

    def tag_words(
        self,
        sentences: Iterable[Sequence[str]],
        *,
        batch_size: int = 32,
        min_confidence: float = 0.0,
    ) -> list[list[TaggedEntity]]:
        """Tag sentences whose words are known. The positions of entities count words.

        Args:
            sentences: The words of each sentence.
            batch_size: Sentences that are tagged together, at least 1.
            min_confidence: Entities below this confidence are left out. From 0 to 1.

        Raises:
            TypeError: If a sentence is a string.
            ValueError: If a number is out of range.
        """
        check_range("min_confidence", min_confidence, 0.0, 1.0)
        rows = [_words(sentence) for sentence in sentences]
        found = self._find(rows, batch_size)
        return [
            [
                TaggedEntity(e.start, e.end, e.type, " ".join(row[e.start : e.end]), confidence)
                for e, confidence in entities
                if confidence >= min_confidence
            ]
            for row, entities in zip(rows, found, strict=True)
        ]

    def stream(self, texts: Iterable[str], *, batch_size: int = 32) -> Iterator[Words]:
        """Tag texts one after another, in the memory that a few batches take.

        Args:
            texts: The texts. They are read a few batches ahead.
            batch_size: Sentences that are tagged together, at least 1.

        Raises:
            TypeError: If something is not a text.
            ValueError: If ``batch_size`` is below 1.
        """
        check_range("batch_size", batch_size, 1)
        if isinstance(texts, str):
            raise TypeError(
                "`tag` takes a list of texts, but it was given one text. Call the tagger itself, "
                "as in `tagger(text)`, or put the text into a list."
            )
        rest = iter(texts)
        begun = False
        while pool := list(_ahead(rest, batch_size * POOL)):
            if begun:
                give_back_memory()
            begun = True
            splits = [self.splitter(text) for text in pool]
            rows = [
                row
                for text, sentences in zip(pool, splits, strict=True)
                for row in _rows(text, sentences)
            ]
            found = iter(self._find(rows, batch_size))
            for text, sentences in zip(pool, splits, strict=True):
                yield Words(text, sentences, list(islice(found, len(sentences))))

    def each_group(
        self,
        sentences: Sequence[Sentence],
        use: Callable[[list[int], TaggedGroup], None],
        *,
        batch_size: int = 32,
    ) -> None:
        """Tag sentences, those of similar length together, and hand on the scores of every tag.

        Args:
            sentences: The sentences.
            use: Called with the places of a few sentences and what the method made of them, while
                the tagger has the weights that tagged them. It must not call this tagger.
            batch_size: Sentences that are tagged together, at least 1.

        Raises:
            ValueError: If ``batch_size`` is below 1.
        """
        check_range("batch_size", batch_size, 1)
        order = sorted(range(len(sentences)), key=lambda at: len(sentences[at].words))
        for places in _grouped(order, batch_size, lambda at: len(sentences[at].words)):
            with self._lock, torch.inference_mode():
                batch = self._batches([sentences[at] for at in places])
                for group in self.module.tagged_groups(batch):
                    use([places[number] for number in group.numbers], group)

    def tag_sentences(
        self, parts: Sequence[tuple[str, Sequence[list[Span]]]], *, batch_size: int = 32
    ) -> list[TaggedText]:
        """Tag some sentences of some texts, all together.

        Args:
            parts: Each text with the sentences to tag, which are among those that `splitter` finds.
            batch_size: Sentences that are tagged together, at least 1.

        Raises:
            ValueError: If ``batch_size`` is below 1.
        """
        rows = [row for text, sentences in parts for row in _rows(text, sentences)]
        found = iter(self._find(rows, batch_size))
        return [
            Words(text, list(sentences), list(islice(found, len(sentences)))).tagged()
            for text, sentences in parts
        ]

    def _find(
        self, rows: Sequence[tuple[str, ...]], batch_size: int
    ) -> list[list[tuple[Entity, float]]]:
        """Find the entities of sentences; those of similar length are tagged together."""
        check_range("batch_size", batch_size, 1)
        found: list[list[tuple[Entity, float]]] = [[] for _ in rows]
        order = sorted((at for at, row in enumerate(rows) if row), key=lambda at: len(rows[at]))
        for places in _grouped(order, batch_size, lambda at: len(rows[at])):
            sentences = [Sentence(rows[at], None, self.language) for at in places]
            with self._lock, torch.inference_mode():
                batch = self._batches(sentences)
                tags, confidences = self.module.tag_with_confidence(batch, self.temperature)
            for at, row, sure in zip(places, tags, confidences, strict=True):
                found[at] = list(zip(entities_of(row), sure, strict=True))
        return found

    def __repr__(self) -> str:
        """Name the checkpoint, the types and the rules for splitting."""
        types = ", ".join(self.entity_types)
        return f"TextTagger({str(self.source)!r}, types {types}, split by {self.splitter.rules})"


def _ahead(texts: Iterator[str], most: int) -> Iterator[str]:
    """Take texts until there are as many, or as many characters, as can be read ahead."""
    characters = 0
    for text in islice(texts, most):
        if not isinstance(text, str):
            raise TypeError(
                f"A text must be a string, but one is {type(text).__name__}: {str(text)[:80]!r}. "
                "Use `tag_words` for words."
            )
        yield text
        characters += len(text)
        if characters > MOST_CHARACTERS:
            return


def _rows(text: str, sentences: Iterable[Sequence[Span]]) -> list[tuple[str, ...]]:
    """Cut the words of sentences out of their text."""
    return [tuple(visible(text[start:end]) for start, end in words) for words in sentences]


def _words(sentence: Sequence[str]) -> tuple[str, ...]:
    """Check the words of a sentence."""
    if isinstance(sentence, str) or not all(isinstance(word, str) for word in sentence):
        raise TypeError(
            f"A sentence must be a list of words, but one is {str(sentence)[:80]!r}. Use `tag` for "
            "raw text."
        )
    return tuple(map(visible, sentence))


def _grouped(places: Iterable[int], most: int, words: Callable[[int], int]) -> Iterator[list[int]]:
    """Group sentences in ascending order of length; each group has at most `MOST_WORDS` words."""
    group: list[int] = []
    for place in places:
        if group and (len(group) == most or (len(group) + 1) * words(place) > MOST_WORDS):
            yield group
            group = []
        group.append(place)
    if group:
        yield group
