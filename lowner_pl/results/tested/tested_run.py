"""A tested run on one test set, as its ``test_metrics.json`` records it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from lowner_pl.results.options import Options, RunOptions
from lowner_pl.results.tested.fields import Fields, fields_of
from lowner_pl.statistics.tagged_counts import AGAIN, Counts

NAME = "test_metrics"
SHARES = {
    *("f1", "precision", "recall", "conlleval_f1", "conlleval_precision", "conlleval_recall"),
    *("macro_f1", "word_accuracy", "calibration_error", "brier", "accuracy", "baseline"),
}
"""Scores that can't be outside of 0 to 1."""


@dataclass(frozen=True, eq=False)
class TestedRun:
    """One run, one checkpoint, one test set.

    Attributes:
        folder: The run folder; for a checkpoint of another run, the folder ``from_…`` in it. For a
            run of a record, the record and a name: ``comparison.json/sample-sw/sner/seed_1``.
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
        scores: The scores by name: ``f1``, ``precision``, ``f1/PER`` and so on from 0 to 1. Scores
            that are no shares, such as ``perplexity``, may be infinite or NaN.
        tagged: The tagged test set: word, gold tag and predicted tag. Language models have none,
            and for a run of a record it is ``folder``.
        options: Options of model, data and trainer, such as ``model.optimizer.lr``.
        checkpoint: ``best``, ``last``, or the name of another file.
        counts: The correct, predicted and gold entities of each test sentence by type, each of
            shape ``(sentences, 3)``, if they come from a record. Otherwise ``tagged`` has them.
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
    options: Options
    checkpoint: str = "best"
    train_words: int | None = None
    counts: Mapping[str, Counts] | None = None


def read_tested(file: Path) -> list[TestedRun]:
    """Read the test sets of a ``test_metrics.json`` that were scored whole.

    Args:
        file: A ``test_metrics*.json``.

    Raises:
        OSError: If the file can't be read.
        ValueError: If it is damaged, of an older version, or of a test on a part of the data. The
            message is one sentence that names the file and what was found, and one that says what
            to do.
    """
    try:
        record = json.loads(file.read_bytes())
    except (ValueError, RecursionError) as error:
        raise ValueError(f"'{file}' is cut short or was changed. {AGAIN}") from error
    if not isinstance(record, dict) or not isinstance(record.get("test_sets"), list):
        raise ValueError(f"'{file}' is of an older version of lowner_pl. {AGAIN}")
    sets = record["test_sets"]
    if not sets:
        raise ValueError(f"'{file}' has no test set. {AGAIN}")
    try:
        parts = [fields_of(part, f"test_sets[{place}]") for place, part in enumerate(sets)]
        runs = [_tested(file, Fields(record), part, len(sets) > 1) for part in parts]
        scored = [(part.count("sentences_scored"), part.count("sentences", 1)) for part in parts]
    except ValueError as error:
        raise ValueError(f"'{file}' {error}. {AGAIN}") from error
    for number, sentences in scored:
        if number < sentences:
            raise ValueError(
                f"'{file}' is of a test on {number:,} of {sentences:,} sentences. Run `test` "
                "without `--trainer.limit_test_batches`."
            )
    return runs


def _tested(file: Path, record: Fields, part: Fields, several: bool) -> TestedRun:
    """Make the record of one test set.

    Args:
        file: The file.
        record: The whole record.
        part: The test set.
        several: Whether it is one of several.
    """
    folder, suffix = file.parent, file.stem.removeprefix(NAME)  # which the test's files share
    origin = record.below("trained_on")
    known = {name: value for name, value in origin.values.items() if value is not None}
    trained = Fields({**record.values, **known})
    variant = (origin if "variant" in origin.values else record).text_or_none("variant")
    corpus, name = record.text("corpus"), part.text("name")
    method = "-".join(filter(None, (trained.text("method"), variant)))
    if trained.text("corpus") != corpus:
        method = f"{method} from {trained.text('corpus')}"
    checkpoint = record.below("checkpoint")
    which = checkpoint.text("which")
    run = folder.parent if folder.name.startswith("from_") else folder
    return TestedRun(
        folder=folder,
        corpus=corpus,
        language=part.text_or_none("language") or (name if several else corpus),
        method=method,
        seed=trained.count("seed"),
        train_size=record.count_or_none("train_size"),
        train_sentences=record.count_or_none("train_sentences"),
        train_words=record.count_or_none("train_words"),
        backbone=record.text_or_none("backbone") or "unknown",
        dev_f1=checkpoint.share_or_none("dev_f1"),
        epoch=checkpoint.count_or_none("epoch"),
        test_set=name,
        sha256=part.text("sha256"),
        sentences=part.count("sentences", 1),
        scores=read_scores(part.below("scores")),
        tagged=folder / f"test_tagged{f'_{name}' if several else ''}{suffix}.conll",
        options=RunOptions(run / "config.yaml"),
        checkpoint=which if which != "file" else suffix.removeprefix("_") or "best",
    )


def read_scores(scores: Fields) -> dict[str, float]:
    """Read scores by name, and check that shares are from 0 to 1."""
    return {
        score: scores.share(score) if is_share(score) else scores.number(score)
        for score in scores.values
    }


def is_share(score: str) -> bool:
    """Tell whether a score of this package is from 0 to 1.

    >>> is_share("f1/PER"), is_share("perplexity")
    (True, False)
    """
    return score.partition("/")[0] in SHARES
