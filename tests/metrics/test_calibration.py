import pytest
import torch

from lowner_pl.metrics import EntityCalibration
from lowner_pl.metrics.calibration import THRESHOLDS

GOLD = [("B-PER", "I-PER", "O", "B-LOC"), ("O", "B-PER")]
# Right: PER (0.95) and the first LOC (0.55). Wrong: no entity (0.05), and of another type (0.92).
PREDICTED = [("B-PER", "I-PER", "O", "B-LOC"), ("B-LOC", "B-LOC")]
SURE = [[0.95, 0.55], [0.05, 0.92]]


def scored() -> EntityCalibration:
    metric = EntityCalibration()
    metric.update(GOLD[:1], PREDICTED[:1], SURE[:1])
    metric.update(GOLD[1:], PREDICTED[1:], SURE[1:])
    return metric


def test_both_scores_equal_values_computed_by_hand() -> None:
    # Bins: 0.0-0.1 has 0.05, wrong; 0.5-0.6 has 0.55, right; 0.9-1.0 has 0.95, right, and 0.92,
    # wrong. Error: (1 * 0.05 + 1 * 0.45 + 2 * |0.5 - 0.935|) / 4.
    values = {name: value.item() for name, value in scored().compute().items()}
    assert values["calibration_error"] == pytest.approx((0.05 + 0.45 + 2 * 0.435) / 4)
    assert values["brier"] == pytest.approx((0.05**2 + 0.45**2 + 0.05**2 + 0.92**2) / 4)


def test_bins_and_thresholds_count_entities() -> None:
    metric = scored()
    metric.compute()
    known = {row["from"]: row for row in metric.bins() if row["entities"]}
    assert known == {
        0.0: {"from": 0.0, "to": 0.1, "entities": 1, "confidence": 0.05, "precision": 0.0},
        0.5: {"from": 0.5, "to": 0.6, "entities": 1, "confidence": 0.55, "precision": 1.0},
        0.9: {"from": 0.9, "to": 1.0, "entities": 2, "confidence": 0.935, "precision": 0.5},
    }
    rows = {row["min_confidence"]: row for row in metric.thresholds()}
    assert list(rows) == list(THRESHOLDS)
    # 3 gold entities.
    assert rows[0.0] == pytest.approx(
        {"min_confidence": 0.0, "entities": 4, "precision": 0.5, "recall": 2 / 3}, abs=1e-6
    )
    assert rows[0.6] == pytest.approx(
        {"min_confidence": 0.6, "entities": 2, "precision": 0.5, "recall": 1 / 3}, abs=1e-6
    )
    assert rows[0.95]["precision"] == 1.0
    assert rows[0.99] == {"min_confidence": 0.99, "entities": 0, "precision": 0.0, "recall": 0.0}


def test_a_confidence_of_1_is_in_the_last_bin() -> None:
    metric = EntityCalibration()
    metric.update([("B-PER",)], [("B-PER",)], [[1.0]])
    assert [value.item() for value in metric.compute().values()] == [0.0, 0.0]
    assert metric.bins()[-1]["entities"] == 1


def test_without_predicted_entities_both_scores_are_0() -> None:
    metric = EntityCalibration()
    metric.update([("B-PER",)], [("O",)], [[]])
    assert [value.item() for value in metric.compute().values()] == [0.0, 0.0]
    assert {row["precision"] for row in metric.thresholds()} == {0.0}


def test_a_missing_confidence_is_an_error() -> None:
    metric = EntityCalibration()
    with pytest.raises(ValueError, match="zip"):
        metric.update([("B-PER",)], [("B-PER",)], [[]])


def test_the_order_of_batches_does_not_matter() -> None:
    one, other = EntityCalibration(), EntityCalibration()
    rows = [(("B-PER",), ("B-PER",), [0.1 * number]) for number in range(1, 10)]
    for metric, order in ((one, rows), (other, rows[::-1])):
        for gold, tags, sure in order:
            metric.update([gold], [tags], [sure])
    assert all(map(torch.equal, one.compute().values(), other.compute().values()))
