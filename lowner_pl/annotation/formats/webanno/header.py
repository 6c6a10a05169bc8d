"""The header of WebAnno TSV 3, which names the columns, and the escapes of its cells."""

import re
from collections.abc import Sequence
from typing import NamedTuple

NAMED_ENTITY = "de.tudarmstadt.ukp.dkpro.core.api.ner.type.NamedEntity"
FEATURE = "value"
FORMAT = "#FORMAT=WebAnno TSV "
_LAYER = re.compile(r"#T_(SP|RL|CH)=([^|]*)\|?(.*)")
# Layers that describe words, not entities.
_LINGUISTIC = re.compile(r"de\.tudarmstadt\.ukp\.dkpro\.core\.api\.(?!ner\.)|org\.dkpro\.")
_ESCAPED = re.compile(r"\\(->|.)", re.DOTALL)
_CONTROLS = {"t": "\t", "n": "\n", "f": "\f", "r": "\r", "b": "\b"}
_TEXT = {**{sign: f"\\{name}" for name, sign in _CONTROLS.items()}, "\\": "\\\\"} | {
    chr(code): f"\\{chr(code)}" for code in range(32) if not 7 < code < 14
}
_RESERVED = re.compile(r"->|[\\\[\]|_;\t\n*]")


class Column(NamedTuple):
    """A column of annotations.

    Attributes:
        kind: ``SP`` of spans, ``RL`` of relations, ``CH`` of chains.
        layer: Its layer.
        feature: Its feature; empty if the layer has none.
    """

    kind: str
    layer: str
    feature: str

    @property
    def name(self) -> str:
        """Layer and feature as the option ``--layer`` takes them."""
        return f"{self.layer}|{self.feature}" if self.feature else self.layer


def columns_of(header: Sequence[str]) -> list[Column]:
    """Read the columns from the lines of a header."""
    columns: list[Column] = []
    for line in header:
        if (found := _LAYER.fullmatch(line)) is None:
            continue
        kind, layer, rest = found.groups()
        features = rest.split("|")
        if kind == "RL" and len(features) == 1:
            features.insert(0, "")  # a relation without features still has a column of its own
        columns += (Column(kind, layer, feature) for feature in features)
    return columns


def entity_column(columns: Sequence[Column], layer: str | None, where: str) -> int:
    """Find the column of the entity types.

    Args:
        columns: All columns.
        layer: The layer that the user names, if any; with ``|`` and the feature if it has several.
        where: The file, for messages.

    Raises:
        ValueError: If there is none, or it is not clear which one it is.
    """
    spans = [n for n, column in enumerate(columns) if column.kind == "SP"]
    if layer is not None:
        found = [n for n in spans if layer in (columns[n].layer, columns[n].name)]
    else:
        found = [n for n in spans if columns[n].layer == NAMED_ENTITY]
        found = found or [n for n in spans if not _LINGUISTIC.match(columns[n].layer)]
    by_name = [n for n in found if columns[n].feature == FEATURE]
    if len({columns[n].layer for n in found}) == 1 and len(by_name) == 1:
        return by_name[0]
    if len(found) == 1:
        return found[0]
    names = ", ".join(columns[n].name for n in found or spans)[:300]
    if layer is not None and not found:
        raise ValueError(f"{where}: There is no layer {layer[:80]!r}, only {names or 'none'}.")
    raise ValueError(
        f"{where}: The entities may be in {names}. Name the layer with --layer."
        if spans
        else f"{where}: There is no layer of spans, so no annotation. Export a layer with entities."
    )


def escape_text(text: str) -> str:
    """Escape a word, or a line of text."""
    return "".join(_TEXT.get(letter, letter) for letter in text)


def escape_value(value: str) -> str:
    """Escape an entity type."""
    escapes = {"\t": "\\t", "\n": "\\n"}
    return _RESERVED.sub(lambda found: escapes.get(found[0], f"\\{found[0]}"), value)


def unescape(text: str) -> str:
    """Undo the escapes of words, of lines of text and of values."""
    return _ESCAPED.sub(lambda found: _CONTROLS.get(found[1], found[1]), text)
