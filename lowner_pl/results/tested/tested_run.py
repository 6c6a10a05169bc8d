"""A tested run on one test set, as its ``test_metrics.json`` records it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lowner_pl.results.options import RunOptions, Value
from lowner_pl.statistics.tagged_counts import AGAIN

NAME = "test_metrics"


@dataclass(frozen=True, eq=False)
class TestedRun:
    """One run, one checkpoint, one test set.

    Attributes:
        folder: The run folder; for a checkpoint of another run, the folder ``from_…`` in it.
        corpus: The tested corpus, such as ``masakhaner2-sw``.
        language: Language of the test set, or its name if it has no single language.
        method: The method that the weights were trained with, and the variant: ``sner-mine``. If
            they were trained on another corpus, also that: ``sner from conll2003-en``.
        seed: The seed that they were trained with.
        train_size: The option ``train_size``.
        train_sentences: Number of training sentences.
        train_words: Number of their words; ``None`` if an earlier version trained the run.
        backbone: The backbone.
        dev_f1: F1 of the checkpoint on the dev set.
        epoch: Epoch of the checkpoint.
        test_set: Name of the test set.
        sha256: Hash of the words and gold tags of the test set.
        sentences: Number of sentences of the test set.
        scores: The scores by name, from 0 to 1; ``f1``, ``precision``, ``f1/PER`` and so on.
        tagged: The tagged test set: word, gold tag and predicted tag. Language models have none.
        options: Options of model, data and trainer, such as ``model.optimizer.lr``.
        checkpoint: ``best``, ``last``, or the name of another file.
    """

    __test__ = False  # not a test class

    folder: Path
    corpus: str
    language: str
    method: str
    seed: int
    train_size: int | None
    train_sentences: int | None
    backbone: str
    dev_f1: float | None
    epoch: int | None
    test_set: str
    sha256: str
    sentences: int
    scores: Mapping[str, float]
    tagged: Path
    options: Mapping[str, Value]
    checkpoint: str = "best"
    train_words: int | None = None


def read_tested(file: Path) -> list[TestedRun]:
    """Read the test sets of a ``test_metrics.json`` that were scored whole.

    Args:
        file: A ``test_metrics*.json``.

    Raises:
        OSError: If the file can't be read.
        ValueError: If it is cut short, of an older version, or of a test on a part of the data. The
            message is one sentence that names the file, and one that says what to do.
    """
    try:
        record = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"'{file}' is cut short or was changed. {AGAIN}") from error
    if not isinstance(record, dict) or not isinstance(record.get("test_sets"), list):
        raise ValueError(f"'{file}' is of an older version of lowner_pl. {AGAIN}")
    suffix = file.stem.removeprefix(NAME)
    try:
        return [_tested(file.parent, suffix, record, part) for part in record["test_sets"]]
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(
            f"'{file}' has no valid {str(error)[:80]}, which test results must have. {AGAIN}"
        ) from error


def _tested(
    folder: Path, suffix: str, record: Mapping[str, Any], part: Mapping[str, Any]
) -> TestedRun:
    """Make the record of one test set.

    Args:
        folder: Folder of the file.
        suffix: What the names of the test's files end in: the checkpoint, unless it is the best.
        record: The whole record.
        part: The test set.
    """
    if part["sentences_scored"] < part["sentences"]:
        raise ValueError(
            f"'{folder / NAME}{suffix}.json' is of a test on {part['sentences_scored']:,} of "
            f"{part['sentences']:,} sentences. Run `test` without `--trainer.limit_test_batches`."
        )
    trained = {**record, **{k: v for k, v in record["trained_on"].items() if v is not None}}
    trained["variant"] = record["trained_on"].get("variant", record["variant"])
    method = "-".join(filter(None, (trained["method"], trained["variant"])))
    if trained["corpus"] != record["corpus"]:
        method = f"{method} from {trained['corpus']}"
    which = record["checkpoint"]["which"]
    run = folder.parent if folder.name.startswith("from_") else folder
    several = len(record["test_sets"]) > 1
    name = f"_{part['name']}" if several else ""
    return TestedRun(
        folder=folder,
        corpus=_text(record["corpus"]),
        language=_text(part["language"] or (part["name"] if several else record["corpus"])),
        method=_text(method),
        seed=int(trained["seed"]),
        train_size=record.get("train_size"),
        train_sentences=record.get("train_sentences"),
        train_words=record.get("train_words"),
        backbone=str(record.get("backbone") or "unknown"),
        dev_f1=record["checkpoint"].get("dev_f1"),
        epoch=record["checkpoint"].get("epoch"),
        test_set=_text(part["name"]),
        sha256=_text(part["sha256"]),
        sentences=int(part["sentences"]),
        scores={_text(key): float(value) for key, value in part["scores"].items()},
        tagged=folder / f"test_tagged{name}{suffix}.conll",
        options=RunOptions(run / "config.yaml"),
        checkpoint=which if which != "file" else suffix.removeprefix("_") or "best",
    )


def _text(value: object) -> str:
    """Check that a value is text."""
    if not isinstance(value, str):
        raise TypeError(f"text, but {str(value)[:40]!r}")
    return value
