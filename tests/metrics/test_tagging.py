import pytest

from lowner_pl.metrics import EntityScores, TaggingScores

GOLD = [("B-PER", "O", "B-LOC")]
PREDICTED = [("B-PER", "O", "B-PER")]  # the first is right, the second is not


def test_confidences_are_scored_with_the_temperature_and_without() -> None:
    scores = TaggingScores(EntityScores(("PER", "LOC")), temperature=2.0)
    assert scores.temperatures == (2.0, 1.0)
    scores.update(GOLD, PREDICTED, [[[0.8, 0.6]], [[0.9, 0.7]]])
    assert float(scores.entities.compute()["f1"]) == pytest.approx(0.5)
    # ((1 - 0.8)² + 0.6²) / 2 and ((1 - 0.9)² + 0.7²) / 2
    assert float(scores.confidences.compute()["brier"]) == pytest.approx(0.2)
    assert scores.untempered is not None
    assert float(scores.untempered.compute()["brier"]) == pytest.approx(0.25)


def test_without_a_temperature_confidences_are_computed_once() -> None:
    scores = TaggingScores(EntityScores(("PER", "LOC")), temperature=None)
    assert (scores.temperatures, scores.untempered) == ((1.0,), None)
    scores.update(GOLD, PREDICTED, [[[0.8, 0.6]]])
    assert float(scores.confidences.compute()["brier"]) == pytest.approx(0.2)
