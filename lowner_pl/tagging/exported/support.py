"""The sentences that an exported meta-learned tagger adapts to, in ``support.jsonl``."""

import json
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import Any

from lowner_pl.corpus import Episode, Sentence
from lowner_pl.nn import Retriever, SentenceVectors, weights_identity
from lowner_pl.runs.files import write_text
from lowner_pl.tagging.exported.record import RETRIEVAL, SUPPORT, VECTORS, ExportRecord
from lowner_pl.tagging.support import Batches


def write_support(folder: Path, sentences: Sequence[Sentence]) -> None:
    """Write the sentences of the source, one JSON object a line."""
    rows = ({"words": s.words, "tags": s.tags, "language": s.language} for s in sentences)
    write_text(
        folder / SUPPORT, "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)
    )


def read_support(folder: Path) -> list[Sentence]:
    """Read the sentences of the source.

    Raises:
        FileNotFoundError: If the file is missing.
        ValueError: If it is damaged.
    """
    file = folder / SUPPORT
    if not file.is_file():
        raise FileNotFoundError(
            f"'{folder}' has no '{SUPPORT}', the sentences that a meta-learned tagger adapts to. "
            "Copy the folder again, or export the run again."
        )
    try:
        rows = [json.loads(line) for line in file.read_text(encoding="utf-8").split("\n") if line]
        return [Sentence(tuple(r["words"]), tuple(r["tags"]), r["language"]) for r in rows]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(
            f"'{file}' is damaged ({' '.join(str(error).split())[:120]}). Copy the folder again, "
            "or export the run again."
        ) from error


def sentence_vectors(folder: Path, support: dict[str, Any]) -> SentenceVectors:
    """Make the sentence vectors of an exported tagger. Those of the source are in its folder."""
    inside = folder / RETRIEVAL
    name = str(inside) if inside.is_dir() else str(support["backbone"])
    cache = folder / VECTORS
    return SentenceVectors(
        name, pooling=support["pooling"], cache=cache if cache.is_dir() else None
    )


def exported_support(folder: Path, record: ExportRecord) -> Batches:
    """Give sentences their support from the source that an export carries.

    Raises:
        FileNotFoundError: If a file is missing.
        ValueError: If a file is damaged, or the retrieval backbone is another one.
    """
    support = record.support or {}
    vectors = sentence_vectors(folder, support)
    if weights_identity(vectors.backbone) != support["backbone_hash"]:
        raise ValueError(
            f"'{folder}' finds its support with the backbone {str(support['backbone'])[:80]!r} of "
            f"lowner_pl {record.lowner_pl}, but it is another one here. Use that version, or "
            "export the run with this one."
        )
    source = read_support(folder)
    retriever = Retriever(source, vectors, k=int(support["k"]))
    numbers = count()

    def episodes(sentences: list[Sentence]) -> list[Any]:
        rows = retriever.of(sentences, keep=False)
        return [
            Episode(tuple(source[place] for place in row), sentence, next(numbers))
            for sentence, row in zip(sentences, rows, strict=True)
        ]

    return episodes
