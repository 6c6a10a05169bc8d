"""Entity types of gold tags that no training sentence has."""

from collections.abc import Collection, Iterable, Mapping

from lightning.pytorch.utilities import rank_zero_warn

from lowner_pl.corpus import Sentence, count_types

LISTED_TYPES = 10


def warn_of_unseen(
    parts: Mapping[str, Iterable[Sentence]], seen: Collection[str], *, corpus: str
) -> None:
    """Warn of the entities that no tagger can find, with their types, numbers and first place.

    Args:
        parts: Sentences that will be scored, by the name of their split.
        seen: The types of the training sentences.
        corpus: Name of the corpus.
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
        f"No training sentence of {corpus} has these entity types: {', '.join(listed)}. Such "
        "entities cannot be learnt, and count as missed."
    )


def _first_place(parts: Mapping[str, Iterable[Sentence]], type_: str) -> list[str]:
    """Return where the first entity of a type is, if its sentence comes from a file."""
    for sentences in parts.values():
        for sentence in sentences:
            for entity in sentence.entities:
                if entity.type == type_:
                    file, line = sentence.place or ("", 0)
                    return [f"first in {file}:{line + entity.start}"] if file else []
    return []
