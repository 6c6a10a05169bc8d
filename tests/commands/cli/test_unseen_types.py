"""Entity types of dev and test data that the training data do not have."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from lowner_pl.commands.cli import run
from lowner_pl.corpus import read_conll

from ...conftest import SAMPLE
from ...running import CONFIGS, small_backbone

ODD = "Linux\tB-PRODUCT\n6\tI-PRODUCT\nni\tO\nJuma\tB-PER\n\n"


@pytest.fixture(scope="module")
def odd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Development and test data with an entity of a type that is nowhere else."""
    file = tmp_path_factory.mktemp("odd") / "odd.conll"
    file.write_text(ODD + (SAMPLE / "sw" / "test.conll").read_text(encoding="utf-8"))
    return file


def arguments(command: str, root: Path, *more: str) -> list[str]:
    return [
        command,
        f"--config={CONFIGS / 'sner_wikiann.yaml'}",
        f"--model.backbone={small_backbone()}",
        "--model.head=crf",
        "--trainer.enable_progress_bar=false",
        "--trainer.enable_model_summary=false",
        "--trainer.max_epochs=1",
        f"--log_root={root}",
        "--data=ConllDataModule",
        "--data.train_size=null",
        *more,
    ]


def record(folder: Path) -> dict[str, Any]:
    report: dict[str, Any] = json.loads((folder / "test_metrics.json").read_text(encoding="utf-8"))
    return report


def test_unseen_types_are_said_and_count_as_missed(odd: Path, tmp_path: Path) -> None:
    files = [
        f"--data.train_path={SAMPLE / 'sw' / 'train.conll'}",
        f"--data.dev_path={odd}",
        f"--data.test_path={odd}",
        "--data.name=odd",
    ]
    with pytest.warns(
        UserWarning, match=r"PRODUCT \(dev 1, test 1, first in .*odd\.conll, line 1\)"
    ):
        fitted = run(arguments("fit", tmp_path, *files))
    assert "PRODUCT" not in fitted.model.entity_types
    assert "f1/PRODUCT" in {key.removeprefix("dev/") for key in fitted.trainer.callback_metrics}
    with pytest.warns(UserWarning, match=r"PRODUCT \(test 1, first"):
        tested = run(arguments("test", tmp_path, *files))
    gold = read_conll(odd)
    scores = {
        key.removeprefix("test/"): float(value)
        for key, value in tested.trainer.callback_metrics.items()
    }
    assert scores["entities"] == sum(len(sentence.entities) for sentence in gold)
    assert scores["recall/PRODUCT"] == scores["f1/PRODUCT"] == 0
    confusion = tested.model.test_scores[0].entities.confusion
    assert confusion.shape == (5, 5)  # PER, ORG, LOC, PRODUCT and none
    assert confusion[3].sum() == 1
    report = record(tested.run.path)
    assert report["test_sets"][0]["unseen_types"] == {"PRODUCT": 1}
    assert report["confusion_types"] == ["PER", "ORG", "LOC", "PRODUCT", "none"]
    first = (tested.run.path / "test_tagged.conll").read_text(encoding="utf-8").split("\n")[0]
    assert first.startswith("Linux\tB-PRODUCT\t")

    # A corpus without training data and with other types is tagged by the checkpoint's.
    checkpoint = tested.run.checkpoint("best")
    (tmp_path / "other.conll").write_text(ODD)
    other = ["--data.test_path", str(tmp_path / "other.conll"), f"--ckpt_path={checkpoint}"]
    with pytest.warns(UserWarning, match=r"not trained on: PRODUCT \(1\)\. These entities"):
        zero_shot = run(arguments("test", tmp_path, *other))
    assert zero_shot.model.entity_types == ("PER", "ORG", "LOC")
    assert zero_shot.trainer.callback_metrics["test/entities"] == 2
    tensors = zero_shot.model.state_dict()
    expected = torch.load(checkpoint, weights_only=True)["state_dict"]
    assert all(tensors[name].equal(weight) for name, weight in expected.items())
    predicted = run(arguments("predict", tmp_path, *other))
    assert predicted.model.entity_types == ("PER", "ORG", "LOC")
