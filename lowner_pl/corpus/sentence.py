"""The sentence: what a corpus is made of."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Protocol, Self

from lowner_pl.corpus.entity import Entity, entities_of, is_iob2


@dataclass(frozen=True, slots=True)
class Sentence:
    """A pre-tokenised sentence with one IOB2 tag per word.

    Args:
        words: The words as the corpus splits them. A word may be empty or a bare control
            character: real corpora have such words, and each of them has a tag.
        tags: One tag per word, or ``None`` for unlabelled text.
        language: ISO 639-1 code, or ``None`` when unknown.
        place: File and line of the first word, for messages; no part of equality.

    Raises:
        ValueError: If ``words`` is empty, or ``tags`` is of another length or not IOB2.
    """

    words: tuple[str, ...]
    tags: tuple[str, ...] | None = None
    language: str | None = None
    place: tuple[str, int] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.words:
            raise ValueError("A sentence needs at least 1 word, was: 0.")
        if self.tags is None:
            return
        if len(self.tags) != len(self.words):
            raise ValueError(
                f"A sentence needs one tag per word, was: {len(self.tags)} tags for "
                f"{len(self.words)} words in {' '.join(self.words[:20])!r}."
            )
        if not all(map(is_iob2, set(self.tags))):
            odd = next(tag for tag in self.tags if not is_iob2(tag))
            raise ValueError(
                f"A tag must be 'O', 'B-<type>' or 'I-<type>', was: {odd!r}. "
                "Convert other schemes with `to_iob2`."
            )

    def to(self, device: object) -> Self:  # noqa: ARG002
        """Return the sentence itself: text stays on the host when Lightning moves a batch."""
        return self

    @property
    def entities(self) -> tuple[Entity, ...]:
        """The entities of the tags, ordered by start.

        Raises:
            ValueError: If the sentence has no tags.
        """
        if self.tags is None:
            raise ValueError(
                f"A sentence needs tags to have entities, was: {' '.join(self.words[:20])!r} "
                "without tags."
            )
        return entities_of(self.tags)

    def restricted_to(self, types: Collection[str]) -> Self:
        """Replace the tags of all other entity types by ``O``."""
        if self.tags is None or all(tag == "O" or tag[2:] in types for tag in self.tags):
            return self
        return self.with_tags([tag if tag[2:] in types else "O" for tag in self.tags])

    def with_tags(self, tags: Sequence[str] | None) -> Self:
        """Return the sentence with other tags."""
        return replace(self, tags=None if tags is None else tuple(tags))


def count_types(sentences: Iterable[Sentence], *, without: Collection[str] = ()) -> dict[str, int]:
    """Count the entities of tagged sentences by their type, in alphabetical order.

    Args:
        sentences: The sentences.
        without: Types not to count.
    """
    counts = Counter(entity.type for sentence in sentences for entity in sentence.entities)
    return {type_: counts[type_] for type_ in sorted(counts) if type_ not in without}


class Sentences(Protocol):
    """Sentences to be gone through, again and again: a list, or a file that is read each time."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Sentence]: ...


def gold_hash(sentences: Iterable[Sentence]) -> str:
    """Compute the SHA-256 of words and tags, the same in whatever format they were read from.

    A word, a tab, its tag and a line feed for each word (no tab and tag in raw text), and a line
    feed more behind each sentence, in UTF-8.
    """
    digest = sha256()
    for sentence in sentences:
        rows = [sentence.words] if sentence.tags is None else [sentence.words, sentence.tags]
        lines = "".join("\t".join(row) + "\n" for row in zip(*rows, strict=True))
        digest.update(f"{lines}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
