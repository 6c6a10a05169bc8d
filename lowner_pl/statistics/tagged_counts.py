"""Counts of entities in each sentence of a tagged test set, read from ``test_tagged.conll``."""

import re
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from lowner_pl.runs.files import reason_of

Counts = NDArray[np.int64]
AGAIN = "Run `test` with this version to write it anew."
_BEGIN = re.compile(r"\tB-([^\t\n]+)")
_WORD = re.compile(r"^[^\t\n]*\t", re.MULTILINE)


def read_counts(file: Path, type_: str | None = None) -> Counts:
    """Count the correct, predicted and gold entities of each sentence of a tagged file.

    Entities are strict, as in seqeval's ``mode="strict", scheme=IOB2``: an ``I-`` tag that does not
    continue an entity of its type belongs to none.

    Args:
        file: A file with a word, its gold tag and its predicted tag in each line.
        type_: Count only entities of this type.

    Returns:
        Shape ``(sentences, 3)``.

    Raises:
        ValueError: If the file is missing or damaged.
    """
    text = _text(file)
    tags = _WORD.sub("", text.removesuffix("\n\n"))
    blocks = tags.split("\n\n") if text else []
    rows = [_counted(block, type_) for block in blocks]
    if None in rows:
        raise ValueError(
            f"'{file}', line {_malformed(blocks)}: there is no word with a gold and a predicted "
            f"tag. {AGAIN}"
        )
    return np.array(rows, dtype=np.int64).reshape(-1, 3)


def read_types(file: Path) -> list[str]:
    """List the types of entities in a tagged file, gold or predicted; see `read_counts`."""
    return sorted(set(_BEGIN.findall(_text(file))))


def _text(file: Path) -> str:
    """Read a tagged file."""
    try:
        return file.read_bytes().decode("utf-8", "surrogatepass")
    except OSError as error:
        raise ValueError(f"'{file}' can't be read: {reason_of(error)}. {AGAIN}") from error
    except UnicodeDecodeError as error:
        raise ValueError(f"'{file}' is damaged: it is not in UTF-8. {AGAIN}") from error


def _malformed(blocks: Sequence[str]) -> int:
    """Find the number of the first line without two tags, counting from 1."""
    lines = "\n\n".join(blocks).split("\n")
    wrong = (i for i, line in enumerate(lines, start=1) if line and line.count("\t") != 1)
    return next(wrong, len(lines))


def micro_f1(counts: Counts) -> float:
    """Compute F1 from the sums of correct, predicted and gold entities; 0 if there are none."""
    correct, predicted, gold = counts.tolist()
    return 2 * correct / (predicted + gold) if predicted + gold else 0.0


def micro_scores(counts: Counts) -> dict[str, float]:
    """Compute F1, precision and recall; see `micro_f1`."""
    correct, predicted, gold = counts.tolist()
    return {
        "f1": micro_f1(counts),
        "precision": correct / predicted if predicted else 0.0,
        "recall": correct / gold if gold else 0.0,
    }


@lru_cache(maxsize=50_000)
def _counted(block: str, type_: str | None) -> tuple[int, int, int] | None:
    """Count the entities of a sentence, from lines of gold and predicted tags.

    Tagged files of the same test set share most of their sentences, so these are counted once.

    Returns:
        The correct, predicted and gold entities, or ``None`` if a line has not two tags.
    """
    pairs = [line.split("\t") for line in block.split("\n")]
    if any(len(pair) != 2 for pair in pairs):
        return None
    gold, predicted = zip(*pairs, strict=True)
    return counted(gold, predicted, type_=type_)


def counted(
    gold: Sequence[str], predicted: Sequence[str], *, type_: str | None = None
) -> tuple[int, int, int]:
    """Count the correct, predicted and gold entities of a sentence; see `read_counts`."""
    wanted, found = _entities(gold, type_), _entities(predicted, type_)
    return len(wanted & found), len(found), len(wanted)


def _entities(tags: Sequence[str], only: str | None) -> set[tuple[int, int, str]]:
    """Extract the strict entities of a sentence: start, end and type."""
    entities = set()
    start, type_ = 0, ""
    for position, tag in enumerate((*tags, "O")):
        if type_ and tag != f"I-{type_}":
            entities.add((start, position, type_))
            type_ = ""
        if tag.startswith("B-"):
            start, type_ = position, tag[2:]
    return {entity for entity in entities if only in (None, entity[2])}
