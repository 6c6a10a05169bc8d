"""The tags that a tagger scores, and their ids."""

from collections.abc import Sequence
from typing import Literal


class TagSet:
    """The tags for a set of entity types, in the order in which a head scores them.

    Args:
        entity_types: The types, each once.
        scheme: ``iob2`` has ``O`` and two tags per type (``B-PER``, ``I-PER``). ``io`` has ``O``
            and one tag per type (``PER``); neighbouring entities of the same type merge.

    Attributes:
        entity_types: The types.
        scheme: The scheme.
        tags: All tags. The id of a tag is its position; the id of ``O`` is 0.

    Raises:
        ValueError: If there is no type, or a type is repeated or empty.
    """

    def __init__(self, entity_types: Sequence[str], scheme: Literal["iob2", "io"] = "iob2") -> None:
        self.entity_types = tuple(entity_types)
        if not self.entity_types:
            raise ValueError(
                "There are no entity types. Train on labelled sentences; raw text has no entities."
            )
        if not all(self.entity_types):
            raise ValueError(f"One of the entity types {self.entity_types} is empty. Name it.")
        if len(set(self.entity_types)) < len(self.entity_types):
            raise ValueError(f"The entity types {self.entity_types} repeat a type. List each once.")
        if scheme not in ("iob2", "io"):
            raise ValueError(f"The tag scheme is {scheme!r}, but it must be 'iob2' or 'io'.")
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
        """Convert IOB2 tags to ids.

        Raises:
            ValueError: If a tag has a type that is not in the set.
        """
        try:
            return [self._ids[tag] for tag in tags]
        except KeyError as error:
            raise ValueError(
                f"The tagger does not know the tag {error.args[0]!r}, only {str(self.tags)[:80]}. "
                "Add its type to `entity_types`, or map it to 'O' in the data module."
            ) from None

    def decode(self, ids: Sequence[int]) -> tuple[str, ...]:
        """Convert any ids to well-formed IOB2 tags.

        An ``I-`` tag that does not continue an entity of its type becomes ``B-``. With ``io``, a
        run of the same type is one entity.
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
        """Tell which tags may follow which: entry ``[i][j]`` is true if ``j`` may follow ``i``.

        Shape ``(T, T)``. With ``iob2``, ``I-X`` may only follow ``B-X`` and ``I-X``. With ``io``,
        every tag may follow every other.
        """
        return [
            [
                start or before == after
                for after, start in zip(self._types, self.starts(), strict=True)
            ]
            for before in self._types
        ]

    def starts(self) -> list[bool]:
        """Tell which tags a sentence may begin with. Shape ``(T,)``."""
        return [self.scheme == "io" or not tag.startswith("I-") for tag in self.tags]

    def __len__(self) -> int:
        return len(self.tags)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TagSet) and self.tags == other.tags and self.scheme == other.scheme

    def __hash__(self) -> int:
        return hash((self.tags, self.scheme))

    def __repr__(self) -> str:
        return f"TagSet({self.entity_types!r}, scheme={self.scheme!r})"
