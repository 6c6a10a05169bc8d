"""Recognising the format of a file or folder by its content, and of an output by its name."""

from collections.abc import Iterator
from contextlib import closing
from itertools import islice
from pathlib import Path
from typing import Any

from lowner_pl.annotation.formats.brat.reading import ANNOTATION
from lowner_pl.annotation.formats.json_formats.records import records_of
from lowner_pl.annotation.formats.json_formats.regions import is_value
from lowner_pl.annotation.formats.registry import FORMATS, WEBANNO_SUFFIX, Format
from lowner_pl.annotation.formats.webanno.header import FORMAT as WEBANNO_START
from lowner_pl.corpus.conll.checking.column_guess import guess_columns
from lowner_pl.corpus.text import lines_of

_MOST = 200  # records or lines to look at
_CONLL_SUFFIXES = (".conll", ".bio", ".iob", ".iob2", ".conllu")
_OUTPUTS: dict[str, Format] = {
    ".conll": "conll",
    ".json": "label_studio",
    WEBANNO_SUFFIX: "webanno",
}


def recognise(path: Path) -> Format:
    """Find the format of an input by its content.

    Raises:
        OSError: If it can't be read.
        ValueError: If it may be of several formats, or of none.
    """
    if path.is_dir():
        found = _in_folder(path)
    elif path.suffix.lower() == ANNOTATION:
        found = {"brat"}
    else:
        with closing(lines_of(path)) as lines:
            start = list(islice(lines, _MOST))
        first = next((line for line in start if line.strip()), "")
        if first.startswith(WEBANNO_START.rstrip()):
            found = {"webanno"}
        elif first.lstrip()[:1] in ("[", "{"):
            found = {f for _, record in islice(records_of(path), _MOST) for f in _of(record)}
        else:
            is_conll = path.suffix.lower() in _CONLL_SUFFIXES or _has_tags(start)
            found = {"conll"} if is_conll else set()
    if len(found) != 1:
        may = f"may be of the formats {' and '.join(sorted(found))}" if found else "is of no "
        raise ValueError(
            f"'{path}' {may}{'' if found else 'format that can be recognised'}. Name its format "
            f"with --from: {', '.join(FORMATS)}."
        )
    return found.pop()


def format_of(out: Path) -> Format:
    """Choose the format of an output by its name.

    Raises:
        ValueError: If the name does not tell.
    """
    if (known := _OUTPUTS.get(out.suffix.lower())) is not None:
        return known
    choice = "doccano or prodigy" if out.suffix.lower() == ".jsonl" else ", ".join(FORMATS)
    raise ValueError(f"The name '{out}' does not tell the format. Name it with --to: {choice}.")


def _in_folder(folder: Path) -> set[Format]:
    """Tell the formats of the files in a folder."""
    found: set[Format] = set()
    if next(folder.glob(f"**/*{ANNOTATION}"), None) is not None:
        found.add("brat")
    if next(folder.glob(f"**/*{WEBANNO_SUFFIX}"), None) is not None:
        found.add("webanno")
    return found


def _has_tags(lines: list[str]) -> bool:
    """Tell whether lines have words and tags in columns."""
    guess = guess_columns(lines, comments=True)
    return bool(guess.tags) and guess.word is not None


def _of(record: dict[str, Any]) -> Iterator[Format]:
    """Yield the formats that a record can only be of."""
    lists = {name: value for name, value in record.items() if isinstance(value, list)}
    first = {name: value[0] for name, value in lists.items() if value}
    has_regions = any(is_value(one) for one in first.values())
    if isinstance(record.get("data"), dict) or has_regions:
        yield "label_studio"
    if "_input_hash" in record or ("spans" in lists and not has_regions):
        yield "prodigy"
    offsets = any(isinstance(one, dict) and "start_offset" in one for one in first.values())
    labels = (lists.get("label"), lists.get("labels"), lists.get("entities"))
    if offsets or any(one == [] or (one and isinstance(one[0], list)) for one in labels):
        yield "doccano"
