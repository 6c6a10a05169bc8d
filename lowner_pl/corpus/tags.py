"""The ordered tags of a tagger: IOB2 tags ⇄ ids."""

from collections.abc import Sequence
from typing import Literal


class TagSet:
    """The tags of some entity types, in the order a head scores them.

    Args:
        entity_types: The types, each once.
        scheme: ``iob2`` has ``O`` and two tags a type (``B-PER``, ``I-PER``); ``io`` has ``O`` and
            one (``PER``), and cannot part neighbouring entities of one type.

    Attributes:
        entity_types: The types.
        scheme: The scheme.
        tags: All tags; the id of a tag is its position, and ``O`` is 0.

    Raises:
        ValueError: If there is no type, or one is repeated or empty.
    """

    def __init__(self, entity_types: Sequence[str], scheme: Literal["iob2", "io"] = "iob2") -> None:
        self.entity_types = tuple(entity_types)
        if not self.entity_types:
            raise ValueError(
                "A tag set needs entity types, was: none. Give the method labelled sentences; raw "
                "text has no entities."
            )
        if not all(self.entity_types):
            raise ValueError(f"A tag set needs entity types, was: {self.entity_types}.")
        if len(set(self.entity_types)) < len(self.entity_types):
            raise ValueError(f"Entity types must be distinct, was: {self.entity_types}.")
        if scheme not in ("iob2", "io"):
            raise ValueError(f"The tag scheme must be 'iob2' or 'io', was: {scheme!r}.")
        self.scheme: Literal["iob2", "io"] = scheme
        iob2 = [(f"B-{type_}", f"I-{type_}") for type_ in self.entity_types]
        if scheme == "iob2":
            self.tags: tuple[str, ...] = ("O", *(tag for pair in iob2 for tag in pair))
            self._ids = {tag: id_ for id_, tag in enumerate(self.tags)}
        else:
            self.tags = ("O", *self.entity_types)
            self._ids = {tag: id_ for id_, pair in enumerate(iob2, 1) for tag in pair} | {"O": 0}
        tags_per_type = 2 if scheme == "iob2" else 1
        self._types = ("", *(t for t in self.entity_types for _ in range(tags_per_type)))
        self._begins = tuple(scheme == "iob2" and tag[:2] == "B-" for tag in self.tags)

    def encode(self, tags: Sequence[str]) -> list[int]:
        """Return the ids of IOB2 tags.

        Raises:
            ValueError: If a tag is of a type that is not in the set.
        """
        try:
            return [self._ids[tag] for tag in tags]
        except KeyError as error:
            raise ValueError(
                f"Tag {error.args[0]!r} is not in the tag set {self.tags}. Add its entity type to "
                "`entity_types`, or map it to 'O' in the data module."
            ) from None

    def decode(self, ids: Sequence[int]) -> tuple[str, ...]:
        """Return well-formed IOB2 tags, whatever the ids.

        An ``I-`` tag that continues no entity of its type becomes ``B-``. Under ``io`` a run of one
        type is one entity.
        """
        tags: list[str] = []
        before = ""
        for id_ in ids:
            type_ = self._types[id_]
            if not type_:
                tags.append("O")
            else:
                tags.append(f"{'B' if self._begins[id_] or type_ != before else 'I'}-{type_}")
            before = type_
        return tuple(tags)

    def transitions(self) -> list[list[bool]]:
        """Return whether tag ``j`` may follow tag ``i``, as ``[i][j]``. Shape ``(T, T)``.

        Under ``iob2``, ``I-X`` only follows ``B-X`` and ``I-X``; under ``io`` all is legal.
        """
        return [
            [
                start or before == after
                for after, start in zip(self._types, self.starts(), strict=True)
            ]
            for before in self._types
        ]

    def starts(self) -> list[bool]:
        """Return whether a sentence may begin with each tag. Shape ``(T,)``."""
        return [self.scheme == "io" or not tag.startswith("I-") for tag in self.tags]

    def __len__(self) -> int:
        return len(self.tags)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TagSet) and self.tags == other.tags and self.scheme == other.scheme

    def __hash__(self) -> int:
        return hash((self.tags, self.scheme))

    def __repr__(self) -> str:
        return f"TagSet({self.entity_types!r}, scheme={self.scheme!r})"
