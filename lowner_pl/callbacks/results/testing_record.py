"""``test_metrics.json``: the tested checkpoint, its test sets and their scores."""

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from lightning.pytorch import Trainer

from lowner_pl import __version__
from lowner_pl.callbacks.batches import limiting_option, partial_note
from lowner_pl.callbacks.protocols import Method, corpus_of
from lowner_pl.callbacks.results.tested_checkpoint import checkpoint_record, origin_of
from lowner_pl.callbacks.scores import rounded, rounded_scores
from lowner_pl.corpus import Sentence, count_types, gold_hash

NAME = "test_metrics"
LIBRARIES = ("torch", "lightning", "transformers")


class TestedSet(NamedTuple):
    """A test set and its scores.

    Attributes:
        name: Its language, or the name of its corpus.
        sentences: All of its sentences.
        scores: The scores by name.
        sentences_scored: Number of sentences that were scored.
        confusion: Number of entities by gold type (row) and predicted type (column). The last row
            and column stand for no entity. ``None`` for methods without tags.
        calibration: The temperature, the bins of the reliability diagram, precision and recall by
            the least confidence, and ``before``, the same scores with temperature 1. ``None`` for
            methods without tags.
    """

    name: str
    sentences: Sequence[Sentence]
    scores: Mapping[str, float]
    sentences_scored: int
    confusion: list[list[int]] | None = None
    calibration: dict[str, Any] | None = None


def record_of_test(
    trainer: Trainer,
    module: Method,
    folder: Path,
    sets: Sequence[TestedSet],
    entity_types: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Build the content of ``test_metrics.json``.

    Args:
        trainer: The trainer of the test.
        module: The tested method.
        folder: The folder that the test reports to.
        sets: The test sets with their scores.
        entity_types: The scored entity types, which include gold types that the tagger can't
            predict. ``None`` for methods without tags.
    """
    origin = origin_of(trainer, module)
    data = corpus_of(trainer)
    tested = [_set_record(part, origin) for part in sets]
    f1s = [part["scores"]["f1"] for part in tested if "f1" in part["scores"]]
    return {
        "f1": rounded("f1", sum(f1s) / len(f1s)) if f1s else None,
        "corpus": data.name,
        "language": data.language,
        "method": module.method,
        "variant": module.variant,
        "seed": module.seed,
        "train_size": origin.get("train_size"),
        "train_sentences": origin.get("train_sentences"),
        "train_words": origin.get("train_words"),
        "backbone": origin.get("backbone"),
        "backbone_hash": origin.get("backbone_hash"),
        "headline": module.headline,
        "checkpoint": checkpoint_record(trainer.ckpt_path, folder, origin),
        "trained_on": {
            key: origin.get(key) for key in ("corpus", "language", "method", "variant", "seed")
        },
        "same_corpus": origin.get("corpus") == data.name,
        "complete": all(part["sentences_scored"] == part["sentences"] for part in tested),
        "limit_test_batches": trainer.limit_test_batches,
        "test_sets": tested,
        "confusion_types": [*entity_types, "none"] if entity_types else None,
        "versions": _versions(),
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _versions() -> dict[str, str]:
    """Collect the versions of this package, its main libraries and Python."""
    libraries = {library: version(library) for library in LIBRARIES}
    return {"lowner_pl": __version__, **libraries, "python": platform.python_version()}


def partial_notes(trainer: Trainer, sets: Iterable[TestedSet]) -> list[str]:
    """Say which test sets were only partly scored."""
    option = limiting_option(trainer, "limit_test_batches")
    notes = (
        partial_note(part.sentences_scored, len(part.sentences), f"{part.name} test", option)
        for part in sets
    )
    return list(filter(None, notes))


def read_test_record(file: Path) -> dict[str, Any] | None:
    """Read a ``test_metrics.json``, or return ``None`` if it is missing or of an older format."""
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    valid = isinstance(record, dict) and isinstance(record.get("test_sets"), list)
    return record if valid else None


def scores_by_set(record: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return the scores of each test set of a record, by the name of the set."""
    return {part["name"]: part["scores"] for part in record["test_sets"]}


def unseen_types(
    sentences: Iterable[Sentence], trained: Mapping[str, int] | None
) -> dict[str, int]:
    """Count the gold entities of types that are missing from the training sentences.

    Args:
        sentences: Gold sentences.
        trained: Number of training entities of each type, or ``None`` if unknown.
    """
    if trained is None:
        return {}
    return count_types(sentences, without=[type_ for type_, count in trained.items() if count])


def _set_record(part: TestedSet, origin: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a test set and its scores."""
    languages = {sentence.language for sentence in part.sentences}
    record: dict[str, Any] = {
        "name": part.name,
        "language": languages.pop() if len(languages) == 1 else None,
        "sentences": len(part.sentences),
        "sentences_scored": part.sentences_scored,
        "sha256": gold_hash(part.sentences),
        "scores": rounded_scores(part.scores),
    }
    if part.confusion is not None:
        record["confusion"] = part.confusion
        record["unseen_types"] = unseen_types(part.sentences, origin.get("train_entities"))
    if part.calibration is not None:
        record["calibration"] = part.calibration
    return record
