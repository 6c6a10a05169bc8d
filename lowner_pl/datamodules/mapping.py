"""Entity types renamed and dropped."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from lowner_pl.corpus import Sentence, Sentences

_COMMON_TYPES = {type_: rank for rank, type_ in enumerate(("PER", "ORG", "LOC", "MISC", "DATE"))}


def type_order(type_: str) -> tuple[int, str]:
    """Return the sort key of an entity type: the common ones first, then by alphabet."""
    return _COMMON_TYPES.get(type_, len(_COMMON_TYPES)), type_


def types_in(sentences: Iterable[Sentence]) -> tuple[str, ...]:
    """Return the entity types of some sentences, sorted by `type_order`."""
    tags = {tag for sentence in sentences for tag in sentence.tags or () if tag != "O"}
    return tuple(sorted({tag[2:] for tag in tags}, key=type_order))


class MappedSentences:
    """Sentences with their entity types mapped as they are gone through.

    Args:
        sentences: The sentences.
        fate: Gives what a type becomes; ``None`` is ``O``.
        entity_types: The types that may come out; ``None`` allows any.
        origin: Where the sentences are from, for messages.

    Raises:
        ValueError: While they are gone through: if another type comes out, naming the file and the
            line where they are known.
    """

    def __init__(
        self,
        sentences: Sentences,
        fate: Callable[[str], str | None],
        *,
        entity_types: Sequence[str] | None,
        origin: str,
    ) -> None:
        self._sentences = sentences
        self._fate = fate
        self._entity_types = entity_types
        self._origin = origin

    def __len__(self) -> int:
        return len(self._sentences)

    def __iter__(self) -> Iterator[Sentence]:
        fates: dict[str, str] = {"O": "O"}
        for sentence in self._sentences:
            tags = sentence.tags or ()
            for tag in set(tags).difference(fates):
                new = self._fate(tag[2:])
                fates[tag] = f"{tag[:2]}{new}" if new else "O"
                if new and self._entity_types is not None and new not in self._entity_types:
                    raise ValueError(_complaint(sentence, tag, self._entity_types, self._origin))
            new_tags = tuple(fates[tag] for tag in tags)
            yield sentence if new_tags == tags else sentence.with_tags(new_tags)


def _complaint(sentence: Sentence, tag: str, entity_types: Sequence[str], origin: str) -> str:
    word = (sentence.tags or ()).index(tag)
    if sentence.place is not None:
        file, line = sentence.place
        origin = f"{file}:{line + word}"
    return (
        f"{origin}: A tag to learn from must be of one of the entity types {tuple(entity_types)}, "
        f"was: {tag!r} at {sentence.words[word]!r}. Correct the tag, or rename or drop the type "
        f"with `type_map: {{{tag[2:]}: null}}`."
    )
