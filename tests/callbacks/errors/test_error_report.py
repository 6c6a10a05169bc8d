"""The callback counts what the tagger returns, on one device or several."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from lowner_pl.callbacks import ErrorReport
from lowner_pl.callbacks.errors.error_report import _check_counts

from .examples import LOSSES, TESTED, tally


def test_sentences_are_numbered_as_in_the_test_set(tmp_path: Path) -> None:
    # The second of three devices has the sentences 1, 4, 7 and 10.
    data = SimpleNamespace(name="a", has_training_data=False)
    trainer: Any = SimpleNamespace(world_size=3, global_rank=1, datamodule=data)
    module: Any = SimpleNamespace(origin={"corpus": "b", "train_entities": {}})
    report = ErrorReport(tmp_path)
    report.on_test_start(trainer, module)
    assert module.returns_losses
    for number in (0, 2):
        batch = [sentence for sentence, _ in TESTED[number : number + 2]]
        tags = [row for _, row in TESTED[number : number + 2]]
        outputs = {"tags": tags, "losses": LOSSES[number : number + 2]}
        report.on_test_batch_end(trainer, module, outputs, batch, number // 2)
    report.on_test_batch_end(trainer, module, {"tags": [], "losses": []}, [], 2)
    (counted,) = report._tallies
    assert sorted({example.number for example in counted.examples}) == [1, 4, 7, 10]
    assert [-one.rank for one in sorted(counted.worst, reverse=True)] == [4, 10, 1, 7]
    assert "trained on b" in report._unknown


def test_other_counts_than_those_of_f1_are_an_error() -> None:
    # Gold in rows, predicted in columns: PER, ORG, LOC, none. Pairs of one span are in the middle.
    confusion = [[0, 0, 0, 2], [1, 1, 0, 1], [0, 0, 1, 0], [1, 1, 1, 0]]
    scores: Any = SimpleNamespace(confusion=torch.tensor(confusion))
    _check_counts(tally(), scores)
    scores.confusion[0, 0] += 1
    with pytest.raises(RuntimeError, match=r"counts \[2, 6, 6\] correct, .*the test \[3, 7, 7\]"):
        _check_counts(tally(), scores)
