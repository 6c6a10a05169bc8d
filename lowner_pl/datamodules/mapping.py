"""Entity types renamed and dropped."""

from collections.abc import Callable, Sequence

from lowner_pl.corpus import Sentence

_COMMON_TYPES = {type_: rank for rank, type_ in enumerate(("PER", "ORG", "LOC", "MISC", "DATE"))}


def type_order(type_: str) -> tuple[int, str]:
    """Return the sort key of an entity type: the common ones first, then by alphabet."""
    return _COMMON_TYPES.get(type_, len(_COMMON_TYPES)), type_


def map_types(
    sentences: Sequence[Sentence],
    fate: Callable[[str], str | None],
    *,
    entity_types: Sequence[str],
    origin: str,
) -> list[Sentence]:
    """Return the sentences with their entity types mapped.

    Args:
        sentences: The sentences.
        fate: Gives what a type becomes; ``None`` is ``O``.
        entity_types: The types that may come out.
        origin: Where the sentences are from, for messages.

    Raises:
        ValueError: If another type comes out, naming the file and the line where they are known.
    """
    allowed = {f"{prefix}-{type_}" for type_ in entity_types for prefix in "BI"}
    fates: dict[str, str] = {"O": "O"}
    mapped: list[Sentence] = []
    for sentence in sentences:
        tags = sentence.tags or ()
        for tag in set(tags).difference(fates):
            new = fate(tag[2:])
            fates[tag] = f"{tag[:2]}{new}" if new else "O"
            if new and fates[tag] not in allowed:
                raise ValueError(_complaint(sentence, tag, entity_types, origin))
        new_tags = tuple(fates[tag] for tag in tags)
        mapped.append(sentence if new_tags == tags else sentence.with_tags(new_tags))
    return mapped


def _complaint(sentence: Sentence, tag: str, entity_types: Sequence[str], origin: str) -> str:
    word = (sentence.tags or ()).index(tag)
    if sentence.place is not None:
        file, line = sentence.place
        origin = f"{file}:{line + word}"
    return (
        f"{origin}: A tag must be of an entity type of the training data {tuple(entity_types)}, "
        f"was: {tag!r} at {sentence.words[word]!r}. Rename or drop the type with "
        f"`type_map: {{{tag[2:]}: null}}`, or add training sentences with it."
    )
