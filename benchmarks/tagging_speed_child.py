"""Child process: tags the lines of a file in several ways. `tagging_speed.py` starts it."""

import json
import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from common import Record, answer

Way = Callable[[list[str]], Iterable[list[Any]]]
WARM_UP = 32  # lines


def work(job: Record) -> Record:
    """Tag the lines of ``job["text"]`` in each of ``job["ways"]``, which take turns part by part.

    Returns:
        The processor seconds of each part, and those of the process from its beginning, without the
        lines that warm it up.
    """
    ways = {name: _load(way) for name, way in job["ways"].items()}
    lines = Path(job["text"]).read_text(encoding="utf-8").splitlines()
    size = len(lines) // job["parts"]
    started = time.process_time()
    for tag in ways.values():
        _write(tag, lines[:WARM_UP], job["out"])
    warm = time.process_time() - started
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for part in range(job["parts"]):
        rows = lines[part * size : (part + 1) * size]
        for name in list(ways) if part % 2 == 0 else list(ways)[::-1]:
            started = time.process_time()
            _write(ways[name], rows, job["out"])
            seconds[name].append(time.process_time() - started)
    return {"seconds": seconds, "whole_cpu": time.process_time() - warm}


def _write(tag: Way, lines: list[str], out: str) -> None:
    """Tag lines and write them as JSON lines."""
    with Path(out).open("w", encoding="utf-8") as file:
        for line, found in zip(lines, tag(lines), strict=True):
            file.write(json.dumps({"text": line, "entities": found}, ensure_ascii=False) + "\n")


def _load(way: Record) -> Way:
    """Load what tags."""
    return _pipeline(way) if "batch_size" in way else _ours(way)


def _ours(job: Record) -> Way:
    """Load the exported folder as `tag` does."""
    import lowner_pl

    tagger = lowner_pl.load(job["folder"], runtime=job["runtime"])

    def tag(lines: list[str]) -> Iterator[list[Any]]:
        for words in tagger.stream(lines):
            yield [entity.as_dict() for entity in words.tagged()]

    return tag


def _pipeline(job: Record) -> Way:
    """Load it as the documentation of `transformers` says."""
    from transformers import pipeline

    pipe: Any = pipeline("token-classification", job["folder"], aggregation_strategy="first")

    def tag(lines: list[str]) -> Iterator[list[Any]]:
        for found in pipe((line for line in lines), batch_size=job["batch_size"]):
            yield [{**entity, "score": float(entity["score"])} for entity in found]

    return tag


if __name__ == "__main__":
    answer(work)
