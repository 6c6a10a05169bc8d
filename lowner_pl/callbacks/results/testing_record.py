"""``test_metrics.json``: what was tested, with which checkpoint, on which data, and its scores."""

import json
import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from lowner_pl import __version__
from lowner_pl.callbacks.screen.printing import limiting_option, partial_note
from lowner_pl.callbacks.shared import COUNTS
from lowner_pl.corpus import Sentence, count_types, gold_hash

NAME = "test_metrics"
LIBRARIES = ("torch", "lightning", "transformers")


class TestedSet(NamedTuple):
    """A test set and how it was scored.

    Attributes:
        name: Its language, or the name of its corpus.
        sentences: All of its sentences.
        scores: The scores by name.
        sentences_scored: How many sentences were scored.
        confusion: Entities by gold and predicted type; ``None`` for methods without tags.
    """

    name: str
    sentences: Sequence[Sentence]
    scores: Mapping[str, float]
    sentences_scored: int
    confusion: list[list[int]] | None = None


def which_checkpoint(folder: Path, path: str | Path | None) -> str:
    """Tell whether a checkpoint is the ``best`` or ``last`` of a run, another ``file`` or ``none``.

    Args:
        folder: The folder that the test reports to: the run folder for the run's own checkpoints.
        path: The checkpoint.
    """
    if path is None:
        return "none"
    own = folder.resolve() / "checkpoints"
    file = Path(path).resolve()
    return file.stem if file.parent == own and file.name in ("best.ckpt", "last.ckpt") else "file"


def file_suffix(folder: Path, path: str | Path | None) -> str:
    """Name the files of a test: nothing for the best checkpoint, else ``_`` and the checkpoint.

    So the test of one checkpoint never replaces that of another.

    Args:
        folder: The folder that the test reports to.
        path: The checkpoint.
    """
    which = which_checkpoint(folder, path)
    if which != "file":
        return "" if which == "best" else f"_{which}"
    file = Path(str(path)).resolve()
    # A folder from_… is named after the run, or after the file where that is in no run.
    is_named = folder.name.endswith(f"_{file.stem}")
    is_best = file.name == "best.ckpt" and folder.resolve() not in file.parents
    return "" if is_named or is_best else f"_{file.stem}"


def record_of_test(
    trainer: Any, module: Any, folder: Path, sets: Sequence[TestedSet]
) -> dict[str, Any]:
    """Describe a test as ``test_metrics.json`` has it.

    Args:
        trainer: What tested.
        module: The tested method.
        folder: The folder that the test reports to.
        sets: The test sets, with their scores.
    """
    origin = _origin(trainer, module)
    data = trainer.datamodule
    tested = [_tested_set(part, origin) for part in sets]
    f1s = [part["scores"]["f1"] for part in tested if "f1" in part["scores"]]
    # Gold types that the tagger does not have are scored as well.
    types = module.test_scores[0].entity_types if f1s else None
    return {
        "f1": short("f1", sum(f1s) / len(f1s)) if f1s else None,
        "corpus": data.name,
        "language": data.language,
        "method": module.method,
        "variant": module.variant,
        "seed": module.seed,
        "train_size": origin.get("train_size"),
        "train_sentences": origin.get("train_sentences"),
        "backbone": origin.get("backbone"),
        "backbone_hash": origin.get("backbone_hash"),
        "headline": module.headline,
        "checkpoint": _checkpoint(trainer.ckpt_path, folder, origin),
        "trained_on": {
            key: origin.get(key) for key in ("corpus", "language", "method", "variant", "seed")
        },
        "same_corpus": origin.get("corpus") == data.name,
        "complete": all(part["sentences_scored"] == part["sentences"] for part in tested),
        "limit_test_batches": trainer.limit_test_batches,
        "test_sets": tested,
        "confusion_types": [*types, "none"] if types else None,
        "versions": {
            "lowner_pl": __version__,
            **{library: version(library) for library in LIBRARIES},
            "python": platform.python_version(),
        },
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def partial_notes(trainer: Any, sets: Iterable[TestedSet]) -> list[str]:
    """Say which test sets were scored in part."""
    option = limiting_option(trainer, "limit_test_batches")
    notes = (
        partial_note(part.sentences_scored, len(part.sentences), f"{part.name} test", option)
        for part in sets
    )
    return list(filter(None, notes))


def tested_checkpoint(trainer: Any, module: Any, folder: Path) -> str:
    """Name the tested checkpoint, its epoch and its dev score, as a person reads it."""
    about = _checkpoint(trainer.ckpt_path, folder, _origin(trainer, module))
    named = {"file": f"checkpoint {about['path']}", "none": "untrained"}
    parts = [named.get(about["which"], f"{about['which']} checkpoint")]
    if about["epoch"] is not None:
        parts.append(f"epoch {about['epoch']}")
    if about["dev_f1"] is not None:
        partly = "" if about["dev_complete"] else " on a part of the dev data"
        parts.append(f"dev F1 {100 * about['dev_f1']:.2f}{partly}")
    return ", ".join(parts)


def read_test_record(file: Path) -> dict[str, Any] | None:
    """Read a ``test_metrics.json``; ``None`` where there is none of the present shape.

    Args:
        file: The file.
    """
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    whole = isinstance(record, dict) and isinstance(record.get("test_sets"), list)
    return record if whole else None


def scores_by_set(record: Mapping[str, Any]) -> dict[str, dict[str, float]]:
    """Return the scores of each test set of a record, by its name."""
    return {part["name"]: part["scores"] for part in record["test_sets"]}


def short(key: str, value: float) -> float | int:
    """Round a score to 6 decimals, and a count to a whole number."""
    return round(value) if key in COUNTS else round(value, 6)


def short_scores(scores: Mapping[str, float]) -> dict[str, float | int]:
    """Round scores and put F1 first."""
    names = sorted(scores, key=lambda name: name != "f1")
    return {name: short(name, scores[name]) for name in names}


def _tested_set(part: TestedSet, origin: Mapping[str, Any]) -> dict[str, Any]:
    """Describe a test set and its scores."""
    languages = {sentence.language for sentence in part.sentences}
    record: dict[str, Any] = {
        "name": part.name,
        "language": languages.pop() if len(languages) == 1 else None,
        "sentences": len(part.sentences),
        "sentences_scored": part.sentences_scored,
        "sha256": gold_hash(part.sentences),
        "scores": short_scores(part.scores),
    }
    if part.confusion is not None:
        record["confusion"] = part.confusion
        record["unseen_types"] = unseen_types(part.sentences, origin.get("train_entities"))
    return record


def unseen_types(
    sentences: Iterable[Sentence], trained: Mapping[str, int] | None
) -> dict[str, int]:
    """Count the entities of types that the training sentences do not have.

    Args:
        sentences: Gold sentences.
        trained: Training entities of each type, ``None`` where that is not known.
    """
    if trained is None:
        return {}
    return count_types(sentences, without=[type_ for type_, count in trained.items() if count])


def _origin(trainer: Any, module: Any) -> dict[str, Any]:
    """Say where the tested weights are from, for old checkpoints as far as their path tells."""
    origin = dict(module.origin or {})
    if trainer.ckpt_path is None:
        return {"backbone": module.hparams.get("backbone"), "backbone_hash": module.backbone_hash}
    if "corpus" not in origin:
        origin["backbone"] = module.hparams.get("backbone")
        origin["backbone_hash"] = module.backbone_hash
        origin |= _from_path(Path(trainer.ckpt_path))
    return origin


def _from_path(checkpoint: Path) -> dict[str, Any]:
    """Read corpus, method, variant and seed from ``<corpus>/<method>/seed_<seed>/checkpoints/``."""
    *_, corpus, method, seed, place, _ = ("", "", "", "", *checkpoint.resolve().parts)
    number = seed.removeprefix("seed_")
    if place != "checkpoints" or not number.isdigit():
        return {}
    name, _, variant = method.partition("-")
    return {"corpus": corpus, "method": name, "variant": variant or None, "seed": int(number)}


def _checkpoint(path: str | None, folder: Path, origin: Mapping[str, Any]) -> dict[str, Any]:
    """Describe the tested checkpoint."""
    headline, score = origin.get("headline"), origin.get("dev_score")
    score = None if score is None else short("", score)
    return {
        "which": which_checkpoint(folder, path),
        "path": path,
        "epoch": origin.get("epoch"),
        "step": origin.get("step"),
        "dev_f1": score if headline == "f1" else None,
        "dev_score": score,
        "dev_complete": origin.get("dev_complete"),
    }
