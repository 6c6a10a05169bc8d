"""``documents.jsonl`` beside brat's pairs: which documents a text was made of, and their words."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from lowner_pl.annotation.formats.json_formats.records import Record, records_of

INDEX = "documents.jsonl"


class Part(NamedTuple):
    """A document in the text of a pair.

    Attributes:
        start: Where it begins.
        text: Its text.
        line: The line on which it begins, counting from 1.
        record: Its words, sentences, metadata and score.
    """

    start: int
    text: str
    line: int
    record: Record


def parts_of(folder: Path) -> dict[str, list[Part]]:
    """Read the parts of each pair of a folder, by its name without suffix."""
    found: dict[str, list[Part]] = defaultdict(list)
    if (folder / INDEX).is_file():
        for where, record in records_of(folder / INDEX):
            try:
                part = Part(record["start"], record["text"], record["line"], record)
                found[record["file"]].append(part)
                assert isinstance(part.start, int)
                assert isinstance(part.text, str)
            except (KeyError, TypeError, AssertionError):
                raise ValueError(
                    f"{where}: It does not say which document of the folder it describes. Delete "
                    f"{INDEX}: the texts are then split anew."
                ) from None
    return found


def index_lines(name: str, parts: list[tuple[str, dict[str, Any]]]) -> Iterator[str]:
    """Write the lines of a pair.

    Args:
        name: Name of the pair, without suffix.
        parts: Text and other fields of each document, in their order.
    """
    start, line = 0, 1
    for text, fields in parts:
        record = {"file": name, "start": start, "line": line, "text": text, **fields}
        yield json.dumps(record, ensure_ascii=False) + "\n"
        start, line = start + len(text) + 1, line + text.count("\n") + 1
