"""The sentence: words with their tags, the unit of every corpus."""

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
        words: The words as the corpus splits them. A word may be empty or a lone control
            character: real corpora contain such words, and each has a tag.
        tags: One tag per word, or ``None`` for unlabelled text.
        language: ISO 639-1 code, or ``None`` if unknown.
        place: File and line number of the first word, for messages. Not compared by ``==``.

    Raises:
        ValueError: If ``words`` is empty, or ``tags`` has another length or is not IOB2.
    """

    words: tuple[str, ...]
    tags: tuple[str, ...] | None = None
    language: str | None = None
    place: tuple[str, int] | None = field(default=None, compare=False, repr=False)

    def __post_init__(self) -> None:
        if not self.words:
            raise ValueError("The sentence has no words. It needs at least one.")
        if self.tags is None:
            return
        if len(self.tags) != len(self.words):
            raise ValueError(
                f"{self.excerpt} has {len(self.words)} words but {len(self.tags)} tags. "
                "Every word needs exactly one tag."
            )
        if not all(map(is_iob2, set(self.tags))):
            odd = next(tag for tag in self.tags if not is_iob2(tag))
            raise ValueError(
                f"{odd[:80]!r} is not an IOB2 tag ('O', 'B-<type>' or 'I-<type>'). "
                "Convert other schemes with `to_iob2`."
            )

    def to(self, device: object) -> Self:  # noqa: ARG002
        """Return the sentence itself: text stays on the host when Lightning moves a batch."""
        return self

    @property
    def excerpt(self) -> str:
        """The beginning of the text in quotes, for messages; at most 80 characters."""
        text = " ".join(self.words[:80])
        return repr(text if len(text) <= 80 else f"{text[:80]}…")

    @property
    def entities(self) -> tuple[Entity, ...]:
        """The entities that the tags mark, ordered by start.

        Raises:
            ValueError: If the sentence has no tags.
        """
        if self.tags is None:
            raise ValueError(f"{self.excerpt} has no tags, so its entities are unknown.")
        return entities_of(self.tags)

    def restricted_to(self, types: Collection[str]) -> Self:
        """Replace the tags of all other entity types by ``O``."""
        if self.tags is None or all(tag == "O" or tag[2:] in types for tag in self.tags):
            return self
        return self.with_tags([tag if tag[2:] in types else "O" for tag in self.tags])

    def with_tags(self, tags: Sequence[str] | None) -> Self:
        """Copy the sentence with other tags."""
        return replace(self, tags=None if tags is None else tuple(tags))


def count_types(sentences: Iterable[Sentence], *, without: Collection[str] = ()) -> dict[str, int]:
    """Count the entities of each type. The types are in alphabetical order.

    Args:
        sentences: Tagged sentences.
        without: Types to leave out.
    """
    counts = Counter(entity.type for sentence in sentences for entity in sentence.entities)
    return {type_: counts[type_] for type_ in sorted(counts) if type_ not in without}


class Sentences(Protocol):
    """Sentences that can be iterated several times: a list, or a file that is read each time."""

    def __len__(self) -> int: ...

    def __iter__(self) -> Iterator[Sentence]: ...


def gold_hash(sentences: Iterable[Sentence]) -> str:
    r"""Compute a SHA-256 of words and tags that does not depend on the format of the file.

    The hashed text is UTF-8: ``<word>\t<tag>\n`` for each word (``<word>\n`` in raw text) and one
    more ``\n`` after each sentence.
    """
    digest = sha256()
    for sentence in sentences:
        rows = [sentence.words] if sentence.tags is None else [sentence.words, sentence.tags]
        lines = "".join("\t".join(row) + "\n" for row in zip(*rows, strict=True))
        digest.update(f"{lines}\n".encode("utf-8", "surrogatepass"))
    return digest.hexdigest()
