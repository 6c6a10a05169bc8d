"""Tested runs in the record of a comparison: all that a comparison needs, without their folders."""

import base64
import json
import warnings
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np

from lowner_pl.results.options import Options, Value, without_folders
from lowner_pl.results.tested.fields import CONTROL, Fields, fields_of
from lowner_pl.results.tested.tagged import counts_by_type
from lowner_pl.results.tested.tested_run import TestedRun, read_scores
from lowner_pl.statistics.tagged_counts import Counts

NEEDED = ("scores", "options", "counts", "folder", "tagged")
"""Attributes that a record writes in its own way, or not at all."""
PLAIN = tuple(field.name for field in fields(TestedRun) if field.name not in NEEDED)
COUNT = np.dtype("<u4")
LONGEST = 80  # characters of a name in what stands for a folder
FORMAT = 1
AGAIN = "Write it anew with `compare` or `study`."


def is_record(place: Path) -> bool:
    """Tell whether a place is that of a record: a file or a pipe, and no folder."""
    return place.exists() and not place.is_dir()


def load_record(file: Path) -> dict[str, Any]:
    """Load the JSON of a record.

    Raises:
        OSError: If the file can't be read.
        ValueError: If it is no record of a comparison, is cut short, or is of another version.
    """
    try:
        record: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
        version = record["format"]
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise ValueError(
            f"'{file}' is no record of a comparison, or is cut short. {AGAIN}"
        ) from error
    if version != FORMAT:
        raise ValueError(
            f"'{file}' has format {repr(version)[:20]}, but this version reads {FORMAT}. {AGAIN}"
        )
    return record


def read_runs(file: Path) -> list[TestedRun]:
    """Read the runs of a record.

    Args:
        file: A ``comparison.json``.

    Raises:
        OSError: If the file can't be read.
        ValueError: If it is no record, has no runs, or one that can't be.
    """
    record = load_record(file)
    if "runs" not in record:
        raise ValueError(
            f"'{file}' has no runs, since an earlier version wrote it. Compare their folders."
        )
    try:
        return runs_of_json(record["runs"], file)
    except ValueError as error:
        raise ValueError(f"'{file}' {error}. {AGAIN}") from error


def runs_as_json(runs: Sequence[TestedRun]) -> dict[str, object]:
    """Write runs as objects of JSON, with the counts of each test sentence.

    Of absolute paths among the options, only the last two parts are written.

    Args:
        runs: The runs. Those whose tagged file is missing or damaged have no counts, of which a
            warning tells.

    Returns:
        ``options``, those that all runs share, and ``each``, the runs.
    """
    named = [
        {name: without_folders(value) for part in run.options.parts for name, value in part.items()}
        for run in runs
    ]
    known = [options for options in named if options]
    shared = dict(sorted(set.intersection(*(set(one.items()) for one in known)))) if known else {}
    each = []
    for run, options in zip(runs, named, strict=True):
        own = {name: value for name, value in options.items() if name not in shared}
        values = {name: value for name in PLAIN if (value := getattr(run, name)) is not None}
        each.append(
            {
                **values,
                "scores": {
                    name: score if isfinite(score) else str(score)  # which JSON lacks
                    for name, score in run.scores.items()
                },
                "options": own if options else None,
                "counts": _counts(run),
            }
        )
    return {"options": shared, "each": each}


def runs_of_json(content: object, file: Path) -> list[TestedRun]:
    """Read the runs that `runs_as_json` wrote.

    Args:
        content: The object.
        file: The record, which the folders of its runs begin with.

    Raises:
        ValueError: If a value is missing or can't be. The message begins with a verb, of which the
            file is the subject.
    """
    written = fields_of(content, "runs")
    shared, each = written.below("options"), written.values.get("each")
    if not isinstance(each, list):
        raise ValueError("has runs without a list `each`")
    return [
        _run(fields_of(one, f"runs.each[{place}]"), shared.values, file)
        for place, one in enumerate(each)
    ]


def _run(part: Fields, shared: Mapping[str, object], file: Path) -> TestedRun:
    """Read a run."""
    corpus, method, seed = part.text("corpus"), part.text("method"), part.count("seed")
    folder = Path(f"{file}/{corpus[:LONGEST]}/{method[:LONGEST]}/seed_{seed}")
    sentences = part.count("sentences", 1)
    counts = None if part.values.get("counts") is None else part.below("counts")
    return TestedRun(
        folder=folder,
        corpus=corpus,
        language=part.text("language"),
        method=method,
        seed=seed,
        train_size=part.count_or_none("train_size"),
        train_sentences=part.count_or_none("train_sentences"),
        train_words=part.count_or_none("train_words"),
        backbone=part.text("backbone"),
        dev_f1=part.share_or_none("dev_f1"),
        epoch=part.count_or_none("epoch"),
        test_set=part.text("test_set"),
        sha256=part.text("sha256"),
        sentences=sentences,
        scores=read_scores(_numbers(part.below("scores"))),
        tagged=folder,
        options=_options(part, shared),
        checkpoint=part.text("checkpoint"),
        counts=counts and {name: _unpacked(counts, name, sentences) for name in counts.values},
    )


def _numbers(scores: Fields) -> Fields:
    """Read numbers that are no finite ones, and so written as text."""
    numbers = {
        name: float(score) if score in ("inf", "-inf", "nan") else score
        for name, score in scores.values.items()
    }
    return Fields(numbers, scores.place)


def _options(part: Fields, shared: Mapping[str, object]) -> Options:
    """Read the options of a run, which has none if its configuration was missing."""
    if part.values.get("options") is None:
        return Options({})
    named: dict[str, Value | None] = {}
    for name, value in {**shared, **part.below("options").values}.items():
        if value is not None and not isinstance(value, str | float | int):
            raise ValueError(f"has the option {name!r} {repr(value)[:40]}, which is no plain value")
        if CONTROL.search(f"{name}{value}"):
            raise ValueError(f"has the option {name!r} {repr(value)[:40]} with control characters")
        named[name] = value
    return Options(named)


def _counts(run: TestedRun) -> dict[str, str] | None:
    """Count the entities of a run's test sentences by type; ``None`` if that is not possible."""
    try:
        return {name: _packed(counts) for name, counts in counts_by_type(run).items()}
    except ValueError as error:
        if "f1" in run.scores:
            warnings.warn(f"{error} Until then, the record can't give its intervals.", stacklevel=4)
        return None


def _packed(counts: Counts) -> str:
    """Write counts as text: 32-bit numbers, column by column, compressed, in base 64."""
    return base64.b64encode(zlib.compress(counts.T.astype(COUNT).tobytes(), 9)).decode()


def _unpacked(counts: Fields, name: str, sentences: int) -> Counts:
    """Read the counts of a type, of which there are three in each sentence."""
    size, text = 3 * sentences * COUNT.itemsize, counts.text(name)
    try:
        content = zlib.decompressobj().decompress(base64.b64decode(text, validate=True), size + 1)
    except (zlib.error, ValueError, OverflowError) as error:
        raise ValueError(f"has {counts.place}{name}, which is damaged ({error})") from error
    if len(content) != size:
        raise ValueError(f"has {counts.place}{name}, which is not of {sentences:,} sentences")
    return np.frombuffer(content, COUNT).reshape(3, sentences).T.astype(np.int64)
