"""Scores of a tagged test set: of its entities, and of how sure the tagger was of them."""

from collections.abc import Sequence

from torch import nn

from lowner_pl.metrics.calibration import EntityCalibration
from lowner_pl.metrics.entities import EntityScores


class TaggingScores(nn.Module):
    """Scores of entities and of their confidences.

    Args:
        entities: Counts the entities.
        temperature: What divides the scores before they become confidences; ``None`` if nothing
            was fitted, and confidences are those of temperature 1.

    Attributes:
        entities: Precision, recall and F1.
        confidences: Scores of the confidences.
        untempered: The same with temperature 1; ``None`` if no other was fitted.
        temperatures: The temperatures of the confidences that `update` takes.
    """

    def __init__(self, entities: EntityScores, temperature: float | None) -> None:
        super().__init__()
        self.entities = entities
        self.confidences = EntityCalibration()
        self.untempered = None if temperature is None else EntityCalibration()
        self.temperatures = (1.0,) if temperature is None else (temperature, 1.0)

    def update(
        self,
        gold: Sequence[Sequence[str]],
        predicted: Sequence[Sequence[str]],
        confidences: Sequence[Sequence[Sequence[float]]],
    ) -> None:
        """Count a batch of B sentences.

        Args:
            gold: Gold tags of each sentence. Length B.
            predicted: Predicted tags of each sentence. Length B.
            confidences: For each of `temperatures`, the confidences of the predicted entities of
                each sentence, ordered by start.
        """
        self.entities.update(gold, predicted)
        self.confidences.update(gold, predicted, confidences[0])
        if self.untempered is not None:
            self.untempered.update(gold, predicted, confidences[1])
