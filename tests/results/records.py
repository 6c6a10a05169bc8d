"""Finished runs, made without training: their configs, test results and tagged test sets."""

import json
import random
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from lowner_pl.corpus import Sentence, gold_hash, write_conll
from lowner_pl.statistics.tagged_counts import micro_f1, read_counts

Tagged = Sequence[tuple[str, str]]
"""The gold and predicted tags of each sentence, separated by spaces."""
ONE = (("B-PER I-PER O", "B-PER I-PER O"), ("B-LOC O", "O B-LOC"), ("B-ORG", "B-ORG"))
"""Two of three entities are found, and one that is none: F1 2/3."""


def write_run(
    root: Path,
    method: str = "sner",
    seed: int = 1,
    *,
    corpus: str = "toy-sw",
    language: str | None = "sw",
    variant: str | None = None,
    tests: Mapping[str, Tagged] | None = None,
    which: str = "best",
    trained_on: Mapping[str, object] | None = None,
    folder: str = "",
    train_size: int | None = 100,
    options: Mapping[str, Any] | None = None,
    part: int | None = None,
) -> Path:
    """Write a tested run, and return its folder.

    Args:
        root: Folder of all runs.
        method: The method, without the variant.
        seed: The seed.
        corpus: The tested corpus.
        language: Language of the test sets, unless there are several.
        variant: The variant.
        tests: The tagged test sets by name; one sentence per pair of gold and predicted tags.
        which: The tested checkpoint.
        trained_on: The run of a checkpoint from elsewhere.
        folder: The folder ``from_…`` for its results.
        train_size: Number of training sentences.
        options: The content of ``config.yaml`` beside the seed.
        part: Number of sentences that were scored, if not all.
    """
    name = f"{method}-{variant}" if variant else method
    run = root / corpus / name / f"seed_{seed}"
    (run / "checkpoints").mkdir(parents=True, exist_ok=True)
    place = run / folder
    place.mkdir(exist_ok=True)
    config = {"seed_everything": seed, "model": {}, "data": {}, "trainer": {}, **(options or {})}
    (run / "config.yaml").write_text(yaml.safe_dump(config, sort_keys=False), encoding="utf-8")
    suffix = "" if which == "best" else f"_{which}"
    tests = {"sw": ONE} if tests is None else tests
    sets = []
    for test_set, sentences in tests.items():
        gold = [
            Sentence(
                tuple(f"{test_set}{i}.{j}" for j, _ in enumerate(tags.split())), tuple(tags.split())
            )
            for i, (tags, _) in enumerate(sentences)
        ]
        infix = f"_{test_set}" if len(tests) > 1 else ""
        file = place / f"test_tagged{infix}{suffix}.conll"
        write_conll(file, gold, predicted=[tags.split() for _, tags in sentences])
        counts = read_counts(file).sum(0)
        sets.append(
            {
                "name": test_set,
                "language": language if len(tests) == 1 else test_set,
                "sentences": len(gold),
                "sentences_scored": part or len(gold),
                "sha256": gold_hash(gold),
                "scores": {"f1": round(micro_f1(counts), 6), "entities": int(counts[2])},
            }
        )
    identity = {"corpus": corpus, "language": language, "method": method, "variant": variant}
    identity["seed"] = seed  # type: ignore[assignment]
    record = {
        **identity,
        "train_size": train_size,
        "train_sentences": train_size,
        "train_words": train_size and 10 * train_size + len(variant or ""),
        "backbone": "embedded",
        "checkpoint": {"which": which, "epoch": 3, "dev_f1": 0.5},
        "trained_on": trained_on or identity,
        "test_sets": sets,
    }
    (place / f"test_metrics{suffix}.json").write_text(json.dumps(record), encoding="utf-8")
    return run


def random_tagging(size: int, right: float, seed: int, test: int = 0) -> list[tuple[str, str]]:
    """Tag sentences at random.

    Args:
        size: Number of sentences.
        right: Share of the words whose tag is right.
        seed: Seed of the predictions.
        test: Seed of the gold tags.
    """
    gold, predicted = random.Random(test), random.Random(f"{test}-{seed}")
    kinds = ("O", "O", "B-PER", "B-LOC")
    sentences = []
    for _ in range(size):
        tags = [gold.choice(kinds) for _ in range(gold.randint(1, 8))]
        found = [tag if predicted.random() < right else predicted.choice(kinds) for tag in tags]
        sentences.append((" ".join(tags), " ".join(found)))
    return sentences
