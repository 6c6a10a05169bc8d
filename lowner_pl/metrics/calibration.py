"""Whether the confidences of predicted entities are right."""

from collections.abc import Sequence

import torch
from torch import Tensor
from torchmetrics import Metric

from lowner_pl.corpus import entities_of

_MILLION, _BILLION = 10**6, 10**9
BINS = 10
THRESHOLDS = (0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99)


class EntityCalibration(Metric):
    r"""How well the confidences of predicted entities agree with how often they are right.

    A predicted entity is right if a gold entity has the same start, end and type.

    * The expected calibration error (`Naeini et al., 2015
      <https://doi.org/10.1609/aaai.v29i1.9602>`_) groups the :math:`N` predicted entities by their
      confidence into ten bins of equal width, the last of which includes 1. For a bin of
      :math:`n_b` entities with mean confidence :math:`c_b`, of which a share :math:`p_b` is right,
      it is :math:`\sum_b \frac{n_b}{N} |p_b - c_b|`.
    * The Brier score is the mean of :math:`(c - y)^2` over the predicted entities, where :math:`y`
      is 1 if the entity is right and 0 otherwise.
    * Precision and recall count only predicted entities whose confidence reaches a threshold.

    The state is integers, confidences in millionths and squared errors in billionths, which are
    summed over devices. The scores are therefore independent of the number of devices and the order
    of batches. A score without entities is 0.
    """

    is_differentiable = False
    higher_is_better = False
    full_state_update = False

    binned: Tensor
    reaching: Tensor
    totals: Tensor

    def __init__(self) -> None:
        super().__init__()
        self._add_counts("binned", BINS, 3)  # entities, right ones, sum of confidences
        self._add_counts("reaching", len(THRESHOLDS), 2)  # entities, right ones
        self._add_counts("totals", 2)  # gold entities, sum of squared errors
        self._seen = (self.binned, self.reaching, self.totals)

    def _add_counts(self, name: str, *shape: int) -> None:
        self.add_state(name, torch.zeros(shape, dtype=torch.int64), dist_reduce_fx="sum")

    def update(
        self,
        gold: Sequence[Sequence[str]],
        predicted: Sequence[Sequence[str]],
        confidences: Sequence[Sequence[float]],
    ) -> None:
        """Count the entities of a batch.

        Args:
            gold: IOB2 tags of each sentence.
            predicted: IOB2 tags of the same sentences.
            confidences: One confidence from 0 to 1 per predicted entity, ordered by start.

        Raises:
            ValueError: If the lists differ in length.
        """
        rows: list[tuple[float, bool]] = []
        wanted = 0
        for gold_tags, tags, row in zip(gold, predicted, confidences, strict=True):
            right = set(entities_of(gold_tags))
            wanted += len(right)
            found = entities_of(tags)
            rows += [(c, entity in right) for c, entity in zip(row, found, strict=True)]
        binned = [[0, 0, 0] for _ in range(BINS)]
        reaching = [[0, 0] for _ in THRESHOLDS]
        squares = 0
        for confidence, is_right in rows:
            of_bin = binned[min(int(confidence * BINS), BINS - 1)]
            of_bin[0] += 1
            of_bin[1] += is_right
            of_bin[2] += round(_MILLION * confidence)
            squares += round(_BILLION * (confidence - is_right) ** 2)
            for counts, threshold in zip(reaching, THRESHOLDS, strict=True):
                if confidence >= threshold:
                    counts[0] += 1
                    counts[1] += is_right
        # Not in place: a state that was reset in inference mode can't be modified outside it.
        self.binned = self.binned + torch.tensor(binned, device=self.device)
        self.reaching = self.reaching + torch.tensor(reaching, device=self.device)
        self.totals = self.totals + torch.tensor([wanted, squares], device=self.device)

    def compute(self) -> dict[str, Tensor]:
        """Compute ``calibration_error`` and ``brier``, from 0 to 1; 0 is best."""
        self._seen = (self.binned.clone(), self.reaching.clone(), self.totals.clone())
        binned = self.binned.tolist()
        number = max(sum(entities for entities, _, _ in binned), 1)
        error = sum(abs(right - sure / _MILLION) for _, right, sure in binned) / number
        brier = int(self.totals[1]) / _BILLION / number
        return {
            name: torch.tensor(value, dtype=torch.float32, device=self.device)
            for name, value in (("calibration_error", error), ("brier", brier))
        }

    def bins(self) -> list[dict[str, float | None]]:
        """Describe each bin after `compute`: its bounds, entities, mean confidence and precision.

        The last two are ``None`` if it has no entities.
        """
        return [
            {
                "from": number / BINS,
                "to": (number + 1) / BINS,
                "entities": entities,
                "confidence": round(sure / _MILLION / entities, 6) if entities else None,
                "precision": round(right / entities, 6) if entities else None,
            }
            for number, (entities, right, sure) in enumerate(self._seen[0].tolist())
        ]

    def thresholds(self) -> list[dict[str, float]]:
        """Describe what reaches each threshold after `compute`: entities, precision and recall."""
        gold = int(self._seen[2][0])
        return [
            {
                "min_confidence": threshold,
                "entities": entities,
                "precision": round(right / entities, 6) if entities else 0.0,
                "recall": round(right / gold, 6) if gold else 0.0,
            }
            for threshold, (entities, right) in zip(THRESHOLDS, self._seen[1].tolist(), strict=True)
        ]
