"""Entity types: their order, renaming and dropping them, and types that can't be learned."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence

from lightning.pytorch.utilities import rank_zero_warn

from lowner_pl.corpus import Sentence, Sentences, count_types

LISTED_TYPES = 10
"""Maximum number of unseen types that a warning lists; it only counts the rest."""
_COMMON_TYPES = {type_: rank for rank, type_ in enumerate(("PER", "ORG", "LOC", "MISC", "DATE"))}


def type_order(type_: str) -> tuple[int, str]:
    """Return the sort key of an entity type: common types first, then alphabetical order."""
    return _COMMON_TYPES.get(type_, len(_COMMON_TYPES)), type_


def types_in(sentences: Iterable[Sentence]) -> tuple[str, ...]:
    """Collect the entity types that occur in sentences, sorted by `type_order`."""
    tags = {tag for sentence in sentences for tag in sentence.tags or () if tag != "O"}
    return tuple(sorted({tag[2:] for tag in tags}, key=type_order))


def renamed(types: Sequence[str], map_type: Callable[[str], str | None]) -> tuple[str, ...]:
    """Rename and drop entity types, and list each once."""
    return tuple(dict.fromkeys(new for type_ in types if (new := map_type(type_))))


def mapped_types(
    types: Sequence[str], map_type: Callable[[str], str | None], *, corpus: str
) -> tuple[str, ...]:
    """Rename and drop entity types, and sort the rest by `type_order`.

    Args:
        types: The types of a corpus.
        map_type: Returns the new name of an entity type, or ``None`` to drop it.
        corpus: Name of the corpus, for messages.

    Raises:
        ValueError: If no type is left.
    """
    mapped = renamed(types, map_type)
    if not mapped:
        raise ValueError(
            f"`type_map` drops all entity types of {corpus} ({', '.join(types)}). Keep at least "
            "one of them."
        )
    return tuple(sorted(mapped, key=type_order))


def check_has_entities(train: Sequence[Sentence], *, corpus: str) -> None:
    """Make sure that training sentences have entities.

    Raises:
        ValueError: If all words are outside of entities.
    """
    if not any(tag != "O" for sentence in train for tag in sentence.tags or ()):
        raise ValueError(
            f"The training data of {corpus} have no entities: the words of all {len(train):,} "
            "sentences are tagged 'O'. Check the tag column and `type_map`."
        )


def check_dev_types(
    dev_types: Sequence[str],
    dev: Sequence[Sentence] | None,
    entity_types: Sequence[str],
    *,
    corpus: str,
) -> None:
    """Make sure that development data have no other types than those that are listed.

    Args:
        dev_types: The types that they are said to be annotated with.
        dev: All development sentences; ``None`` if there are none.
        entity_types: The types of the tagger.
        corpus: Name of the corpus, for messages.

    Raises:
        ValueError: If there are none, they have another type, no type is listed, or a listed type
            is unknown.
    """
    if dev is None:
        raise ValueError(
            f"`dev_types` describes the development data of {corpus}, but there are none. The dev "
            "sentences are set aside from the training data, which have all types. Give "
            "development data, or leave `dev_types` out."
        )
    found = types_in(dev)
    known = [*dict.fromkeys([*entity_types, *found])]
    if unknown := [one for one in dev_types if one not in known]:
        raise ValueError(
            f"`dev_types` lists {unknown[0][:80]!r}, but {corpus} has the entity types "
            f"{', '.join(known)}. Correct it."
        )
    if unlisted := [one for one in found if one not in dev_types]:
        first = ", ".join([unlisted[0], *_first_place({"dev": dev}, unlisted[0])])
        raise ValueError(
            f"The development data of {corpus} have entities of another type than `dev_types` "
            f"lists ({', '.join(dev_types) or 'none'}): {first}. Add it there, or correct the tags."
        )
    if not dev_types:
        raise ValueError(
            f"`dev_types` of {corpus} lists no type, so that nothing can be scored. List the types "
            "that the development data are annotated with, or leave it out."
        )


def renamed_dev_types(
    dev_types: Sequence[str],
    entity_types: Sequence[str],
    map_type: Callable[[str], str | None],
    *,
    corpus: str,
) -> tuple[str, ...]:
    """Rename the types that development data are annotated with.

    Raises:
        ValueError: If one of them and a type that they are not annotated with become one.
    """
    new = renamed(dev_types, map_type)
    for type_ in entity_types:
        if type_ not in dev_types and (name := map_type(type_)) in new:
            raise ValueError(
                f"The `type_map` of {corpus} makes {name} of {type_}, but the development data are "
                f"not annotated with {type_} (`dev_types`). Drop {type_}, or annotate them with it."
            )
    return new


class MappedSentences:
    """Sentences whose entity types are renamed or dropped while iterating.

    Args:
        sentences: The original sentences.
        map_type: Returns the new name of an entity type, or ``None`` for ``O``.
        entity_types: The new types that are allowed; ``None`` allows all.
        origin: Where the sentences come from, for messages.

    Raises:
        ValueError: While iterating, if a tag has another new type. The message names the file and
            line if they are known.
    """

    def __init__(
        self,
        sentences: Sentences,
        map_type: Callable[[str], str | None],
        *,
        entity_types: Sequence[str] | None,
        origin: str,
    ) -> None:
        self._sentences = sentences
        self._map_type = map_type
        self._entity_types = entity_types
        self._origin = origin

    def __len__(self) -> int:
        return len(self._sentences)

    def __iter__(self) -> Iterator[Sentence]:
        mapping: dict[str, str] = {"O": "O"}
        for sentence in self._sentences:
            tags = sentence.tags or ()
            for tag in set(tags).difference(mapping):
                new = self._map_type(tag[2:])
                mapping[tag] = f"{tag[:2]}{new}" if new else "O"
                if new and self._entity_types is not None and new not in self._entity_types:
                    raise ValueError(_complaint(sentence, tag, self._entity_types, self._origin))
            new_tags = tuple(mapping[tag] for tag in tags)
            yield sentence if new_tags == tags else sentence.with_tags(new_tags)


def _complaint(sentence: Sentence, tag: str, entity_types: Sequence[str], origin: str) -> str:
    word = (sentence.tags or ()).index(tag)
    if sentence.place is not None:
        file, line = sentence.place
        origin = f"{file}, line {line + word}"
    return (
        f"{origin}: {sentence.words[word][:80]!r} has the tag {tag!r}, but training data may only "
        f"have the entity types {', '.join(entity_types)}. Correct the tag, or rename or drop the "
        f"type with `type_map: {{{tag[2:]}: null}}`."
    )


def warn_of_unseen_types(
    parts: Mapping[str, Iterable[Sentence]], seen: Collection[str], *, corpus: str
) -> None:
    """Warn of entities whose type occurs in no training sentence, with counts and first place.

    Args:
        parts: The sentences that will be scored, by the name of their split.
        seen: The entity types of the training sentences.
        corpus: Name of the corpus, for the message.
    """
    counts = {name: count_types(sentences, without=seen) for name, sentences in parts.items()}
    types = sorted({type_ for part in counts.values() for type_ in part})
    if not types:
        return
    listed = []
    for type_ in types[:LISTED_TYPES]:
        numbers = [f"{name} {part[type_]:,}" for name, part in counts.items() if type_ in part]
        listed.append(f"{type_} ({', '.join([*numbers, *_first_place(parts, type_)])})")
    if len(types) > LISTED_TYPES:
        listed.append(f"and {len(types) - LISTED_TYPES} more types")
    rank_zero_warn(
        f"No training sentence of {corpus} has these entity types: {', '.join(listed)}. They can't "
        "be learned; these entities count as missed."
    )


def _first_place(parts: Mapping[str, Iterable[Sentence]], type_: str) -> list[str]:
    """Return where the first entity of a type is; empty if its sentence isn't from a file."""
    for sentences in parts.values():
        for sentence in sentences:
            for entity in sentence.entities:
                if entity.type == type_:
                    file, line = sentence.place or ("", 0)
                    return [f"first in {file}, line {line + entity.start}"] if file else []
    return []
