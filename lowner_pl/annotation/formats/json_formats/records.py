"""Records of JSON files: an object per line, or one list of objects."""

import json
from codecs import BOM_UTF16_BE, BOM_UTF16_LE
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from lowner_pl.corpus.text import decode, place, read_bytes

Record = dict[str, Any]


def records_of(path: Path) -> Iterator[tuple[str, Record]]:
    """Yield each object of a file with its place, which names its line or its number.

    Raises:
        OSError: If the file can't be read.
        ValueError: If it is not JSON, or holds something else than objects.
    """
    raw = read_bytes(path)
    if raw.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        raise ValueError(f"{path}: The file is in UTF-16, but JSON is in UTF-8. Convert it first.")
    text = decode(raw, str(path))
    if text.lstrip()[:1] == "[":
        whole = _parsed(text, str(path))
        for number, record in enumerate(whole, 1):
            yield _checked(record, f"{path}, record {number}")
        return
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            where = place(str(path), number)
            yield _checked(_parsed(line, where), where)


def text_in(record: Mapping[str, Any], column: str, where: str) -> str:
    """Return the text of a record.

    Raises:
        ValueError: If there is none.
    """
    text = record.get(column)
    if isinstance(text, str):
        return text
    if column in record:
        raise ValueError(
            f"{where}: The field {column!r} holds no text. Name the field with --column."
        )
    fields = ", ".join(map(repr, record))[:200] or "none"
    raise ValueError(
        f"{where}: There is no field {column!r}, only {fields}. Name the field of the text with "
        "--column."
    )


def records_in(record: Mapping[str, Any], name: str, where: str) -> list[Record]:
    """Return a list of records in a field; an empty one if the field is missing.

    Raises:
        ValueError: If the field holds something else.
    """
    value = record.get(name) or []
    if isinstance(value, list) and all(isinstance(one, dict) for one in value):
        return value
    raise ValueError(
        f"{where}: The field {name!r} is {shown(value)}, but it must be a list of records. Export "
        "the file again, with all details."
    )


def whole_number(value: object) -> int | None:
    """Read a position, which some exports write as a string; ``None`` if it is none."""
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def number(value: object) -> float | None:
    """Read a score; ``None`` if it is none."""
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def shown(value: object) -> str:
    """Quote a JSON value for a message; at most 80 characters."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 80 else f"{text[:80]}…"


def _parsed(text: str, where: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        reason, line = "it is nested too deeply", ""
        if isinstance(error, json.JSONDecodeError):
            reason = f"{error.msg} in column {error.colno}"
            line = f", line {error.lineno}" if error.lineno > 1 else ""
        raise ValueError(
            f"{where}{line}: It is no JSON ({reason}). Export the file again, or correct it."
        ) from None


def _checked(record: object, where: str) -> tuple[str, Record]:
    if not isinstance(record, dict):
        raise ValueError(
            f"{where}: It is {shown(record)}, but each record must be an object such as "
            '{"text": "…"}. Export the file again.'
        )
    return where, record
