"""``fit`` fits a temperature for the best checkpoint, and ``test`` scores confidences."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from lowner_pl.modules import NERModule
from lowner_pl.modules.tagging import predictions
from lowner_pl.nn import entity_confidences, fit_temperature
from lowner_pl.runs.calibration import calibration_of

from ...running import command, folder


def test_the_run_folder_and_the_best_checkpoint_have_the_same_temperature(trained: Path) -> None:
    run = folder(trained)
    record = json.loads((run / "calibration.json").read_text())
    saved = torch.load(run / "checkpoints" / "best.ckpt", weights_only=True)
    assert calibration_of(run) == record["temperature"]
    assert saved["lowner_pl"]["run"]["temperature"] == record["temperature"]
    assert (record["epoch"], record["step"]) == (saved["epoch"], saved["global_step"])
    assert 0.25 <= record["temperature"] <= 8.0
    assert 0 <= record["right"] <= record["entities"]
    assert (record["loss"] is None) == (record["entities"] == 0)


def test_the_temperature_is_that_of_the_best_checkpoints_dev_scores(trained: Path) -> None:
    cli = command("validate", trained, "--ckpt_path=best")
    module = cli.model
    assert isinstance(module, NERModule)
    again = fit_temperature(module.tag_set, module.dev_paths.sentences())
    assert again is not None
    record = json.loads((folder(trained) / "calibration.json").read_text())
    assert again.temperature == pytest.approx(record["temperature"], rel=1e-3)
    assert (again.sentences, again.words) == (record["sentences"], record["words"])


def test_a_test_scores_confidences_with_the_temperature_and_without(
    trained: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used: list[float] = []

    def spy(*given: Any) -> Any:
        used.append(given[-1])
        return entity_confidences(*given)

    monkeypatch.setattr(predictions, "entity_confidences", spy)
    command("test", trained, "--ckpt_path=best")
    run = folder(trained)
    assert set(used) == {calibration_of(run), 1.0}
    (tested,) = json.loads((run / "test_metrics.json").read_text())["test_sets"]
    found = tested["calibration"]
    assert found["temperature"] == calibration_of(run)
    assert sum(row["entities"] for row in found["bins"]) == tested["scores"]["predicted_entities"]
    every = found["thresholds"][0]
    assert every["precision"] == tested["scores"]["precision"]
    assert every["recall"] == tested["scores"]["recall"]
    recalls = [row["recall"] for row in found["thresholds"]]
    assert recalls == sorted(recalls, reverse=True)
    assert 0.0 <= tested["scores"]["calibration_error"] <= 1.0
    assert 0.0 <= tested["scores"]["brier"] <= 1.0
    before = found["before"]
    assert before["calibration_error"] != tested["scores"]["calibration_error"]
    assert before["thresholds"][0] == every
    assert before["thresholds"] != found["thresholds"]
    assert (run / "test_calibration.png").read_bytes().startswith(b"\x89PNG")
